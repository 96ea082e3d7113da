import { nameKey } from '../../../system/file-names.js';
import { byCodeUnit } from '../names.js';

/** Distinct classes in an order; names whose accents are only written in another way are one class. */
export class ClassNames {
  readonly classes: readonly string[];
  readonly #indices: ReadonlyMap<string, number>;

  constructor(names: Iterable<string>, order = byCodeUnit) {
    const distinct = new Map<string, string>();
    for (const name of new Set(names)) {
      const key = nameKey(name);
      if (!distinct.has(key)) distinct.set(key, name);
    }
    this.classes = [...distinct.values()].sort(order);
    this.#indices = new Map(this.classes.map((name, index) => [nameKey(name), index]));
  }

  /** -1 for a name that is none of the classes. */
  indexOf(name: string): number {
    return this.#indices.get(nameKey(name)) ?? -1;
  }
}
