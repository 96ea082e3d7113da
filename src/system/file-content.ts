/** What the first bytes of a file say that it is, where its name says otherwise. */
import { DataError } from '../errors.js';

interface Kind {
  /** The first bytes as hexadecimal digits, or a pattern for them as Latin-1. */
  readonly start: string | RegExp;
  readonly what: string;
  readonly advice: string;
}

const FETCH = 'fetch it again';
const UNPACK = (command: string) => `unpack it first (${command})`;
// biome-ignore format: a table
const KINDS: readonly Kind[] = [
  { start: '1f8b',         what: 'it is compressed with gzip',     advice: UNPACK('gunzip') },
  { start: '425a68',       what: 'it is compressed with bzip2',    advice: UNPACK('bunzip2') },
  { start: 'fd377a585a00', what: 'it is compressed with xz',       advice: UNPACK('unxz') },
  { start: '28b52ffd',     what: 'it is compressed with zstd',     advice: UNPACK('unzstd') },
  { start: '04224d18',     what: 'it is compressed with lz4',      advice: UNPACK('unlz4') },
  { start: '1f9d',         what: 'it is compressed with compress', advice: UNPACK('uncompress') },
  { start: '504b0304',     what: 'it is a ZIP archive, as workbooks of spreadsheets are too', advice: UNPACK('unzip') },
  { start: '504b0506',     what: 'it is an empty ZIP archive',     advice: FETCH },
  { start: '377abcaf271c', what: 'it is a 7-Zip archive',          advice: UNPACK('7z x') },
  { start: '526172211a07', what: 'it is a RAR archive',            advice: UNPACK('unrar x') },
  { start: 'ffd8ff',       what: 'it is a JPEG image',             advice: 'rename it' },
  { start: '89504e470d0a', what: 'it is a PNG image',              advice: 'rename it' },
  { start: '894844460d0a', what: 'it is an HDF5 file',             advice: FETCH },
  { start: 'd0cf11e0a1b1', what: 'it is an old workbook of a spreadsheet', advice: 'save it as CSV' },
  { start: /^version https:\/\/git-lfs/, what: 'it is a pointer of Git LFS', advice: 'fetch what it points to with git lfs pull' },
  { start: /^.{0,3}\s*<(!doctype html|html|head)/is, what: 'it is a web page', advice: `its download failed, ${FETCH}` },
  { start: /^.{0,3}\s*<(\?xml|svg)/is, what: 'it is an XML document', advice: FETCH },
  { start: /^.{257}ustar/s, what: 'it is a tar file',              advice: UNPACK('tar xf') },
];
/** The bytes that `describeContent` looks at. */
export const CONTENT_BYTES = 512;

/** What a file is by its first bytes and what to do then; undefined if they do not say. */
export function describeContent(bytes: Buffer): Pick<Kind, 'what' | 'advice'> | undefined {
  const start = bytes.subarray(0, CONTENT_BYTES);
  if (start.length === 0) return { what: 'it is empty', advice: FETCH };
  if (start.every((byte) => byte === 0)) {
    return { what: 'it holds zeros, as after a download that was interrupted', advice: FETCH };
  }
  const [digits, text] = [start.toString('hex'), start.toString('latin1')];
  return KINDS.find((kind) => {
    return typeof kind.start === 'string' ? digits.startsWith(kind.start) : kind.start.test(text);
  });
}

/** The error for a file that is not `expected`, "a tar file"; `bytes` are its first ones. */
export function notWhatItsNameSays(path: string, expected: string, bytes: Buffer): DataError {
  const kind = describeContent(bytes);
  if (kind !== undefined) {
    return new DataError(`${path} is not ${expected}: ${kind.what}; ${kind.advice}.`);
  }
  return new DataError(
    `${path} is not ${expected}. Compare its size and checksum with the original.`,
  );
}
