import { describeContent } from '../../system/file-content.js';

/**
 * The formats of images that are read: those that torchvision's ImageFolder looks for, and GIF.
 * Every list of endings or formats comes from here.
 */
interface Format {
  readonly name: string;
  /** Endings of file names, the usual one first. */
  readonly endings: readonly string[];
  /** The first bytes of such a file, as Latin-1. */
  readonly start: RegExp;
}

const FORMATS: readonly Format[] = [
  { name: 'JPEG', endings: ['.jpg', '.jpeg', '.jfif'], start: /^\xff\xd8\xff/ },
  { name: 'PNG', endings: ['.png'], start: /^\x89PNG\r\n/ },
  { name: 'WebP', endings: ['.webp'], start: /^RIFF.{4}WEBP/s },
  { name: 'GIF', endings: ['.gif'], start: /^GIF8[79]a/ },
  { name: 'BMP', endings: ['.bmp'], start: /^BM/ },
  { name: 'TIFF', endings: ['.tif', '.tiff'], start: /^(II[*+]\0|MM\0[*+])/ },
  { name: 'PNM', endings: ['.ppm', '.pgm', '.pbm', '.pnm'], start: /^P[1-6][\s#]/ },
];

/** Every ending of a file name that is one of an image, with its point. */
export const IMAGE_ENDINGS: readonly string[] = FORMATS.flatMap(({ endings }) => endings);

/** The same for messages: ".jpg, .jpeg, … or .pnm". */
export const IMAGE_ENDINGS_TEXT = inWords(IMAGE_ENDINGS);

/** The names of the formats for messages: "JPEG, PNG, … or PNM". */
export const IMAGE_FORMATS_TEXT = inWords(FORMATS.map(({ name }) => name));

/** Whether a file is an image by the ending of its name. */
export function isImageName(name: string): boolean {
  const lower = name.toLowerCase();
  return IMAGE_ENDINGS.some((ending) => lower.endsWith(ending));
}

/**
 * Throws unless bytes begin as an image of one of the formats does, whatever the name of the file.
 */
export function checkFormat(bytes: Buffer): void {
  if (bytes.length === 0) throw new Error('the file is empty');
  const begin = bytes.toString('latin1', 0, 16);
  if (FORMATS.some(({ start }) => start.test(begin))) return;
  const kind = describeContent(bytes);
  const found = kind === undefined ? '' : ` but ${kind.what}`;
  throw new Error(
    `unsupported format: expected the content of a ${IMAGE_FORMATS_TEXT} file${found}`,
  );
}

function inWords(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
