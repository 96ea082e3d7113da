/** What `--recipe` takes. */
export const RECIPE_NAMES = [
  'paper',
  'torchvision',
  'torchvision-v2',
  'large-batch',
  'quick',
] as const;

export type RecipeName = (typeof RECIPE_NAMES)[number];
