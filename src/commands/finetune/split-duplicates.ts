/** Images that a drawn split has on both sides. */
import { availableParallelism } from 'node:os';
import { counted } from '../../counted.js';
import type { Dataset } from '../../data/dataset.js';
import { AS_PILLOW } from '../../data/decode/decode-options.js';
import { findDuplicates } from '../../data/passes/duplicates.js';
import type { Reporter } from '../../session/reporter.js';
import { printable } from '../../system/file-names.js';

/** Images that are looked through: of more it takes long, and a few copies weigh little. */
const MOST = 20_000;
const NAMED = 3;

/** Warns of copies, with which the validation measures what was learned by heart. */
export async function warnOfDuplicates(
  { train, val }: Pick<Dataset, 'train' | 'val'>,
  workers: number | null,
  reporter: Reporter,
): Promise<void> {
  if (train.images.length + val.images.length > MOST) return;
  const options = { reading: AS_PILLOW, workers: workers ?? availableParallelism() };
  const pairs = await findDuplicates(train, val, options, () => {});
  const imagesOf = (kind: string) =>
    new Set(pairs.filter((pair) => pair.kind === kind).map((pair) => pair.val)).size;
  const exact = imagesOf('exact');
  if (exact === 0) return;
  const shown = pairs.slice(0, Math.min(NAMED, exact)).map((pair) => {
    return `${printable(val.images.name(pair.val))} is ${printable(train.images.name(pair.train))}`;
  });
  const near = imagesOf('near');
  const nearly = near === 0 ? '' : ` and ${near.toLocaleString('en')} nearly so`;
  reporter.warn(
    `${counted(exact, 'validation image')} of ${val.images.length.toLocaleString('en')} ${exact === 1 ? 'is' : 'are'} among the training images${nearly} (${shown.join('; ')}): accuracies will be too high. Remove the copies, or put them into one of train/ and val/.`,
  );
}
