import { printable } from '../../system/file-names.js';
import type { DatasetIndex, IndexedSplit } from '../indexed-dataset.js';
import { withFile } from '../layouts/byte-source.js';
import { isSound, recordsIn } from '../layouts/containers/tfrecord/records.js';
import { TFRECORD_LAYOUT } from '../layouts/containers/tfrecord/tfrecord.js';

/** The images of a split whose TFRecords do not fit their checksums, by their names. */
export async function damagedRecords(
  { layout }: DatasetIndex,
  { images }: IndexedSplit,
): Promise<ReadonlySet<string>> {
  const damaged = new Set<string>();
  if (layout !== TFRECORD_LAYOUT) return damaged;
  for (const { path, inside, unpacked } of images.columns.places) {
    // Those in tar files were checked when they were indexed.
    if (inside !== '') continue;
    await withFile(unpacked ?? path, undefined, async (source) => {
      let number = 0;
      for await (const record of recordsIn(source, printable(path))) {
        if (!isSound(source, record)) damaged.add(`${printable(path)}:${number}`);
        number++;
      }
    });
  }
  return damaged;
}
