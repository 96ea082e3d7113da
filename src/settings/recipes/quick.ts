/**
 * A short run, to see a network learn: one cycle of the learning rate (Smith and Topin,
 * "Super-Convergence", 2017) over a tenth to a quarter of the usual epochs. It is of this project, and
 * nothing was published about it.
 */
import { type Entry, isForImageNet, type NamedRecipe } from './recipe.js';

const SUPER_CONVERGENCE = 'Smith and Topin, 2017';
const OURS = 'of this project';

const CYCLE: readonly Entry[] = [
  ['lr-scheduler', 'onecycle', SUPER_CONVERGENCE],
  ['lr-warmup-steps', 0, `${SUPER_CONVERGENCE}: the cycle begins low`],
];

export const QUICK: readonly NamedRecipe[] = [
  {
    networks: 'all networks',
    takes: isForImageNet,
    settings: [...CYCLE, ['epochs', 16, OURS]],
    published: {},
  },
  {
    networks: 'all networks',
    takes: ({ size, classes }) => classes !== 1000 && size === 32,
    settings: [...CYCLE, ['epochs', 24, OURS]],
    published: {},
  },
  {
    networks: 'all networks',
    takes: ({ size, classes }) => classes !== 1000 && size !== 32,
    settings: [...CYCLE, ['epochs', 4, OURS]],
    published: {},
  },
];
