/** What `--recipe` takes. */
export const RECIPE_NAMES = ['paper', 'torchvision', 'torchvision-v2', 'quick'] as const;

export type RecipeName = (typeof RECIPE_NAMES)[number];
