import type { Colours } from '../colours.js';
import { elements } from './stored-tensor.js';

/** A float32 tensor to be written; its values are read when they are written. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

/**
 * A safetensors file in parts: the header, then the tensors one by one. The names of the classes and
 * the mean and deviation of the colours, if they are known, are kept as JSON lists beside the metadata
 * that PyTorch's files have.
 */
export async function* safetensorsParts(
  tensors: readonly NamedTensor[],
  classes?: readonly string[],
  colours?: Colours,
): AsyncGenerator<Uint8Array> {
  const lists = Object.entries({ classes, mean: colours?.mean, std: colours?.std });
  const known = lists.filter(([, list]) => list !== undefined);
  const texts = Object.fromEntries(known.map(([name, list]) => [name, JSON.stringify(list)]));
  const metadata = { format: 'pt', ...texts };
  let end = 0;
  const fields = tensors.map(({ name, shape }) => {
    const begin = end;
    end += 4 * elements(shape);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(fields) });
  const text = Buffer.from(json);
  // Spaces, so that the numbers begin at a multiple of eight bytes.
  const header = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  yield length;
  yield header;
  for (const { read } of tensors) {
    const { buffer, byteOffset, byteLength } = await read();
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}
