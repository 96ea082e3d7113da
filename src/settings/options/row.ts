/** What the option table says of one setting. */
import type { Architecture } from '../../archs/architecture.js';

/** The headings of `--help`, in their order. */
export const GROUPS = {
  network: 'Network',
  dataset: 'Dataset',
  training: 'Training',
  schedule: 'Learning rate',
  optimizer: 'Optimizer',
  images: 'Images',
  augmentation: 'Augmentation',
  evaluation: 'Evaluation',
  machine: 'Machine',
  measurement: 'Measurement',
  experiments: 'Experiments',
  output: 'Output',
} as const;

export interface Row {
  readonly group: keyof typeof GROUPS;
  readonly aliases?: readonly string[];
  /** Names in torchvision, timm, PyTorch's examples, Keras and ultralytics. */
  readonly synonyms?: readonly string[];
  /** The environment variable that sets it; where it is empty it does not. */
  readonly environment?: string;
  /** Names in earlier versions, which `--help` does not show. */
  readonly formerly?: readonly string[];
  /** Other words for choices, in lower case. */
  readonly choiceSynonyms?: Readonly<Record<string, string>>;
  /**
   * `colour`: one number, or one for each of red, green and blue. `range`: the least and the
   * greatest; a single number stands for both.
   */
  readonly kind: 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'colour' | 'range';
  readonly choices?: readonly (string | number)[];
  /** A list of such values, with commas between them; after a flag of texts, words up to the next flag. */
  readonly many?: true;
  /** What a text names, for the completion in a shell. */
  readonly names?: 'networks' | 'modules' | 'datasets' | 'runs' | 'files';
  /** Bounds: `above` and `below` are exclusive, the others inclusive. */
  readonly above?: number;
  readonly below?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit?: string;
  /** null: not set, which means what `auto` says. Absent where the recipe has the value. */
  readonly default?: string | number | boolean | null;
  /** What to do where something else was given, as for another program. */
  readonly instead?: string;
  /** What null means, for `--help`; absent where the command asks for a value. */
  readonly auto?: string;
  /** The value in the recipe of an architecture. */
  readonly recipe?: (architecture: Architecture) => Value;
  readonly help: string;
}

export type Value = string | number | boolean | null | readonly number[] | readonly string[];
