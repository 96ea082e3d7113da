/** A stage in one line, as the tables of papers have it: `[1×1, 64 · 3×3, 64 · 1×1, 256] × 3`. */
import type { Box } from './boxes.js';
import { entersUnit, type Unit } from './units.js';

/** Units that differ in their stride alone are counted together. */
export function operationsText(units: readonly Unit[]): string {
  const found: { form: string; units: Unit[] }[] = [];
  for (const unit of units) {
    const form = unitText(unit, textOf);
    const last = found.at(-1);
    if (last?.form === form) last.units.push(unit);
    else found.push({ form, units: [unit] });
  }
  return found.map(({ form, units: equal }) => repeatedText(form, equal)).join(' → ');
}

/** `7×7 conv, 64, /2`. */
export function stridedText({ words: { text, stride = 1 } }: Box): string {
  return stride === 1 ? text : `${text}, /${Number(stride.toFixed(2))}`;
}

function textOf({ words }: Box): string {
  return words.text;
}

function repeatedText(form: string, [unit, ...others]: readonly Unit[]): string {
  if (unit === undefined) return '';
  if (others.length === 0) return unitText(unit, stridedText);
  const stride = unit.boxes.find(({ words }) => words.stride !== undefined)?.words.stride;
  const first = stride === undefined ? '' : `, the first /${stride}`;
  return `${unit.boxes.length > 1 ? `[${form}]` : form} × ${others.length + 1}${first}`;
}

/** The branches of a unit beside each other; shortcuts are left out. */
function unitText(unit: Unit, words: (box: Box) => string): string {
  const end = unit.boxes.at(-1) as Box;
  if (end.words.kind !== 'join') return chainText(unit, end, words);
  const branches = end.links.flatMap((link) => {
    return link.from === undefined || entersUnit(unit, link) ? [] : [link.from];
  });
  const shown = end.words.text === '+' ? branches.slice(0, 1) : branches;
  return shown.map((box) => chainText(unit, box, words)).join(' | ');
}

/** The boxes from the start of the unit to this one. */
function chainText(unit: Unit, end: Box, words: (box: Box) => string): string {
  const texts: string[] = [];
  const isAlone = unit.boxes.length === 1;
  const shortened = (box: Box) => words(box).replace(' conv,', ',');
  for (let box: Box | undefined = end; box !== undefined; ) {
    // A normalisation that two paths share is no operation of the paper's table.
    if (box.words.kind !== 'other' || isAlone) texts.unshift(isAlone ? words(box) : shortened(box));
    const [link] = box.links as Box['links'];
    box = link === undefined || entersUnit(unit, link) ? undefined : link.from;
  }
  return texts.join(' · ');
}
