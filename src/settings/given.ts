import type { Given } from '../commands/command.js';
import type { CommandName } from './options.js';
import { configValues, flagValues, type Layer } from './resolve.js';

/** The settings that someone gave: those of `--config FILE`, then the flags. */
export async function givenLayers(command: CommandName, given: Given): Promise<Layer[]> {
  const { config } = given;
  const layers: Layer[] = [{ values: flagValues(command, given), source: 'flag' }];
  if (typeof config === 'string') {
    layers.unshift({ values: await configValues(command, config), source: 'config' });
  }
  return layers;
}

/** The text of one option in the layers, the strongest first. */
export function givenValue(layers: readonly Layer[], name: keyof Layer['values']): string | null {
  const value = strongest(layers, name);
  return typeof value === 'string' ? value : null;
}

/** The same of an option that is a number. */
export function givenNumber(layers: readonly Layer[], name: keyof Layer['values']): number | null {
  const value = strongest(layers, name);
  return typeof value === 'number' ? value : null;
}

function strongest(layers: readonly Layer[], name: keyof Layer['values']) {
  return layers.findLast(({ values }) => (values[name] ?? null) !== null)?.values[name];
}
