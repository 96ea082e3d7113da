/** The settings of a new training. */
import type { Architecture } from '../archs/index.js';
import type { RecipeName } from '../archs/recipe-names.js';
import { checkTogether } from './conflicts.js';
import { givenValue } from './given.js';
import type { OptionName } from './options/index.js';
import { recipeSource } from './recipes/index.js';
import { type Resolved, resolveSettings, type SettingsSource, strongest } from './resolve.js';

/**
 * Joins what was given, weakest first, over what the program has `chosen` and the recipe that it names. Throws a UsageError where
 * settings make no sense together.
 */
export function resolveTraining(
  architecture: Architecture,
  sources: readonly SettingsSource[],
  chosen: SettingsSource = { values: {}, source: 'recipe' },
): Resolved<'train'> {
  const recipe = givenRecipe(sources, architecture, sources);
  const resolved = resolveSettings('train', [recipe, chosen, ...sources], architecture);
  checkTogether(resolved.settings, isGiven(sources), architecture);
  return resolved;
}

/** The settings of the recipe that `sources` name; `given` are those of this start of the program. */
export function givenRecipe(
  sources: readonly SettingsSource[],
  architecture: Architecture,
  given: readonly SettingsSource[],
): SettingsSource {
  const name = (givenValue(sources, 'recipe') ?? 'paper') as RecipeName;
  return recipeSource(name, architecture, given);
}

export function isGiven(sources: readonly SettingsSource[]): (option: OptionName) => boolean {
  return (option) => strongest(option, sources) !== undefined;
}
