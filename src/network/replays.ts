/**
 * Passes forward that are handed to our backend again without the JavaScript of each layer, which
 * takes longer than the kernels of a small network.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NativeBackend } from '../backend/native-backend.js';
import type { RecordedPass } from '../backend/recorded-pass.js';

/** An evaluation has batches of one size and a last one; dense ones have many. */
const MOST_SHAPES = 8;

interface Known {
  /** Undefined where the pass cannot be replayed. */
  readonly recorded: RecordedPass | undefined;
  readonly shape: number[];
}

export class Replays {
  /** By the type and shape of the images; undefined where a pass has run once. */
  readonly #known = new Map<string, Known | undefined>();
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
    if (known?.recorded !== undefined && backend.canReplay(known.recorded)) {
      const { dataId, dtype } = backend.replay(known.recorded, images);
      const { shape } = known;
      return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype }) as tf.Tensor2D;
    }
    if (!this.#known.has(key) || known?.recorded !== undefined) {
      this.#forget(key);
      this.#known.set(key, undefined);
      return pass();
    }
    if (known !== undefined) return pass();
    const { result, recorded } = backend.record(images, () => tf.tidy(pass));
    this.#known.set(key, { recorded, shape: result.shape });
    if (this.#known.size > MOST_SHAPES) this.#forget([...this.#known.keys()][0] as string);
    return result;
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
    const recorded = this.#known.get(key)?.recorded;
    if (recorded !== undefined) (this.#backend as NativeBackend).forget(recorded);
    this.#known.delete(key);
  }
}
