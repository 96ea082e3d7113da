/** The form in which recipes.ts gives a network's recipe and constants. */
import type { Published, Recipe } from '../../src/archs/index.js';

export type Numbers = Omit<Recipe, 'note'>;

/** How weights are drawn; `he` by fan-in or fan-out, the uniform ones by the usual rules. */
export type Draw =
  | { readonly normal: number }
  | { readonly he: 'in' | 'out' }
  | { readonly uniform: 'pytorch' | 'glorot' | 'caffe' | 'lecun' };

/** A bias of one value, one drawn like PyTorch's and LeCun's, or none before a normalisation. */
export type Bias = number | 'drawn' | 'none';

export interface Row {
  readonly recipe: Partial<Numbers>;
  readonly departures?: Partial<Numbers>;
  /** The first pattern that the name of a layer with weights matches. */
  readonly initial: readonly (readonly [layers: RegExp, kernel: Draw, bias: Bias])[];
  /** Rate of each dropout layer, and the layer before it. */
  readonly dropout?: Readonly<Record<string, readonly [rate: number, after: string]>>;
  /** n, k, α and β of Krizhevsky et al., 2012, section 3.3, by layer. */
  readonly localResponse?: Readonly<Record<string, readonly [number, number, number, number]>>;
  /** The share of running statistics that a step keeps, and ε; all networks have n - 1. */
  readonly batchNorm?: { readonly momentum: number; readonly epsilon: number };
  readonly heads?: Heads;
  readonly published?: Pick<Published, 'top1' | 'top5'>;
}

export interface Heads {
  readonly weight: number;
  readonly after: readonly string[];
  readonly pool: { readonly size: number; readonly stride: number } | { readonly output: number };
  readonly filters: number;
  readonly units: number;
}
