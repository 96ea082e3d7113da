import { z } from 'zod';
import { DataError } from '../../errors.js';
import type { PartState, Stateful } from '../saving/stateful.js';
import type { Schedule } from '../schedule.js';

const schema = z.object({ count: z.int().min(0), factor: z.number().positive().max(1) });

/** How often a run went back to a checkpoint, and what that left of its learning rate. */
export class Rollbacks implements Stateful {
  readonly name = 'rollbacks';
  readonly tensors = [];
  #count = 0;
  #factor = 1;

  get count(): number {
    return this.#count;
  }

  /** One more; the rate falls by `factor`. */
  add(factor: number): void {
    this.#count++;
    this.#factor *= factor;
  }

  lowered(schedule: Schedule): Schedule {
    return { ...schedule, lr: schedule.lr * this.#factor };
  }

  state(): PartState | undefined {
    return this.#count === 0 ? undefined : { count: this.#count, factor: this.#factor };
  }

  restore(state: PartState | undefined, _: readonly string[], directory: string): void {
    const result = schema.safeParse(state ?? { count: 0, factor: 1 });
    if (!result.success) {
      throw new DataError(`The checkpoint ${directory} is damaged: state.json: parts.rollbacks`);
    }
    this.#count = result.data.count;
    this.#factor = result.data.factor;
  }
}
