/** Settings of what computes, and of how many threads and workers. */
import type { Row } from './row.js';

export const MACHINE = {
  workers: {
    group: 'machine',
    synonyms: ['num-workers'],
    aliases: ['j'],
    kind: 'integer',
    above: 0,
    default: null,
    auto: 'by the cores',
    help: 'threads that decode images',
  },
  cache: {
    group: 'machine',
    kind: 'choice',
    choiceSynonyms: { ram: 'memory' },
    choices: ['auto', 'none', 'memory'],
    default: 'auto',
    help: 'keep decoded images in memory: while they fit in half of what is free, never, or as far as it goes',
  },
  backend: {
    group: 'machine',
    kind: 'choice',
    choices: ['auto', 'cuda', 'cpu', 'tensorflow', 'js'],
    default: 'auto',
    help: 'what computes (see "cnn doctor")',
  },
  precision: {
    group: 'machine',
    synonyms: ['amp-dtype', 'dtype'],
    kind: 'choice',
    choiceSynonyms: { fp32: 'f32', float32: 'f32', bfloat16: 'bf16' },
    choices: ['auto', 'f32', 'tf32', 'bf16'],
    default: 'auto',
    help: 'number format of activations; auto is bf16 where the hardware has it, tf32 is f32 with products that a GPU may round to TF32',
  },
  device: {
    group: 'machine',
    synonyms: ['gpu', 'gpu-id'],
    kind: 'integer',
    atLeast: 0,
    default: 0,
    instead: '--backend chooses between GPU and processor',
    help: 'GPU that computes on backend cuda, by its number among those that CUDA_VISIBLE_DEVICES leaves',
  },
  deterministic: {
    group: 'machine',
    synonyms: ['use-deterministic-algorithms'],
    kind: 'boolean',
    default: true,
    help: 'the same seed gives the same bits on backend cuda; without it faster ways may be chosen that do not',
  },
  threads: {
    group: 'machine',
    synonyms: ['num-threads'],
    kind: 'integer',
    above: 0,
    default: null,
    auto: 'by the cores',
    help: 'threads that compute, on backend cpu',
  },
} as const satisfies Record<string, Row>;
