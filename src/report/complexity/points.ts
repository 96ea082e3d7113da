/** Accuracy and cost of networks: as published, and as measured in runs. */
import { type Architecture, architectures, type Published } from '../../archs/index.js';
import { isCentreCrop, isImageNet } from '../../evaluate/imagenet.js';
import { costOf } from '../../evaluate/network-of-run.js';
import { allPublished } from '../../settings/recipes/index.js';
import type { ReportedRun } from '../runs.js';
import { bestRow, protocolOf } from '../sections/overview.js';
import { RESULTS } from './results.js';

/** A row of the table, and where `drawn` a point of the chart. */
export interface Point {
  readonly name: string;
  readonly kind: Kind;
  readonly year: number;
  readonly depth: number;
  readonly gmacs: number;
  readonly parameters: number;
  readonly top1: number | undefined;
  readonly top5: number | undefined;
  readonly protocol: string;
  readonly source: string;
  /** One crop of the size that the multiply-adds are counted for. */
  readonly oneCrop: boolean;
  readonly measured: boolean;
  readonly drawn: boolean;
}

/** The images that accuracies are of, and what networks reach on them. */
export interface Panel {
  readonly data: string;
  readonly points: readonly Point[];
}

/** Families as charts tell them apart. */
export const KINDS = [
  'AlexNet',
  'NiN',
  'VGG',
  'GoogLeNet',
  'ResNet',
  'pre-activation ResNet',
  'plain network',
  'DenseNet',
  'LeNet-5',
  'simple CNN',
] as const;

export type Kind = (typeof KINDS)[number];

const KIND_OF_FAMILY: Readonly<Record<string, Kind>> = {
  ...{ lenet: 'LeNet-5', 'simple-cnn': 'simple CNN', alexnet: 'AlexNet', nin: 'NiN', vgg: 'VGG' },
  ...{ googlenet: 'GoogLeNet', resnet: 'ResNet', densenet: 'DenseNet' },
};

/** The catalogue, and the runs on the data that they are of. */
export async function panelsOf(runs: readonly ReportedRun[]): Promise<Panel[]> {
  const panels = new Map<string, Point[]>();
  for (const architecture of architectures) {
    const points = publishedPoints(architecture);
    const data = dataOf(architecture);
    panels.set(data, [...(panels.get(data) ?? []), ...points]);
  }
  for (const run of runs) {
    const data = dataOfRun(run, [...panels.keys()]);
    panels.set(data, [...(panels.get(data) ?? []), await measuredPoint(run)]);
  }
  return [...panels].map(([data, points]) => ({ data, points }));
}

/** Networks of which nothing was published stand where their family does. */
function dataOf({ published, classes, size }: Architecture): string {
  if (published !== undefined) return published.protocol.split(/, | "/)[0] as string;
  return classes === 1000 ? 'ILSVRC-2012 val' : size === 32 ? 'CIFAR-10 test' : 'other images';
}

/** The results of a network: one crop is drawn rather than more, and the first of those. */
function publishedPoints(architecture: Architecture): Point[] {
  const { name, paper, depth, macs, parameters } = architecture;
  const shared = { ...{ name, depth, parameters }, kind: kindOf(architecture), year: paper.year };
  const rest = { gmacs: macs / 1e9, measured: false };
  const results = resultsOf(architecture);
  if (results.length === 0) {
    const none = { top1: undefined, top5: undefined, protocol: '', source: '' };
    return [{ ...shared, ...rest, ...none, oneCrop: false, drawn: false }];
  }
  const known = results.filter(({ top1 }) => top1 !== undefined);
  const drawn = known.find(isOneCrop) ?? known[0];
  return results.map((result) => {
    const { top1, top5, protocol, source } = result;
    const scores = {
      top1,
      top5,
      source,
      protocol: protocol.replace(`${dataOf(architecture)}, `, ''),
    };
    return { ...shared, ...rest, ...scores, oneCrop: isOneCrop(result), drawn: result === drawn };
  });
}

function resultsOf(architecture: Architecture): Published[] {
  const { name } = architecture;
  const all = [...allPublished(architecture), ...RESULTS.filter(({ network }) => network === name)];
  // torchvision's networks have torchvision's results by their paper's recipe already.
  return all.filter(({ top1, top5 }, at) => {
    return all.findIndex((other) => other.top1 === top1 && other.top5 === top5) === at;
  });
}

/** Networks of small images see them whole. */
function isOneCrop(published: Published): boolean {
  return isCentreCrop(published) || !published.protocol.startsWith('ILSVRC');
}

function kindOf({ name, family }: Pick<Architecture, 'name' | 'family'>): Kind {
  if (name.startsWith('plain')) return 'plain network';
  if (name.startsWith('preresnet')) return 'pre-activation ResNet';
  return KIND_OF_FAMILY[family] as Kind;
}

/** The panel of published results on the same images, else one of its own for each dataset. */
function dataOfRun({ record }: ReportedRun, known: readonly string[]): string {
  const { name, classes, validation, fingerprint, evaluation = fingerprint } = record.data;
  if (isImageNet(classes, validation)) return 'ILSVRC-2012 val';
  const published = known.find((data) => data.toLowerCase() === `${name} test`);
  return published ?? `${name} (${evaluation.slice(0, 8)})`;
}

async function measuredPoint(run: ReportedRun): Promise<Point> {
  const { name, record, architecture } = run;
  const best = bestRow(run);
  const cost = architecture && (await costOf(record));
  return {
    ...{ name, measured: true, oneCrop: true },
    kind: architecture === undefined ? 'simple CNN' : kindOf(architecture),
    year: new Date(record.started).getFullYear(),
    depth: architecture?.depth ?? 0,
    gmacs: (cost?.macs ?? 0) / 1e9,
    parameters: cost?.parameters ?? 0,
    ...{ top1: best?.eval_top1, top5: best?.eval_top5 },
    protocol: protocolOf(run),
    source: `measured: ${run.arch}, epoch ${best?.epoch ?? '-'}`,
    drawn: cost !== undefined && best !== undefined,
  };
}
