import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../package-root.js';

/** A wnid and its words on each line; lines that begin with # say where they come from. */
const FILE = join(PACKAGE_ROOT, 'src/data/layouts/labels/imagenet-words.txt');

/** The words of each wnid of ILSVRC 2012, in their order. */
export const IMAGENET_WORDS: ReadonlyMap<string, string> = new Map(
  readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => /^n\d{8} /.test(line))
    .map((line) => [line.slice(0, 9), line.slice(10)]),
);

/** `n01440764` → `tench, Tinca tinca`; an empty text for what is no class of ILSVRC 2012. */
export function imagenetWords(wnid: string): string {
  return IMAGENET_WORDS.get(wnid) ?? '';
}
