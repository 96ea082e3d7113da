/** Settings of experiments of many runs. */
import type { Row } from './row.js';

export const EXPERIMENTS = {
  file: {
    group: 'experiments',
    kind: 'text',
    default: 'experiment.yaml',
    help: 'name of the experiment file in the directory',
  },
  only: {
    group: 'experiments',
    kind: 'text',
    many: true,
    default: null,
    auto: 'all',
    help: 'cells that are trained, by name or a pattern: plain-20, resnet-*, plain-20/1 with one seed, */1',
  },
  jobs: {
    group: 'experiments',
    kind: 'integer',
    above: 0,
    default: 1,
    help: 'runs that train at the same time, which share the threads',
  },
  mixed: {
    group: 'experiments',
    kind: 'boolean',
    default: false,
    help: 'compare runs of different data or protocols too',
  },
} as const satisfies Record<string, Row>;
