import { type Architecture, DenseForm, fullyConvolutional } from '../archs/index.js';
import { Network } from '../network/network.js';
import type { Session } from '../session/session.js';

/** Networks that are kept: as many sizes of images as are likely to come again soon. */
const KEPT = 64;

/** A trained network in its dense form, for images of any size. Its plans are made as they come. */
export class DenseNetworks {
  readonly #architecture: Architecture;
  readonly #session: Session;
  readonly #form: DenseForm;
  readonly #networks = new Map<string, Network>();

  constructor(architecture: Architecture, session: Session) {
    this.#architecture = architecture;
    this.#session = session;
    this.#form = new DenseForm(session.model);
  }

  /** The network for images of this size. */
  of(height: number, width: number): Network {
    const key = `${height}×${width}`;
    const known = this.#networks.get(key);
    this.#networks.delete(key);
    const network = known ?? this.#plan(height, width);
    this.#networks.set(key, network);
    const [[oldest, unused] = []] = this.#networks;
    if (this.#networks.size > KEPT && oldest !== undefined) {
      unused?.dispose();
      this.#networks.delete(oldest);
    }
    return network;
  }

  dispose(): void {
    for (const network of this.#networks.values()) network.dispose();
    this.#networks.clear();
  }

  #plan(height: number, width: number): Network {
    const { classes, channels } = this.#session.card;
    const size = { form: this.#form, height, width };
    const counts = { classes: classes.length, channels };
    const model = fullyConvolutional(this.#architecture, counts, size);
    // Folded, each size would have filters of its own.
    const network = new Network(model, { folds: false });
    this.#form.forget();
    return network;
  }
}
