import { z } from 'zod';
import { DataError } from '../../errors.js';
import type { PartState, Stateful } from '../saving/stateful.js';

const count = z.int().min(0);

const schema = z.object({
  /** Steps in a row whose losses were too high. */
  highSteps: count,
  /** Batches in a row with images of one class alone. */
  constantBatches: count,
  /** Epochs in a row whose evaluation was at chance while training was not. */
  misalignedEpochs: count,
  /** The step from which on the ReLUs are looked at again. */
  nextLook: count,
  /** Of the epochs whose losses are taken together. */
  recent: z.object({ lossSum: z.number(), labelled: count, steps: count }),
});

type Values = z.infer<typeof schema>;
export type SentinelCount = Partial<Values>;

/** The network is seen before it has learned much, and after it should have. */
const FIRST_LOOK = 20;

export const NO_LOSSES: Values['recent'] = { lossSum: 0, labelled: 0, steps: 0 };

const START: Values = {
  highSteps: 0,
  constantBatches: 0,
  misalignedEpochs: 0,
  nextLook: FIRST_LOOK,
  recent: NO_LOSSES,
};

/** What the sentinel remembers from step to step, and after a resume. */
export class SentinelCounters implements Stateful {
  readonly name = 'sentinel';
  readonly tensors = [];
  #values = START;

  get values(): Values {
    return this.#values;
  }

  set(values: SentinelCount): void {
    this.#values = { ...this.#values, ...values };
  }

  /** At an earlier step: what follows is of another learning rate. */
  beginAnew(): void {
    this.#values = { ...START, nextLook: 0 };
  }

  state(): PartState {
    return this.#values;
  }

  restore(state: PartState | undefined, _: readonly string[], directory: string): void {
    const result = schema.safeParse(state ?? START);
    if (!result.success) {
      throw new DataError(`The checkpoint ${directory} is damaged: state.json: parts.sentinel`);
    }
    this.#values = result.data;
  }
}
