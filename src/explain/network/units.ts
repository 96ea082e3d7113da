/**
 * Units: boxes of one block, such as a residual block or an inception module. Equal units that
 * follow each other are one, so many times.
 */
import type { Box, Link } from './boxes.js';

export interface Unit {
  /** `conv2_1`; of a layer outside a block its own name. */
  readonly name: string;
  readonly boxes: readonly Box[];
}

/** Units that follow each other and are drawn once. */
export interface Repeated {
  readonly unit: Unit;
  readonly last: Unit;
  readonly times: number;
}

/** The block that a layer belongs to: `conv2_1` of `conv2_1.bn2`. */
function blockOf(layer: string): string {
  return layer.split('.')[0] as string;
}

export function unitsOf(boxes: readonly Box[]): Unit[] {
  const units: { name: string; boxes: Box[] }[] = [];
  for (const box of boxes) {
    const name = blockOf(box.name);
    const last = units.at(-1);
    if (last?.name === name) last.boxes.push(box);
    else units.push({ name, boxes: [box] });
  }
  return units;
}

/** Equal blocks once. Layers outside blocks are not counted together. */
export function repeatedUnits(units: readonly Unit[]): Repeated[] {
  const found: { unit: Unit; last: Unit; times: number }[] = [];
  for (const unit of units) {
    const before = found.at(-1);
    if (before !== undefined && unit.boxes.length > 1 && formOf(before.unit) === formOf(unit)) {
      before.last = unit;
      before.times++;
    } else found.push({ unit, last: unit, times: 1 });
  }
  return found;
}

/** What units have in common that are drawn alike. */
function formOf({ boxes }: Unit): string {
  const form = boxes.map(({ words, before, after, links }) => {
    const from = links.map((link) => [boxes.indexOf(link.from as Box), link.label]);
    return [words, before, after, from];
  });
  return JSON.stringify(form);
}

/** Whether a link comes from outside of the unit. */
export function entersUnit({ boxes }: Unit, { from }: Link): boolean {
  return from === undefined || !boxes.includes(from);
}
