/** `cnn explain` on a terminal. */
import stringWidth from 'string-width';
import { shapeText } from '../../archs/index.js';
import type { Explained, Explanation } from '../../explain/explain.js';
import { table, terminalWidth, wrapLines } from '../../terminal/table.js';
import { grouped } from '../summary/table.js';

/** The column that is as wide as there is room, and those that are left out where there is little. */
const OPERATIONS = 1;
const LEFT_OUT = [7, 4];
const LEAST = 16;
/** Between two columns. */
const GAP = 2;

const HEADER = ['stage', 'operations', 'output', 'field', 'stride', 'parameters', 'MACs'];

export function explanationLines({ title, explanation }: Explained): string[] {
  const { differs, published } = explanation;
  return [
    ...headLines(title, explanation),
    '',
    ...stageLines(explanation),
    '',
    'field: side of the receptive field in pixels; stride: pixels between two neighbours',
    ...differenceLines('Differs from the paper here', differs.here),
    ...differenceLines('Differs from the paper in torchvision', differs.torchvision),
    ...(published.length === 0 ? [] : ['', 'Published:', ...resultLines(explanation)]),
  ];
}

function headLines(title: string, explanation: Explanation): string[] {
  const { paper, inputSize, channels, classes, depth } = explanation;
  const layers = depth === null ? '' : `${depth} layers with weights, `;
  return [
    `${title}: ${layers}${grouped(classes)} classes, images of ${shapeText([inputSize, inputSize, channels])}`,
    `${paper.authors}: ${paper.title}, ${paper.year}`,
    `${paper.venue}; ${paper.url}; ${paper.table}`,
  ];
}

function stageLines({ stages, parameters, macs, printed }: Explanation): string[] {
  const isPrinted = printed !== null || stages.some((stage) => stage.printed !== null);
  const rows = stages.map((stage) => [
    stage.name,
    stage.operations,
    shapeText(stage.outputShape),
    String(stage.receptiveField),
    String(stage.stride ?? ''),
    grouped(stage.parameters),
    grouped(stage.macs),
    ...(isPrinted ? [stage.printed ?? ''] : []),
  ]);
  const total = ['total', '', '', '', '', grouped(parameters), grouped(macs)];
  const last = isPrinted ? [...total, printed ?? ''] : total;
  const header = isPrinted ? [...HEADER, 'printed in the paper'] : HEADER;
  const alignment = header.map((_, place) => (place < 2 || place === 7 ? 'left' : 'right'));
  const lines = wrapped([header, ...rows, last]);
  return table(lines, { alignment, leaveOut: LEFT_OUT, cut: OPERATIONS });
}

/** The rows with operations on as many lines as they take beside the columns that always stay. */
function wrapped(rows: readonly string[][]): string[][] {
  const width = terminalWidth();
  if (width === undefined) return [...rows];
  const others = HEADER.map((_, place) => {
    if (place === OPERATIONS || LEFT_OUT.includes(place)) return 0;
    return GAP + Math.max(...rows.map((row) => stringWidth(row[place] ?? '')));
  });
  const room = width - others.reduce((sum, other) => sum + other, 0);
  return rows.flatMap((row) => {
    const [name = '', operations = '', ...counts] = row;
    const [first = '', ...more] = wrapLines([operations], Math.max(LEAST, room));
    return [[name, first, ...counts], ...more.map((line) => ['', line])];
  });
}

function differenceLines(title: string, rows: Explanation['differs']['here']): string[] {
  if (rows.length === 0) return [];
  const lines = rows.map(({ about, what, source }) => {
    return `  ${about.padEnd(8)}  ${what.replaceAll('`', '')} (${source.replaceAll('`', '')})`;
  });
  return ['', `${title}:`, ...lines];
}

function resultLines({ published }: Explanation): string[] {
  return published.map(({ protocol, source, top1, top5, recipe }) => {
    const accuracies = [
      top1 !== undefined && `top-1 ${top1.toFixed(2)} %`,
      top5 !== undefined && `top-5 ${top5.toFixed(2)} %`,
    ];
    const text = accuracies.filter((accuracy) => accuracy !== false).join(', ');
    return `  ${text}: ${protocol} (${source}); --recipe ${recipe}`;
  });
}
