import type { Published } from '../archs/index.js';
import { RECIPE_NAMES } from '../archs/recipe-names.js';
import { catalogue } from '../data/catalogue/catalogue.js';
import { publishedBy } from '../settings/recipes/index.js';
import type { ReportedRun } from './runs.js';

/**
 * What was published of the network of a run by its recipe, if it may have seen the same images: the
 * set of that name, or where the data is somebody's own directory one of as many classes.
 */
export function publishedFor({
  record,
  architecture,
}: Pick<ReportedRun, 'record' | 'architecture'>): Published | undefined {
  if (architecture === undefined) return undefined;
  const recipe = RECIPE_NAMES.find((name) => name === record.settings.recipe?.value) ?? 'paper';
  const published = publishedBy(recipe, architecture);
  const { name, classes } = record.data;
  const known = catalogue.some((source) => source.name === name);
  const fits = known
    ? published?.protocol.toLowerCase().startsWith(`${name} `)
    : classes.length === architecture.classes;
  return fits ? published : undefined;
}
