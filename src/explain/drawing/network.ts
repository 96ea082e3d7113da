/** The drawing of a network: a picture of each stage, to be read downwards. */
import { shapeText } from '../../archs/index.js';
import { type Html, html } from '../../report/page/html.js';
import type { Explained } from '../explain.js';
import type { Box } from '../network/boxes.js';
import type { DrawnStage } from '../network/stages.js';
import { WIDTH } from './measures.js';
import { type Drawing, drawImage, drawStage } from './stage.js';

export interface Picture {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly drawing: Drawing;
}

export function picturesOf({ explanation, stages }: Explained): Picture[] {
  const { inputSize, channels } = explanation;
  const image = { label: 'the image', drawing: drawImage([inputSize, inputSize, channels]) };
  return [image, ...stages.map((drawn, place) => pictureOf(drawn, place, stages))];
}

function pictureOf(drawn: DrawnStage, place: number, stages: readonly DrawnStage[]): Picture {
  const { name, operations, outputShape } = drawn.stage;
  const from = sourceOf(drawn, stages[place - 1], stages);
  const next = stages[place + 1];
  const isLast = next === undefined || sourceOf(next, drawn, stages) !== undefined;
  return {
    label: `${name}: ${operations}; output ${shapeText(outputShape)}`,
    drawing: drawStage(drawn, { isLast, ...(from !== undefined && { from }) }),
  };
}

/** The stage that a stage goes on from, where that is not the one before it. */
function sourceOf(
  { units }: DrawnStage,
  before: DrawnStage | undefined,
  stages: readonly DrawnStage[],
): string | undefined {
  const source = units[0]?.unit.boxes[0]?.links[0]?.from;
  if (source === undefined || before === undefined || has(before, source)) return undefined;
  return stages.find((other) => has(other, source))?.stage.name;
}

function has({ stage }: DrawnStage, { name }: Box): boolean {
  return stage.layers.includes(name);
}

export function pictureSvg({ label, drawing }: Picture): Html {
  const { svg, height } = drawing;
  return html`<svg viewBox="0 0 ${WIDTH} ${Math.ceil(height)}" width="${WIDTH}" height="${Math.ceil(height)}" role="img" aria-label="${label}" font-family="system-ui, sans-serif">${svg}</svg>`;
}
