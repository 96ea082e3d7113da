import { findArchitecture } from '../archs/index.js';
import { resolveSettings } from '../settings.js';
import { preview } from '../train/preview.js';
import type { Given, Result } from './command.js';
import { givenLayers, givenValue } from './layers.js';
import { createReporter } from './progress.js';
import { required } from './require.js';

export async function runDataPreview(given: Given): Promise<Result> {
  const layers = await givenLayers('data-preview', given);
  const arch = required(givenValue(layers, 'arch'), '--arch', '--arch alexnet (see cnn archs)');
  const architecture = findArchitecture(arch);
  const { settings } = resolveSettings('data-preview', layers, architecture);
  const data = required(settings.data, '--data', '--data synthetic');
  const out = required(settings.out, '--out', '--out preview.png');
  const result = await preview(architecture, { ...settings, data, out }, createReporter());
  const { pictures, columns } = result;
  const rows = Array.from({ length: Math.ceil(pictures.length / columns) }, (_, row) =>
    pictures.slice(row * columns, (row + 1) * columns),
  );
  return {
    lines: [
      `${pictures.length} training pictures as ${architecture.name} sees them, in ${out}; by rows:`,
      ...rows.map((row) => row.map(({ label }) => label).join(' | ')),
    ],
    json: result,
  };
}
