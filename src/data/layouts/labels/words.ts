import { nameKey } from '../../../system/file-names.js';
import { linesOf } from '../../../system/text.js';
import { type Opened, readText } from '../opened.js';
import { readMeta } from './devkit.js';
import { imagenetWords } from './imagenet-words.js';

/** Files with lines of a class and its words: Kaggle's, Caffe's, Tiny ImageNet's and like ones. */
const MAPPINGS = ['LOC_synset_mapping.txt', 'synset_words.txt', 'words.txt', 'class_names.txt'];

/**
 * What people call each class: from a mapping file of the dataset, else from its devkit, else the
 * words of ILSVRC's wnids. An empty text where nothing says.
 */
export function wordsOf(classes: readonly string[], places: readonly Opened[]): string[] {
  const own = mappingFile(places) ?? devkitWords(places);
  return classes.map((name) => own?.get(nameKey(name)) ?? imagenetWords(name));
}

function mappingFile(places: readonly Opened[]): Map<string, string> | undefined {
  for (const place of places) {
    const name = MAPPINGS.find((file) => place.contents.files.includes(file));
    if (name === undefined) continue;
    return new Map(
      linesOf(readText(place, name)).map((line) => {
        const separator = ['\t', ';', ','].find((character) => {
          return line.includes(character) && !/\s/.test(line.split(character)[0] ?? '');
        });
        const at = line.search(separator === undefined ? /\s/ : separator);
        return at < 0
          ? [nameKey(line), '']
          : [nameKey(line.slice(0, at)), line.slice(at + 1).trim()];
      }),
    );
  }
  return undefined;
}

function devkitWords(places: readonly Opened[]): Map<string, string> | undefined {
  for (const place of places) {
    const synsets = readMeta(place);
    if (synsets !== undefined) return new Map(synsets.map(({ wnid, words }) => [wnid, words]));
  }
  return undefined;
}
