import {
  type Architecture,
  type ArchOption,
  architectures,
  describeValues,
} from '../archs/index.js';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import type { Given } from '../settings/given.js';
import { table } from '../terminal/table.js';
import type { Result } from './command.js';

const HEADER = ['name', 'paper', 'year', 'depth', 'parameters', 'GMACs', 'Acc@1', 'Acc@5', 'by'];

/** Lists the networks, or those whose name or family begins with one of the words. */
export async function runArchs(given: Given): Promise<Result> {
  const names = (given['names'] ?? []) as readonly unknown[];
  const words = names.map((name) => String(name).toLowerCase());
  const listed = architectures.filter((architecture) => {
    return words.length === 0 || words.some((word) => isMeant(architecture, word));
  });
  const unknown = words.find((word) => !listed.some((entry) => isMeant(entry, word)));
  if (unknown !== undefined) {
    const known = architectures.flatMap(({ name, family }) => [name, family]);
    throw new UsageError(`No network or family "${unknown}".${didYouMean(unknown, known)}`);
  }
  const protocols = [...new Set(listed.flatMap(({ published }) => published?.protocol ?? []))];
  const rows = listed.map((architecture) => row(architecture, protocols));
  const legend = protocols.map((protocol, index) => `${mark(index)}  ${protocol}`);
  return {
    lines: [
      ...table([HEADER, ...rows], { alignment: ['left', 'left'], leaveOut: [3, 2, 1] }),
      '',
      ...legend,
      ...(words.length === 0 ? [] : optionLines(listed)),
    ],
    json: listed.map(describe),
  };
}

function isMeant({ name, family }: Architecture, word: string): boolean {
  return name.startsWith(word) || family === word;
}

function row(architecture: Architecture, protocols: readonly string[]): string[] {
  const { name, paper, depth, parameters, macs, published } = architecture;
  const [first, ...others] = paper.authors.split(', ');
  return [
    name,
    others.length === 0 ? paper.authors : `${first} et al.`,
    String(paper.year),
    String(depth),
    parameters.toLocaleString('en'),
    (macs / 1e9).toPrecision(3),
    published?.top1?.toFixed(2) ?? '-',
    published?.top5?.toFixed(2) ?? '-',
    published === undefined ? '' : mark(protocols.indexOf(published.protocol)),
  ];
}

/** The letter of a protocol, explained below the table. */
function mark(index: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + index);
}

/** What `--arch-options` takes, once for all networks that take the same. */
function optionLines(listed: readonly Architecture[]): string[] {
  const rows = new Map<string, { cells: string[]; networks: string[] }>();
  for (const { name: network, options = {} } of listed) {
    for (const [name, option] of Object.entries(options)) {
      const cells = optionCells(name, option);
      const known = rows.get(cells.join());
      if (known === undefined) rows.set(cells.join(), { cells, networks: [network] });
      else known.networks.push(network);
    }
  }
  if (rows.size === 0) return [];
  const body = [...rows.values()].map(({ cells, networks }) => [...cells, networks.join(', ')]);
  const header = ['--arch-options', 'values', 'default', 'what it changes', 'of'];
  const alignment = header.map(() => 'left' as const);
  return ['', ...table([header, ...body], { alignment, cut: 4 })];
}

function optionCells(name: string, option: ArchOption): string[] {
  return [name, describeValues(option), String(option.default), option.about];
}

function describe({ recipe: _recipe, build: _build, torchvision: _, ...facts }: Architecture) {
  return facts;
}
