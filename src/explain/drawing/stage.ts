/** The drawing of a stage: its units below each other in a frame with its name and sizes. */
import { shapeText } from '../../archs/index.js';
import { colour } from '../../report/charts/colours.js';
import { type Html, html } from '../../report/page/html.js';
import type { DrawnStage, Stage } from '../network/stages.js';
import { short } from '../words.js';
import { CENTRE, SMALL, WIDTH } from './measures.js';
import { arrow, line, round, text } from './svg.js';
import { drawUnit, SOFT } from './unit.js';

/** Between two units. */
const GAP = 22;
/** Above a frame, and below it where another one follows. */
const ARROW = 16;
/** From the top of the frame to the arrow to its first unit, and the length of this arrow. */
const HEADER = 42;
const ENTRY = 18;
const BELOW = 12;

export interface Drawing {
  readonly svg: Html;
  readonly height: number;
}

interface Ends {
  /** Where its input comes from, if that is not the stage before it. */
  readonly from?: string;
  /** Whether no other stage goes on from it. */
  readonly isLast: boolean;
}

export function drawStage({ stage, units }: DrawnStage, { from, isLast }: Ends): Drawing {
  const { parts, end } = drawUnits({ stage, units }, ARROW + HEADER);
  const bottom = end + BELOW;
  const frame = html`<rect x="1" y="${ARROW}" width="${WIDTH - 2}" height="${round(bottom - ARROW)}" rx="10" fill="${colour('soft')}" fill-opacity="0.05" stroke="${colour('line')}"/>`;
  const comes = arrow({ x: CENTRE, y: 0 }, { x: CENTRE, y: ARROW });
  const source = from !== undefined && text(CENTRE + 8, 11, `from ${from}`, SOFT);
  const goes = !isLast && line({ x: CENTRE, y: bottom }, ARROW);
  return {
    svg: html`${frame}${header(stage)}${comes}${source}${parts}${goes}`,
    height: bottom + (isLast ? 4 : ARROW),
  };
}

/** Units with arrows between them, beside which sizes stand that are not those of the stage. */
function drawUnits({ stage, units }: DrawnStage, top: number): { parts: Html[]; end: number } {
  const parts: Html[] = [];
  let y = top;
  let known = shapeText(stage.outputShape);
  units.forEach((repeated, place) => {
    const start = { x: CENTRE, y };
    y += place === 0 ? ENTRY : GAP;
    const unit = drawUnit(repeated, y);
    const before = units[place - 1]?.last.boxes.at(-1)?.outputShape;
    if (before !== undefined && shapeText(before) !== known) {
      known = shapeText(before);
      parts.push(text(CENTRE + 8, y - GAP / 2 + 3, known, SOFT));
    }
    parts.push(unit.enters ? line(start, y - start.y) : arrow(start, { x: CENTRE, y }), unit.svg);
    y = unit.bottom;
  });
  return { parts, end: y };
}

/** The image, from which the first stage goes on. */
export function drawImage(shape: readonly number[]): Drawing {
  const [width, height] = [150, 26];
  const box = html`<rect x="${CENTRE - width / 2}" y="1" width="${width}" height="${height}" rx="5" fill="none" stroke="${colour('soft')}"/>`;
  const goes = line({ x: CENTRE, y: height + 1 }, ARROW);
  return {
    svg: html`${box}${text(CENTRE, 18, `image ${shapeText(shape)}`)}${goes}`,
    height: height + 1 + ARROW,
  };
}

function header(stage: Stage): Html {
  const { name, outputShape, receptiveField, stride, parameters, macs } = stage;
  const step = stride === null || stride === 1 ? '' : `, stride ${stride}`;
  const costs =
    macs + parameters === 0
      ? ''
      : ` · ${short(parameters)} parameters · ${short(macs)} multiply-adds`;
  const y = ARROW + 19;
  const size = text(WIDTH - 14, y, shapeText(outputShape), {
    size: 12.5,
    anchor: 'end',
    bold: true,
  });
  const facts = `field ${receptiveField}${step}${costs}`;
  return html`${text(14, y, name, { size: 13.5, anchor: 'start', bold: true })}${size}${text(14, y + 15, facts, { ...SOFT, size: SMALL })}`;
}
