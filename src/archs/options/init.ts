import type { ArchOption } from './table.js';

/** For networks whose paper draws weights of a fixed deviation. */
export const INIT = {
  about:
    'initial weights of hidden layers: of the deviations of the source, or He’s, for other widths and sizes of images',
  values: ['source', 'he'],
  default: 'source',
} as const satisfies ArchOption;
