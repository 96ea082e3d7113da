/**
 * Where the images of a Parquet file are: each is a value of a column of bytes, in a page that may
 * be compressed. Images of pages that are not are given by their own place in the file.
 * https://parquet.apache.org/docs/file-format/
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ColumnMetaData, FileMetaData, PageHeader } from 'hyparquet';
import { type Block, CODECS } from '../../../dataset.js';
import { inflateBlock } from '../../../decode/read-block.js';
import type { ByteSource } from '../../byte-source.js';
import type { Hyparquet } from './hyparquet.js';

/** Where the bytes of a value are: in the file, or in the content of a block of it. */
export interface ValuePlace {
  readonly block?: Block | undefined;
  readonly offset: number;
  readonly size: number;
}

/** Headers of pages may hold the least and the greatest value, which are images here. */
const HEADER_BYTES = [4096, 2 ** 20, 2 ** 25];
const MOST_PAGE_BYTES = 256 * 2 ** 20;

type Decoder = Parameters<Hyparquet['readDataPage']>[2];

/** What the pages of a column are read with. */
interface Reading {
  readonly library: Hyparquet;
  readonly source: ByteSource;
  readonly decoder: Decoder;
}

/** A page without its compression. */
interface Page {
  readonly content: Buffer;
  /** Places of what `content` holds count from here: in the file, or in the block. */
  readonly block: Block | undefined;
  readonly start: number;
}

/** The places of all values of a column of bytes, row by row; undefined for a row without one. */
export async function* valuePlaces(
  library: Hyparquet,
  source: ByteSource,
  { schema, row_groups }: FileMetaData,
  path: readonly string[],
): AsyncGenerator<ValuePlace | undefined> {
  const schemaPath = library.getSchemaPath(schema, [...path]);
  const element = schemaPath.at(-1)?.element;
  for (const { columns } of row_groups) {
    const column = columns.find(({ meta_data }) => {
      return meta_data?.path_in_schema.join('\0') === path.join('\0');
    })?.meta_data;
    if (column === undefined || element === undefined)
      throw new Error('a row group lacks a column');
    const { type, codec } = column;
    const decoder = {
      pathInSchema: [...path],
      type,
      element,
      schemaPath,
      codec,
      parsers: undefined,
    };
    yield* chunkPlaces({ library, source, decoder: decoder as unknown as Decoder }, column);
  }
}

async function* chunkPlaces(
  reading: Reading,
  column: ColumnMetaData,
): AsyncGenerator<ValuePlace | undefined> {
  const { source } = reading;
  const first = Number(column.dictionary_page_offset ?? 0) || Number(column.data_page_offset);
  let at = source.start + first;
  const end = at + Number(column.total_compressed_size);
  let left = Number(column.num_values);
  let dictionary: ValuePlace[] = [];
  while (left > 0) {
    await nextTurn();
    const { header, bytes: headerBytes } = headerAt(reading, at, end);
    const body = at + headerBytes;
    at = body + header.compressed_page_size;
    if (!(header.compressed_page_size >= 0) || at > end)
      throw new Error('a page ends after its column');
    if (header.type === 'DICTIONARY_PAGE') {
      const count = header.dictionary_page_header?.num_values ?? 0;
      const page = await pageAt(reading, body, header, 0, true);
      dictionary = plainPlaces(reading, page, count);
      continue;
    }
    if (header.type !== 'DATA_PAGE' && header.type !== 'DATA_PAGE_V2') continue;
    const { num_values: count = 0 } = header.data_page_header_v2 ?? header.data_page_header ?? {};
    if (!(count > 0 && count <= left)) throw new Error('a page has too many values');
    const places = await dataPlaces(reading, body, header, dictionary);
    left -= places.length;
    yield* places;
  }
}

/** The header of the page at a position. */
function headerAt(
  { library, source }: Reading,
  at: number,
  end: number,
): { header: PageHeader; bytes: number } {
  let problem: unknown = new Error('a column ends early');
  for (const most of HEADER_BYTES) {
    if (at >= end || end > source.end) break;
    const bytes = source.read(at, Math.min(most, end - at));
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 };
    try {
      return { header: library.parquetHeader(reader), bytes: reader.offset };
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

/** The body of a page; the first bytes of it, `levels`, are never compressed. */
async function pageAt(
  { source, decoder: { codec } }: Reading,
  body: number,
  { compressed_page_size: length, uncompressed_page_size: size }: PageHeader,
  levels: number,
  isCompressed: boolean,
): Promise<Page> {
  if (length > MOST_PAGE_BYTES || size > MOST_PAGE_BYTES || levels > length || levels > size) {
    throw new Error('the sizes of a page are wrong');
  }
  const bytes = source.read(body, length);
  if (!isCompressed || codec === 'UNCOMPRESSED') {
    return { content: bytes, block: undefined, start: body };
  }
  const known = CODECS.find((name) => name === codec);
  if (known === undefined) throw new Error(`its compression ${codec} is not read`);
  const block = {
    offset: body + levels,
    length: length - levels,
    codec: known,
    size: size - levels,
  };
  const head = Buffer.from(bytes.subarray(0, levels));
  const content = await inflateBlock(bytes.subarray(levels), block);
  return {
    content: levels === 0 ? content : Buffer.concat([head, content]),
    block,
    start: -levels,
  };
}

async function dataPlaces(
  reading: Reading,
  body: number,
  header: PageHeader,
  dictionary: readonly ValuePlace[],
): Promise<(ValuePlace | undefined)[]> {
  const { library, decoder } = reading;
  const v2 = header.data_page_header_v2;
  const levels = v2 ? v2.repetition_levels_byte_length + v2.definition_levels_byte_length : 0;
  const page = await pageAt(reading, body, header, levels, v2?.is_compressed ?? true);
  const plain = { ...decoder, codec: 'UNCOMPRESSED' } as const;
  const about = v2 ?? header.data_page_header;
  if (about === undefined) throw new Error('a page lacks its header');
  const { dataPage, definitionLevels } = v2
    ? library.readDataPageV2(page.content, header, plain)
    : library.readDataPage(
        page.content,
        about as NonNullable<PageHeader['data_page_header']>,
        plain,
      );
  const values = Array.from(dataPage as ArrayLike<unknown>, (value) => {
    return typeof value === 'number' ? dictionary[value] : placeOf(page, value);
  });
  if (values.includes(undefined)) throw new Error('a page refers to what its dictionary lacks');
  const most = library.getMaxDefinitionLevel(decoder.schemaPath);
  if (!definitionLevels || definitionLevels.length === 0) return values;
  let next = 0;
  return definitionLevels.map((level) => (level === most ? values[next++] : undefined));
}

function plainPlaces({ library }: Reading, page: Page, count: number): ValuePlace[] {
  const { content } = page;
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  if (count > content.length) throw new Error('a dictionary has too many values');
  const values = library.readPlain({ view, offset: 0 }, 'BYTE_ARRAY', count, undefined);
  return Array.from(values as ArrayLike<unknown>, (value) => placeOf(page, value));
}

function placeOf({ content, block, start }: Page, value: unknown): ValuePlace {
  if (!(value instanceof Uint8Array) || value.buffer !== content.buffer) {
    throw new Error('its encoding is not read');
  }
  const at = value.byteOffset - content.byteOffset;
  if (at < 0 || at + value.length > content.length) throw new Error('a value ends after its page');
  return { block, offset: start + at, size: value.length };
}
