import { type Architecture, findArchitecture, withOptions } from '../archs/index.js';
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
