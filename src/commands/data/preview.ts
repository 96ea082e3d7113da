import { findArchitecture } from '../../archs/index.js';
import type { Given } from '../../settings/given.js';
import { givenSources, givenValue } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { createReporter } from '../../terminal/progress.js';
import { preview } from '../../train/preview/preview.js';
import type { Result } from '../command.js';
import { required } from '../require.js';

export async function runDataPreview(given: Given): Promise<Result> {
  const sources = await givenSources('data-preview', given);
  const arch = required(givenValue(sources, 'arch'), '--arch', '--arch alexnet (see cnn archs)');
  const architecture = findArchitecture(arch);
  const { settings } = resolveSettings('data-preview', sources, architecture);
  const data = required(settings.data, '--data', '--data synthetic');
  const out = required(settings.out, '--out', '--out preview.png');
  const result = await preview(architecture, { ...settings, data, out }, createReporter());
  const { images, columns } = result;
  const rows = Array.from({ length: Math.ceil(images.length / columns) }, (_, row) =>
    images.slice(row * columns, (row + 1) * columns),
  );
  return {
    lines: [
      `${images.length} training images as ${architecture.name} sees them, in ${out}; by rows:`,
      ...rows.map((row) => row.map(({ label }) => label).join(' | ')),
    ],
    json: result,
  };
}
