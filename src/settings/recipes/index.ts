/** What `--recipe` stands for. The paper's are in src/archs/, with each network. */
import type { Architecture, Published } from '../../archs/architecture.js';
import { RECIPE_NAMES, type RecipeName } from '../../archs/recipe-names.js';
import { UsageError } from '../../errors.js';
import type { OptionName } from '../options/index.js';
import { type SettingsSource, strongest } from '../resolve.js';
import { LARGE_BATCH } from './large-batch.js';
import { QUICK } from './quick.js';
import type { Entry, NamedRecipe } from './recipe.js';
import { TORCHVISION } from './torchvision.js';
import { TORCHVISION_V2 } from './torchvision-v2.js';

export const NAMED_RECIPES: Readonly<Record<Exclude<RecipeName, 'paper'>, readonly NamedRecipe[]>> =
  {
    torchvision: TORCHVISION,
    'torchvision-v2': TORCHVISION_V2,
    'large-batch': LARGE_BATCH,
    quick: QUICK,
  };

/** Settings of a recipe in whose place another one is, once it is given. */
const INSTEAD: { readonly [option in OptionName]?: OptionName } = {
  'lr-warmup-epochs': 'lr-warmup-steps',
  'train-crop-size': 'input-size',
};

/** The settings of a recipe, weaker than all that is `given`. */
export function recipeSource(
  name: RecipeName,
  architecture: Architecture,
  given: readonly SettingsSource[],
): SettingsSource {
  const recipe = find(name, architecture);
  const entries = [...(recipe?.settings ?? []), ...scaledRate(recipe, given)].filter(([option]) => {
    const instead = INSTEAD[option];
    return instead === undefined || strongest(instead, given) === undefined;
  });
  const values = Object.fromEntries(entries.map(([option, value]) => [option, value]));
  const where = new Map(entries.map(([option, , source]) => [option, `${name}: ${source}`]));
  return { values, source: 'recipe', where: (option) => where.get(option) };
}

/** In place of the recipe's, where other batches were given. */
function scaledRate(recipe: NamedRecipe | undefined, given: readonly SettingsSource[]): Entry[] {
  if (recipe?.rate === undefined) return [];
  const { lr, batchSize, source } = recipe.rate;
  const number = (option: OptionName) => strongest(option, given)?.value as number | undefined;
  const images = (number('batch-size') ?? batchSize) * (number('grad-accum-steps') ?? 1);
  if (images === batchSize) return [];
  return [['lr', Number(((lr * images) / batchSize).toPrecision(4)), source]];
}

/** What was published of a network trained by a recipe. */
export function publishedBy(name: RecipeName, architecture: Architecture): Published | undefined {
  if (name === 'paper') return architecture.published;
  return find(name, architecture)?.published[architecture.name];
}

/** All that was published of a network, with the recipe by which it was trained. */
export function allPublished(architecture: Architecture): (Published & { recipe: RecipeName })[] {
  return RECIPE_NAMES.flatMap((recipe) => {
    const fits =
      recipe === 'paper' || NAMED_RECIPES[recipe].some(({ takes }) => takes(architecture));
    const published = fits ? publishedBy(recipe, architecture) : undefined;
    return published === undefined ? [] : [{ ...published, recipe }];
  });
}

function find(name: RecipeName, architecture: Architecture): NamedRecipe | undefined {
  if (name === 'paper') return undefined;
  const recipes = NAMED_RECIPES[name];
  const found = recipes.find(({ takes }) => takes(architecture));
  if (found !== undefined) return found;
  throw new UsageError(
    `Expected --recipe ${name} with one of ${recipes[0]?.networks} but received it with ${architecture.name}`,
  );
}
