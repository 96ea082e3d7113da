/** Stages as SVG, with the colours of the page that it stands in. */
import { colour } from '../../report/charts/colours.js';
import { type Html, html } from '../../report/page/html.js';
import type { Kind } from '../network/words.js';
import type { Edge, Placed, Point } from './layout.js';
import { isSum, notesOf, SMALL, TEXT, titleOf } from './measures.js';

export const COLOUR_OF: Readonly<Record<Kind, string>> = {
  conv: colour('series-1'),
  pool: colour('series-2'),
  norm: colour('series-5'),
  dense: colour('series-3'),
  join: colour('series-4'),
  other: colour('soft'),
};

const LINE = colour('soft');

export interface TextStyle {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly fill?: string;
  readonly bold?: boolean;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): Html {
  const { size = TEXT, anchor = 'middle', fill = colour('ink'), bold = false } = style;
  return html`<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}" fill="${fill}"${bold ? html` font-weight="600"` : ''}>${content}</text>`;
}

export function boxSvg(placed: Placed): Html {
  const { box, x, y, width, height } = placed;
  const paint = COLOUR_OF[box.words.kind];
  const notes = notesOf(box);
  if (isSum(box)) {
    const arm = 5;
    return html`<circle cx="${round(x)}" cy="${round(y)}" r="${height / 2}" fill="${paint}" fill-opacity="0.15" stroke="${paint}"/><path d="M${round(x - arm)} ${round(y)}h${2 * arm}M${round(x)} ${round(y - arm)}v${2 * arm}" stroke="${colour('ink')}" stroke-width="1.5"/>${notes !== '' && text(x + width / 2 + 6, y + 12, notes, { size: SMALL, anchor: 'start', fill: colour('soft') })}`;
  }
  const [left, top] = [x - width / 2, y - height / 2];
  const rect = html`<rect x="${round(left)}" y="${round(top)}" width="${width}" height="${height}" rx="5" fill="${paint}" fill-opacity="0.15" stroke="${paint}"/>`;
  if (notes === '') return html`${rect}${text(x, y + 4, titleOf(box))}`;
  return html`${rect}${text(x, y - 2, titleOf(box))}${text(x, y + 11, notes, { size: SMALL, fill: colour('soft') })}`;
}

/** A line with an arrow at its end. */
export function edgeSvg({ points, label, isShortcut }: Edge): Html {
  const end = points.at(-1) as Point;
  const middle = points[Math.floor(points.length / 2)] as Point;
  const dashed = label !== undefined ? html` stroke-dasharray="4 3"` : '';
  const width = isShortcut ? 1.6 : 1.1;
  const path = html`<path d="${curve(points)}" fill="none" stroke="${LINE}" stroke-width="${width}"${dashed}/>`;
  const side = middle.x < 0 ? 'end' : 'start';
  const shift = middle.x < 0 ? -5 : 5;
  return html`${path}${arrowHead(end, points.at(-2) ?? end)}${label !== undefined && text(middle.x + shift, middle.y + 3, label, { size: SMALL, anchor: side, fill: colour('soft') })}`;
}

export function arrow(from: Point, to: Point): Html {
  return edgeSvg({ points: [from, to], isShortcut: false });
}

/** Smooth at the points in between. */
function curve(points: readonly Point[]): string {
  const [start, ...others] = points as [Point, ...Point[]];
  const parts = [`M${at(start)}`];
  others.forEach((point, place) => {
    const next = others[place + 1];
    if (next === undefined) parts.push(`L${at(point)}`);
    else
      parts.push(`Q${at(point)} ${at({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`);
  });
  return parts.join('');
}

function arrowHead(end: Point, before: Point): Html {
  const angle = Math.atan2(end.y - before.y, end.x - before.x);
  const corner = (turn: number) => ({
    x: end.x - 6 * Math.cos(angle + turn),
    y: end.y - 6 * Math.sin(angle + turn),
  });
  return html`<path d="M${at(end)}L${at(corner(0.45))}L${at(corner(-0.45))}Z" fill="${LINE}"/>`;
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

export function round(value: number): number {
  return Number(value.toFixed(1));
}

/** A line downwards. */
export function line({ x, y }: Point, length: number): Html {
  return html`<path d="M${at({ x, y })}v${round(length)}" fill="none" stroke="${LINE}" stroke-width="1.1"/>`;
}
