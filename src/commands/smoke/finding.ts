import type { Smoke } from './smoke.js';

/** What came of a network; what ended its process is the problem of its training. */
export type Finding = Pick<Smoke, 'arch' | 'checks'> &
  Partial<Smoke> & { readonly cpuSeconds?: number };
