import { fill, type Tensor, tensor, util } from '@tensorflow/tfjs-core';
import { initializers } from '@tensorflow/tfjs-layers';
import { UsageError } from '../../errors.js';
import { random } from '../../rng.js';

/** What tf.layers takes as an initialiser; the class itself is not exported. */
export type Initialiser = ReturnType<typeof initializers.zeros>;

type Settings = { mean?: number; stddev?: number; minval?: number; maxval?: number; seed: number };
type Stock<S> = new (settings: S) => Initialiser;

// Subclasses of the stock classes keep their names, so that a saved model.json is stock.
const StockNormal = initializers.randomNormal({}).constructor as Stock<Settings>;
const StockUniform = initializers.randomUniform({}).constructor as Stock<Settings>;
const StockConstant = initializers.constant({ value: 0 }).constructor as Stock<{ value: number }>;

/** Draws from N(0, deviation²) that depend on the seed and the weight's name alone. */
export function normal(deviation: number, seed: number, weight: string): Initialiser {
  return new SeededNormal({ mean: 0, stddev: deviation, seed: weightSeed(seed, weight) });
}

/** Draws from U(-limit, limit) that depend on the seed and the weight's name alone. */
export function uniform(limit: number, seed: number, weight: string): Initialiser {
  return new SeededUniform({ minval: -limit, maxval: limit, seed: weightSeed(seed, weight) });
}

/**
 * N(0, 2 / fan): He, Zhang, Ren, Sun, 2015, "Delving Deep into Rectifiers", equations 10 and 14.
 */
export function he(fan: number, seed: number, weight: string): Initialiser {
  return normal(Math.sqrt(2 / fan), seed, weight);
}

/** What PyTorch's Conv2d and Linear start with: kernel and bias from U(±1 / √fan-in). */
export function pytorch(fanIn: number, seed: number, layer: string) {
  const limit = 1 / Math.sqrt(fanIn);
  return {
    kernelInitializer: uniform(limit, seed, `${layer}/kernel`),
    biasInitializer: uniform(limit, seed, `${layer}/bias`),
  };
}

/** One value everywhere. */
export function constant(value: number): Initialiser {
  return new HostConstant({ value });
}

let drawing = true;

/**
 * Runs `build` without drawing weights, which are 0 instead: a second and half a gigabyte less for
 * VGG where only the shapes are of interest.
 */
export function withoutDrawing<T>(build: () => T): T {
  drawing = false;
  try {
    return build();
  } finally {
    drawing = true;
  }
}

/** The most numbers that one array holds. */
const LARGEST_ARRAY = 2 ** 32;
let allowed = Number.POSITIVE_INFINITY;

/** Thrown in place of taking the memory for weights that are too many. */
export class TooManyWeights extends UsageError {
  constructor() {
    super(
      'Expected a network whose weights fit into the memory of this machine: choose a smaller --input-size, fewer classes or a smaller width of --arch-options',
    );
  }
}

/** Runs `build`, which throws TooManyWeights before it makes weights of more numbers than `most`. */
export function withAtMostWeights<T>(most: number, build: () => T): T {
  const outside = allowed;
  allowed = Math.min(most, outside);
  try {
    return build();
  } finally {
    allowed = outside;
  }
}

/** The numbers of a weight that is going to be made. */
function takeSize(shape: number[]): number {
  const size = util.sizeFromShape(shape);
  if (size > Math.min(allowed, LARGEST_ARRAY)) throw new TooManyWeights();
  allowed -= size;
  return size;
}

/** The numbers that `draw` gives, or zeros where none are wanted. */
function drawn(shape: number[], draw: (size: number) => Float32Array): Tensor {
  const size = takeSize(shape);
  return drawing ? tensor(draw(size), shape) : fill(shape, 0);
}

/** The stock one multiplies on the device, which may round to bf16 there. */
class HostConstant extends StockConstant {
  readonly #value: number;

  constructor(settings: { value: number }) {
    super(settings);
    this.#value = settings.value;
  }

  override apply(shape: number[]): Tensor {
    return tensor(new Float32Array(takeSize(shape)).fill(this.#value), shape);
  }
}

class SeededNormal extends StockNormal {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    super(settings);
    this.#settings = settings;
  }

  override apply(shape: number[]): Tensor {
    return drawn(shape, (size) => {
      const { stddev = 0.05, seed } = this.#settings;
      const quantiles = normalQuantiles().map((quantile) => quantile * stddev);
      const count = Math.ceil(size / 2);
      const values = new Float32Array(2 * count);
      for (const { words, start } of randomWords(count, seed)) {
        for (let index = 0; index < words.length; index++) {
          const word = words[index] as number;
          values[2 * (start + index)] = quantiles[word & 0xffff] as number;
          values[2 * (start + index) + 1] = quantiles[word >>> 16] as number;
        }
      }
      return values.subarray(0, size);
    });
  }
}

class SeededUniform extends StockUniform {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    super(settings);
    this.#settings = settings;
  }

  override apply(shape: number[]): Tensor {
    return drawn(shape, (size) => {
      const { maxval = 0.05, seed } = this.#settings;
      const scale = maxval / 2 ** 31;
      const values = new Float32Array(size);
      for (const { words, start } of randomWords(size, seed)) {
        for (let index = 0; index < words.length; index++) {
          values[start + index] = (words[index] as number) * scale;
        }
      }
      return values;
    });
  }
}

let quantiles: Float32Array | undefined;

/**
 * The normal distribution's 65,536 quantiles at (i + ½) / 65,536, out to 4.3 deviations: half a
 * random word and one look-up per draw, so that AlexNet's 60 million weights take half a second
 * (a logarithm per draw takes two).
 */
function normalQuantiles(): Float32Array {
  if (quantiles) return quantiles;
  quantiles = new Float32Array(2 ** 16);
  // Runge-Kutta on dz/dp = 1 / density(z), from the median upwards in half steps; odd ones are
  // kept.
  const slope = (z: number) => Math.sqrt(2 * Math.PI) * Math.exp((z * z) / 2);
  const step = 2 ** -17;
  let z = 0;
  for (let half = 1; half < 2 ** 16; half++) {
    const k1 = slope(z);
    const k2 = slope(z + (step / 2) * k1);
    const k3 = slope(z + (step / 2) * k2);
    z += (step / 6) * (k1 + 2 * k2 + 2 * k3 + slope(z + step * k3));
    if (half % 2 === 0) continue;
    quantiles[2 ** 15 + (half - 1) / 2] = z;
    quantiles[2 ** 15 - 1 - (half - 1) / 2] = -z;
  }
  return quantiles;
}

/** So many at once stay in the processor's cache. */
const WORDS = 2 ** 14;

/**
 * Signed 32-bit words of xoshiro128++ (Blackman and Vigna, 2021), started by Philox, in parts whose
 * memory the next one takes.
 */
function* randomWords(
  count: number,
  seed: number,
): Generator<{ words: Int32Array; start: number }> {
  const { word } = random(seed, 'weights');
  const state = Int32Array.of(word() | 1, word(), word(), word());
  const memory = new Int32Array(Math.min(count, WORDS));
  for (let start = 0; start < count; start += WORDS) {
    const words = memory.subarray(0, count - start);
    fillWords(words, state);
    yield { words, start };
  }
}

function fillWords(words: Int32Array, state: Int32Array): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (let index = 0; index < words.length; index++) {
    const sum = (a + d) | 0;
    words[index] = ((sum << 7) | (sum >>> 25)) + a;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
  }
  state.set([a, b, c, d]);
}

/** A 31-bit seed from the run's seed and the weight's name (FNV-1a). */
function weightSeed(seed: number, weight: string): number {
  let hash = 0x811c9dc5;
  for (const character of weight) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return random(seed, 'weights', hash >>> 0).word() >>> 1;
}
