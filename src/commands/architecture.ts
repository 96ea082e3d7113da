import { type Architecture, findArchitecture, withOptions } from '../archs/index.js';
import { UsageError } from '../errors.js';
import { givenTexts, givenValue } from '../settings/given.js';
import type { SettingsSource } from '../settings/resolve.js';
import { required } from './require.js';

/** The network that the settings name, with its options. */
export function givenArchitecture(
  sources: readonly SettingsSource[],
  example: string,
): Architecture {
  const name = required(givenValue(sources, 'arch'), '--arch', example);
  return withOptions(findArchitecture(name), givenTexts(sources, 'arch-options'));
}

/** Throws a UsageError where somebody asked for heads that a network does not have. */
export function checkAuxiliary(architecture: Architecture, auxiliary: boolean): void {
  if (!auxiliary || architecture.auxiliary !== undefined) return;
  throw new UsageError(`${architecture.name} has no classifiers for --auxiliary to add`);
}
