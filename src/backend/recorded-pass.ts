/** The commands of a pass from one tensor to another, which can be handed over again. */
import { FREE } from './addon.js';
import type { NativeData } from './native-data.js';

/** What was handed over while a pass ran. */
export class Recording {
  /** All that kernels read, and all that they made. */
  readonly read = new Set<NativeData>();
  readonly made = new Set<NativeData>();
  /** Whether it is of one pass alone. */
  broken = false;
  readonly #parts: Int32Array[] = [];

  add(words: Int32Array): void {
    this.#parts.push(words);
  }

  get words(): Int32Array {
    return Int32Array.from(this.#parts.flatMap((part) => [...part]));
  }
}

export interface RecordedPass {
  readonly words: Int32Array;
  /** Where `words` names the slots of the input and of the result. */
  readonly inputPlaces: readonly number[];
  readonly resultPlaces: readonly number[];
  /** Those of the tensors between them, which nobody else may take. */
  readonly slots: readonly number[];
  /** What is read beside the input, and has to be there: weights. */
  readonly weights: readonly NativeData[];
  readonly result: NativeData;
}

/**
 * Undefined where the commands do more than to make the result of the input and of what was there
 * before: where they leave another tensor, or free one that they have not made.
 */
export function recordedPass(
  recording: Recording,
  input: NativeData,
  result: NativeData,
): RecordedPass | undefined {
  const { words, read, made, broken } = recording;
  if (broken) return undefined;
  const places = new Map<number, number[]>([
    [input.slot, []],
    [result.slot, []],
  ]);
  const slots = new Set<number>();
  const alive = new Set<number>();
  const note = (place: number) => places.get(words[place] as number)?.push(place);
  const make = (place: number) => {
    const slot = words[place] as number;
    note(place);
    alive.add(slot);
    if (slot !== result.slot) slots.add(slot);
  };
  for (let at = 0; at < words.length; ) {
    const command = words[at++] as number;
    if (command === FREE) {
      note(at);
      if (!alive.delete(words[at++] as number)) return undefined;
      continue;
    }
    // A mark of a step.
    if (command < 0) return undefined;
    const inputs = words[at++] as number;
    const outputs = words[at++] as number;
    const parameters = words[at++] as number;
    for (const end = at + inputs; at < end; at++) note(at);
    // The slot, type and size of each.
    for (const end = at + 3 * outputs; at < end; at += 3) make(at);
    at += parameters;
  }
  if (alive.size !== 1 || !alive.has(result.slot) || slots.has(input.slot)) return undefined;
  return {
    words,
    inputPlaces: places.get(input.slot) ?? [],
    resultPlaces: places.get(result.slot) ?? [],
    slots: [...slots],
    weights: [...read].filter((data) => data !== input && !made.has(data)),
    result,
  };
}
