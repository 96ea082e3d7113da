import { writeFile } from 'node:fs/promises';
import '@tensorflow/tfjs-backend-cpu';
import { type Architecture, withoutDrawing } from '../../src/archs/index.js';
import { placesOf } from '../../src/weights/mapping.js';
import { safetensors } from '../weights/files.js';
import { hashedTensor } from './hash.js';

/**
 * Writes a safetensors file of a network's hashed weights under torchvision's names and returns the
 * numbers of each tensor.
 */
export async function writeHashedWeights(
  path: string,
  architecture: Architecture,
  classes: number,
): Promise<Map<string, Float32Array>> {
  const { size, channels } = architecture;
  const options = { classes, size, channels, seed: 0, auxiliary: false };
  const net = withoutDrawing(() => architecture.build(options));
  const header: Record<string, object> = {};
  const numbers = new Map<string, Float32Array<ArrayBuffer>>();
  let end = 0;
  for (const { name, shape } of placesOf(net, architecture)) {
    const values = await hashedTensor(name, shape).read();
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
    numbers.set(name, values);
  }
  net.dispose();
  const data = Buffer.concat([...numbers.values()].map(({ buffer }) => new Uint8Array(buffer)));
  await writeFile(path, safetensors(header, data));
  return numbers;
}
