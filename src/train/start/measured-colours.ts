import type { Dataset } from '../../data/dataset.js';
import { type ColourStatistics, readStatistics } from '../../data/passes/statistics.js';
import { UsageError } from '../../errors.js';
import type { TrainRequest } from './request.js';

/** What `cnn data stats` measured. Throws a UsageError where it has not been run. */
export async function requiredStatistics(
  data: string,
  { fingerprint }: Pick<Dataset, 'fingerprint'>,
): Promise<ColourStatistics> {
  const measured = await readStatistics(fingerprint);
  if (measured !== undefined) return measured;
  throw new UsageError(
    `--stats dataset needs statistics of ${data}: run "cnn data stats --data ${data}" first, with the same images (--val-fraction, --subset, --classes, --seed)`,
  );
}

/**
 * A recipe with this deviation keeps colours at 0 to 255, the range for which its initial weights
 * were chosen.
 */
const GREY_LEVELS = 1 / 255;

/**
 * With `--stats dataset`, the request with the mean, deviation and principal colours that `cnn data
 * stats` measured; what was given as a flag stays. A resumed run has them already.
 */
export async function withStatistics(
  request: TrainRequest,
  dataset: Pick<Dataset, 'fingerprint'>,
): Promise<TrainRequest> {
  const { settings, provenance, data, resume, architecture } = request;
  if (settings.stats === 'recipe' || resume !== undefined) return request;
  const measured = await requiredStatistics(data, dataset);
  const keepStd = architecture.recipe.std.every((std) => std === GREY_LEVELS);
  const names = (keepStd ? ['mean'] : ['mean', 'std']).filter(
    (name): name is 'mean' | 'std' => provenance[name as 'mean' | 'std']?.source === 'recipe',
  );
  const values = Object.fromEntries(names.map((name) => [name, measured[name]]));
  const entries = names.map((name) => [name, { value: measured[name], source: 'dataset' }]);
  return {
    ...request,
    settings: { ...settings, ...values },
    provenance: { ...provenance, ...Object.fromEntries(entries) },
    principalColours: measured.principal,
  };
}
