/** The drawing of a unit, in a frame where it stands for several. */
import { colour } from '../../report/charts/colours.js';
import { type Html, html } from '../../report/page/html.js';
import type { Repeated } from '../network/units.js';
import { type Layout, layoutOf } from './layout.js';
import { CENTRE, SMALL, textWidth, WIDTH } from './measures.js';
import { arrow, boxSvg, edgeSvg, line, round, text } from './svg.js';

/** Of a frame above and below its unit. */
const ABOVE = 24;
const BELOW = 14;
const BESIDE = 12;

export const SOFT = { size: SMALL, fill: colour('soft'), anchor: 'start' } as const;

export interface DrawnUnit {
  readonly svg: Html;
  readonly bottom: number;
  /** Whether a line that comes to it goes on inside. */
  readonly enters: boolean;
}

/** The unit with its top at `y`. */
export function drawUnit(repeated: Repeated, y: number): DrawnUnit {
  const layout = layoutOf(repeated.unit);
  const isFramed = repeated.times > 1;
  const inner = y + (isFramed ? ABOVE : 0);
  const { edges, boxes, enters } = layout;
  const scale = scaleOf(layout);
  const end = inner + layout.height * scale;
  const svg = html`<g transform="translate(${CENTRE} ${round(inner)})${scale < 1 && ` scale(${scale.toFixed(3)})`}">${edges.map(edgeSvg)}${boxes.map(boxSvg)}</g>`;
  if (!isFramed) return { svg, bottom: end, enters };
  const bottom = end + BELOW;
  const start = { x: CENTRE, y };
  const through = enters ? line(start, ABOVE) : arrow(start, { x: CENTRE, y: inner });
  return {
    svg: html`<g>${frame(repeated, layout, { y, bottom })}${through}${line({ x: CENTRE, y: end }, BELOW)}${svg}</g>`,
    ...{ bottom, enters: true },
  };
}

/** Below 1 where a unit is wider than a stage, as those of widened networks may be. */
export function scaleOf({ left, right }: Layout): number {
  return Math.min(1, (CENTRE - 4) / Math.max(-left, right));
}

function frame(
  repeated: Repeated,
  layout: Layout,
  { y, bottom }: { y: number; bottom: number },
): Html {
  const half = Math.max(-layout.left, layout.right) * scaleOf(layout) + BESIDE;
  const rect = html`<rect x="${round(CENTRE - half)}" y="${round(y)}" width="${round(2 * half)}" height="${round(bottom - y)}" rx="8" fill="none" stroke="${colour('soft')}" stroke-dasharray="2 3"/>`;
  return html`${rect}${frameText(repeated, half, { y, bottom })}`;
}

/** How often the unit is there and what changes: beside its frame, or where that is wide inside. */
function frameText(
  { unit, last, times }: Repeated,
  half: number,
  { y, bottom }: { y: number; bottom: number },
): Html {
  const [before, after] = [unit, last].map(({ boxes }) => boxes.at(-1)?.outputShape.at(-1));
  const names = `${unit.name} to ${last.name.split('_').at(-1)}`;
  const maps = before === after ? '' : `${before} to ${after} maps`;
  const x = CENTRE + half + 8;
  const widest = Math.max(textWidth(names, SMALL), textWidth(maps, SMALL));
  if (x + widest > WIDTH) {
    const [corner, middle] = [CENTRE + half - 8, y + 15];
    const style = { anchor: 'end', bold: true, size: 13 } as const;
    return html`${text(corner, middle, `× ${times}`, style)}${text(CENTRE - half + 8, middle, maps || names, SOFT)}`;
  }
  const middle = (y + bottom) / 2;
  const large = { size: 17, anchor: 'start', bold: true } as const;
  return html`${text(x, middle, `× ${times}`, large)}${text(x, middle + 15, names, SOFT)}${maps !== '' && text(x, middle + 28, maps, SOFT)}`;
}
