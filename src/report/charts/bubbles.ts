/** Accuracy against cost as discs, whose areas are the numbers of parameters. */
import type { ChartLayer, ChartSpec } from './chart.js';
import { colour, SERIES } from './colours.js';
import { type Label, placeLabels } from './labels.js';

export interface Bubble {
  readonly name: string;
  readonly kind: string;
  readonly gmacs: number;
  readonly parameters: number;
  readonly top1: number;
  /** Between which accuracies runs lie; a line from one to the other. */
  readonly spread?: readonly [low: number, high: number];
  /** Measured in a run. */
  readonly measured: boolean;
  /** Published of one crop of the size that the cost is of; the others are drawn hollow. */
  readonly oneCrop: boolean;
  /** What it is, for those who point at it or do not see it. */
  readonly text: string;
}

const WIDTH = 920;
const HEIGHT = 540;
/** Square pixels of the network with the most parameters. */
const LARGEST = 3000;
/** Of the accuracies' range, left free above and below, in percent. */
const ROOM = 6;

export function bubbleSpec(
  title: string,
  bubbles: readonly Bubble[],
  kinds: readonly string[],
): ChartSpec {
  const axes = { x: axisOf(bubbles.map(({ gmacs }) => gmacs)), y: heightsOf(bubbles) };
  const most = Math.max(...bubbles.map(({ parameters }) => parameters));
  // The small ones are drawn over the large ones.
  const drawn = [...bubbles].sort((a, b) => b.parameters - a.parameters);
  const places = drawn.map(({ name, gmacs, top1, parameters }) => ({
    ...{ x: axes.x.pixelOf(gmacs), y: axes.y.pixelOf(top1), text: name },
    radius: Math.max(3, Math.sqrt((LARGEST * parameters) / most / Math.PI)),
  }));
  const labels = placeLabels(places, WIDTH, HEIGHT);
  const present = kinds.filter((kind) => bubbles.some((bubble) => bubble.kind === kind));
  return {
    title,
    width: WIDTH,
    height: HEIGHT,
    layer: [
      lineLayer(labels, axes),
      spreadLayer(drawn, axes),
      discLayer(drawn, seriesOf(present, kinds), most, axes),
      nameLayer(drawn, labels, axes),
    ],
  };
}

interface Axes {
  readonly x: ReturnType<typeof axisOf>;
  readonly y: ReturnType<typeof heightsOf>;
}

/** From names to the discs that they are far from. */
function lineLayer(labels: readonly Label[], { x, y }: Axes): ChartLayer {
  const values = labels.flatMap(({ line }) => {
    if (line === undefined) return [];
    const [from, to] = [line.from, line.to];
    return [
      {
        ...{ x: x.valueAt(from.x), x2: x.valueAt(to.x) },
        ...{ y: y.valueAt(from.y), y2: y.valueAt(to.y) },
      },
    ];
  });
  return {
    data: { values },
    mark: { type: 'rule', strokeWidth: 0.8, color: colour('soft'), aria: false },
    encoding: {
      ...{ x: { ...x.channel, field: 'x' }, x2: { field: 'x2' } },
      ...{ y: { ...y.channel, field: 'y' }, y2: { field: 'y2' } },
    },
  };
}

function spreadLayer(bubbles: readonly Bubble[], { x, y }: Axes): ChartLayer {
  const values = bubbles.flatMap(({ gmacs, spread }) => {
    return spread === undefined ? [] : [{ gmacs, low: spread[0], high: spread[1] }];
  });
  return {
    data: { values },
    mark: { type: 'rule', strokeWidth: 1.5, aria: false },
    encoding: {
      x: { ...x.channel, field: 'gmacs' },
      ...{ y: { ...y.channel, field: 'low' }, y2: { field: 'high' } },
    },
  };
}

function discLayer(
  bubbles: readonly Bubble[],
  series: ReturnType<typeof seriesOf>,
  most: number,
  { x, y }: Axes,
): ChartLayer {
  return {
    data: { values: [...bubbles] },
    mark: { type: 'point', filled: true, strokeWidth: 1.5 },
    encoding: {
      x: { ...x.channel, field: 'gmacs' },
      y: { ...y.channel, field: 'top1' },
      size: {
        field: 'parameters',
        type: 'quantitative',
        title: 'parameters',
        scale: { domain: [0, most], range: [0, LARGEST], nice: false },
        legend: { values: sizesUpTo(most), format: '~s', symbolFillColor: 'transparent' },
      },
      ...{ fill: series, stroke: series },
      shape: { condition: { test: 'datum.measured', value: 'diamond' }, value: 'circle' },
      fillOpacity: { condition: { test: 'datum.oneCrop', value: 0.5 }, value: 0 },
      description: { field: 'text' },
    },
  };
}

function nameLayer(
  bubbles: readonly Bubble[],
  labels: readonly Label[],
  { x, y }: Axes,
): ChartLayer {
  const values = labels.map((label, at) => {
    return { name: bubbles[at]?.name, x: x.valueAt(label.x), y: y.valueAt(label.y) };
  });
  return {
    data: { values },
    mark: { type: 'text', align: 'left', baseline: 'middle', fontSize: 11, aria: false },
    encoding: {
      x: { ...x.channel, field: 'x' },
      y: { ...y.channel, field: 'y' },
      text: { field: 'name' },
    },
  };
}

/** A kind has its colour in every chart. */
function seriesOf(present: readonly string[], kinds: readonly string[]) {
  const range = present.map((kind) => SERIES[kinds.indexOf(kind) % SERIES.length] as string);
  return {
    field: 'kind',
    type: 'nominal',
    title: null,
    scale: { domain: [...present], range },
    legend: present.length > 1 ? { columns: 4, symbolSize: 120 } : null,
  } as const;
}

/** The logarithmic axis of positive values, and where on it they are. */
function axisOf(values: readonly number[]) {
  const low = Math.log(Math.min(...values) / 1.35);
  const high = Math.log(Math.max(...values) * 1.35);
  const domain: [number, number] = [Math.exp(low), Math.exp(high)];
  return {
    channel: {
      type: 'quantitative',
      title: 'GMACs for one image, logarithmic',
      scale: { type: 'log', domain, nice: false },
      axis: { values: ticksWithin(domain), format: '~r', grid: true },
    },
    pixelOf: (value: number) => (WIDTH * (Math.log(value) - low)) / (high - low),
    valueAt: (pixel: number) => Math.exp(low + ((high - low) * pixel) / WIDTH),
  } as const;
}

function heightsOf(bubbles: readonly Bubble[]) {
  const values = bubbles.flatMap(({ top1, spread = [] }) => [top1, ...spread]);
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const room = ((greatest - least || 1) * ROOM) / 100;
  const [low, high] = [least - room, greatest + room];
  return {
    channel: {
      type: 'quantitative',
      title: 'top-1 accuracy, %',
      scale: { domain: [low, high] as [number, number], nice: false, zero: false },
    },
    pixelOf: (value: number) => (HEIGHT * (high - value)) / (high - low),
    valueAt: (pixel: number) => high - ((high - low) * pixel) / HEIGHT,
  } as const;
}

/** Powers of ten in the range, and 2 and 5 times each where it has few of them. */
function ticksWithin([low, high]: readonly [number, number]): number[] {
  const powers = Array.from({ length: 12 }, (_, at) => 10 ** (at - 7));
  const parts = high / low > 200 ? [1] : [1, 2, 5];
  return powers
    .flatMap((power) => parts.map((part) => part * power))
    .filter((tick) => tick >= low && tick <= high);
}

/** Round numbers of parameters for the legend. */
function sizesUpTo(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most));
  return [power / 10, power / 2, power].filter((size) => size > 0);
}
