/**
 * The safetensors format: the length of the header as a 64-bit number, the header as JSON, the
 * tensors' bytes without gaps. https://github.com/huggingface/safetensors#format
 */
import { z } from 'zod';
import { NUMBER_BYTES, type NumberType, roomFor, toFloat32 } from './number-types.js';
import { type Contents, elements, readBytes, refuse, type WeightsSource } from './stored-tensor.js';

/** Room for the names of 20,000 tensors; what a file claims beyond that is not read. */
const MAX_HEADER_BYTES = 2 ** 21;
const MAX_RANK = 8;

const TYPES: ReadonlyMap<string, NumberType> = new Map([
  ['F16', 'f16'],
  ['BF16', 'bf16'],
  ['F32', 'f32'],
  ['F64', 'f64'],
  ['I64', 'i64'],
]);

const size = z.int().min(0);
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(size).max(MAX_RANK),
  data_offsets: z.tuple([size, size]),
});
const metadataSchema = z.record(z.string(), z.string());
const one = z.number();
const coloursSchema = z.union([z.tuple([one]), z.tuple([one, one, one])]);

interface Entry {
  readonly name: string;
  readonly type: NumberType;
  readonly shape: readonly number[];
  /** In bytes from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/** Reads the header of a safetensors file and checks that it accounts for every byte. */
export async function readSafetensors(source: WeightsSource): Promise<Contents> {
  const { start, header } = await readHeader(source);
  const { __metadata__: metadata, ...fields } = header;
  const entries = Object.entries(fields).map(([name, field]) => entryOf(source, name, field));
  checkCoverage(source, entries, source.size - start);
  const tensors = entries.map(({ name, type, shape, begin }) => {
    const read = async () => {
      const bytes = roomFor(type, elements(shape));
      await readBytes(source, start + begin, bytes);
      return toFloat32(type, bytes);
    };
    return [name, { shape, read }] as const;
  });
  const classes = listIn(source, metadata, 'classes', z.array(z.string()).min(1));
  const mean = listIn(source, metadata, 'mean', coloursSchema);
  const std = listIn(source, metadata, 'std', coloursSchema);
  return {
    tensors: new Map(tensors),
    ...(classes && { classes }),
    ...(mean && std && { colours: { mean, std } }),
  };
}

async function readHeader(source: WeightsSource) {
  const { path, size: fileBytes } = source;
  const prefix = Buffer.alloc(8);
  await readBytes(source, 0, prefix);
  const length = prefix.readBigUInt64LE();
  if (length > MAX_HEADER_BYTES || Number(length) > fileBytes - 8) {
    throw refuse(
      path,
      `its header claims ${length} bytes of a file of ${fileBytes}; at most ${MAX_HEADER_BYTES} are read`,
    );
  }
  const bytes = Buffer.alloc(Number(length));
  await readBytes(source, 8, bytes);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refuse(path, `its header is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw refuse(path, 'its header is not a JSON object');
  }
  return { start: 8 + Number(length), header: header as Record<string, unknown> };
}

function entryOf({ path }: WeightsSource, name: string, field: unknown): Entry {
  const result = entrySchema.safeParse(field);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = [`tensor "${name}"`, ...(issue?.path ?? [])].join(', ');
    throw refuse(path, `${where}: ${issue?.message}`);
  }
  const { dtype, shape, data_offsets: offsets } = result.data;
  const type = TYPES.get(dtype);
  if (type === undefined) {
    const known = [...TYPES.keys()].join(', ');
    throw refuse(path, `tensor "${name}" has numbers of type ${dtype}; expected one of ${known}`);
  }
  const [begin, end] = offsets;
  const bytes = elements(shape) * NUMBER_BYTES[type];
  if (end - begin !== bytes) {
    const shown = `(${shape.join(', ')}) in ${dtype}`;
    throw refuse(
      path,
      `tensor "${name}" of ${shown} takes ${bytes} bytes but has ${end - begin}, from ${begin} to ${end}`,
    );
  }
  return { name, type, shape, begin, end };
}

/**
 * The tensors follow each other without gaps and end with the file, so that none overlaps or is
 * missing.
 */
function checkCoverage(
  { path }: WeightsSource,
  entries: readonly Entry[],
  dataBytes: number,
): void {
  let covered = 0;
  for (const { name, begin, end } of entries.toSorted(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== covered) {
      const what = begin < covered ? 'overlaps the one before it' : 'leaves a gap before it';
      throw refuse(path, `tensor "${name}" ${what}: it begins at ${begin}, expected ${covered}`);
    }
    covered = end;
  }
  if (covered === dataBytes) return;
  const what = covered < dataBytes ? 'too long' : 'cut short';
  throw refuse(path, `it is ${what}: its tensors take ${covered} bytes and it has ${dataBytes}`);
}

/** A list that our own files carry as JSON; undefined where there is none. */
function listIn<T>(
  { path }: WeightsSource,
  metadata: unknown,
  name: string,
  schema: z.ZodType<T>,
): T | undefined {
  if (metadata === undefined) return undefined;
  const texts = metadataSchema.safeParse(metadata);
  if (!texts.success) throw refuse(path, '__metadata__ of its header is not a map of texts');
  const text = texts.data[name];
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const what = name === 'classes' ? 'a list of names' : 'one number or three';
    throw refuse(path, `"${name}" of its __metadata__ is not ${what}`, { cause: error });
  }
}
