/** Settings of benchmarks. */
import type { Row } from './row.js';

export const MEASUREMENT = {
  steps: {
    group: 'measurement',
    kind: 'integer',
    above: 0,
    default: 50,
    help: 'steps that are measured',
  },
  profile: {
    group: 'measurement',
    kind: 'boolean',
    default: false,
    help: 'print the time of each kernel and layer beside the measured peaks, on backends cpu and cuda',
  },
  trace: {
    group: 'measurement',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'JSON file for a trace of the measured steps, which chrome://tracing and ui.perfetto.dev draw; profiles too',
  },
  floats: {
    group: 'measurement',
    kind: 'boolean',
    default: false,
    help: 'go on to normalised float32 images on the processor, as a step of training does',
  },
  warmup: {
    group: 'measurement',
    kind: 'integer',
    atLeast: 0,
    default: 10,
    help: 'steps before the measurement',
  },
} as const satisfies Record<string, Row>;
