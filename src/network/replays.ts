/**
 * Passes forward that are handed to our backend again without the JavaScript of each layer, which
 * takes longer than the kernels of a small network.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NativeBackend } from '../backend/native-backend.js';
import type { RecordedPass } from '../backend/recorded-pass.js';

/** An evaluation has batches of one size and a last one; dense ones have many. */
const MOST_SHAPES = 8;

interface Recorded {
  readonly pass: RecordedPass;
  readonly shape: number[];
}

export class Replays {
  /** By the type and shape of the images: a pass has run once, cannot be replayed, or is recorded. */
  readonly #known = new Map<string, 'once' | 'never' | Recorded>();
  readonly #variables: readonly tf.Variable[];
  readonly #backend = tf.backend();
  /** The data of the variables when the passes ran: an assignment gives a variable another. */
  #ids: readonly unknown[] = [];

  constructor(variables: readonly tf.Variable[]) {
    this.#variables = variables;
  }

  /**
   * What `pass` makes of the images, which are all that it depends on beside the weights. The first
   * pass of a shape folds and copies weights, the second one is recorded, the others are replayed.
   */
  run(images: tf.Tensor4D, pass: () => tf.Tensor2D): tf.Tensor2D {
    const backend = this.#backend;
    if (!(backend instanceof NativeBackend) || backend.onRun !== undefined) return pass();
    this.#forgetOldWeights();
    const key = `${images.dtype} ${images.shape}`;
    const known = this.#known.get(key);
    if (known === 'never') return pass();
    if (known === 'once') {
      const { result, recorded } = backend.record(images, () => tf.tidy(pass));
      this.#known.set(key, recorded ? { pass: recorded, shape: result.shape } : 'never');
      return result;
    }
    if (known !== undefined && backend.canReplay(known.pass)) {
      const { dataId, dtype } = backend.replay(known.pass, images);
      const { shape } = known;
      return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype }) as tf.Tensor2D;
    }
    this.#forget(key);
    this.#known.set(key, 'once');
    if (this.#known.size > MOST_SHAPES) this.#forget([...this.#known.keys()][0] as string);
    return pass();
  }

  dispose(): void {
    for (const key of [...this.#known.keys()]) this.#forget(key);
  }

  #forgetOldWeights(): void {
    const variables = this.#variables;
    if (variables.every(({ dataId }, index) => dataId === this.#ids[index])) return;
    this.dispose();
    this.#ids = variables.map(({ dataId }) => dataId);
  }

  #forget(key: string): void {
    const known = this.#known.get(key);
    if (typeof known === 'object') (this.#backend as NativeBackend).forget(known.pass);
    this.#known.delete(key);
  }
}
