/**
 * Samples of WebDataset: files of a tar file that follow each other and share their name up to the
 * first dot. https://github.com/webdataset/webdataset
 */

import { imagesAmong } from '../folder.js';
import type { Archive } from './archive.js';
import type { Member } from './tar.js';

/** Files that are looked at to tell a shard from another tar file. */
export const SAMPLE_FILES = 32;
const LABEL_ENDING = /(^|\.)(cls|json)$/;

export interface Sample {
  readonly key: string;
  /** Its files by their ending in lower case. */
  readonly parts: Map<string, Member>;
}

/** Whether a tar file holds samples of images with a .cls or .json file beside each. */
export async function isShard(archive: Archive): Promise<boolean> {
  for (const sample of samplesOf(await archive.members(SAMPLE_FILES))) {
    const labelled = [...sample.parts.keys()].some((ending) => LABEL_ENDING.test(ending));
    if (labelled && imagesOf(sample).length > 0) return true;
  }
  return false;
}

export function* samplesOf(members: readonly Member[]): Generator<Sample> {
  let sample: Sample | undefined;
  for (const member of members) {
    const match = /^((?:.*\/)?[^/.]+)\.([^/]*)$/.exec(member.path);
    if (match === null) continue;
    const [, key = '', ending = ''] = match;
    if (sample !== undefined && sample.key !== key) yield sample;
    if (sample?.key !== key) sample = { key, parts: new Map() };
    sample.parts.set(ending.toLowerCase(), member);
  }
  if (sample !== undefined) yield sample;
}

/** The endings of the images of a sample. */
export function imagesOf({ parts }: Sample): string[] {
  return [...parts.keys()].filter((ending) => imagesAmong([`.${ending}`]).length > 0);
}

/** The file with an ending, or else the only one whose ending of several words is closed by it. */
export function partOf({ parts }: Sample, ending: string): Member | undefined {
  const plain = parts.get(ending);
  if (plain !== undefined) return plain;
  const longer = [...parts.keys()].filter((name) => name.endsWith(`.${ending}`));
  return longer.length === 1 ? parts.get(longer[0] as string) : undefined;
}
