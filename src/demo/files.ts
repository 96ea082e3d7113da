/** The files of a page that shows a network: weights that do not fit into it are beside it. */
import { DataError } from '../errors.js';
import { writeNewDirectory } from '../system/new-directory.js';
import { demoPage } from './html.js';
import type { ModelJson } from './page/messages.js';
import type { ModelFiles } from './source.js';

/** Of weights that are in the page: a browser takes a second for more. */
const MOST_INLINE_BYTES = 16 * 2 ** 20;

export interface DemoOptions {
  /** Photographs are turned upright by their EXIF orientation. */
  readonly exifRotate: boolean;
}

/** Names and contents, index.html last. */
type DemoFile = readonly [name: string, content: Uint8Array];
export type DemoFiles = Iterable<DemoFile>;

/** Made as they are asked for. */
export function* demoFiles(model: ModelFiles, { exifRotate }: DemoOptions): Generator<DemoFile> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  const files: string[] = [];
  for (const [name, content] of model) {
    if (name === 'model.json') {
      const json = JSON.parse(Buffer.from(content).toString()) as ModelJson;
      const settings = { bytes, files, exifRotate };
      const weights = Buffer.concat(held).toString('base64');
      yield ['index.html', Buffer.from(demoPage(json, settings, weights))];
      return;
    }
    bytes += content.length;
    held.push(content);
    if (bytes <= MOST_INLINE_BYTES) continue;
    for (const part of held) {
      files.push(`weights-${files.length + 1}.js`);
      yield [files.at(-1) as string, scriptOf(part)];
    }
    held = [];
  }
  throw new DataError('The exported network has no model.json');
}

/** Writes the page to a new directory; says how large it is, and how many files are beside it. */
export async function writeDemo(
  files: DemoFiles,
  out: string,
): Promise<{ bytes: number; beside: number }> {
  const sizes: number[] = [];
  const counted = function* () {
    for (const file of files) {
      sizes.push(file[1].length);
      yield file;
    }
  };
  await writeNewDirectory(out, '--out', counted());
  return { bytes: sizes.reduce((total, size) => total + size, 0), beside: sizes.length - 1 };
}

/** A browser loads scripts from a disk, and nothing else. */
function scriptOf(content: Uint8Array): Buffer {
  return Buffer.from(`cnnWeights("${Buffer.from(content).toString('base64')}")\n`);
}
