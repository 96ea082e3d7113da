/** What `cnn explain` says of a network: its paper's table, counted here, and its departures. */
import {
  type Architecture,
  type BuildOptions,
  type Published,
  titleOf,
  withUndrawn,
} from '../archs/index.js';
import { type Departure, paperOf } from '../archs/papers/index.js';
import { withCountingBackend } from '../backend/counting-backend.js';
import { allPublished } from '../settings/recipes/index.js';
import { type DrawnStage, type Stage, stagesOf } from './network/stages.js';

type Difference = Pick<Departure, 'about' | 'what' | 'source'>;

export interface Explanation {
  readonly arch: string;
  readonly options: readonly string[];
  readonly paper: Architecture['paper'] & { readonly venue: string; readonly table: string };
  readonly inputSize: number;
  readonly channels: number;
  readonly classes: number;
  readonly auxiliary: boolean;
  /** Layers with weights on the longest path. */
  readonly depth: number | null;
  readonly stages: readonly Stage[];
  readonly parameters: number;
  readonly macs: number;
  /** What the paper prints of the whole network. */
  readonly printed: string | null;
  /** What differs from the paper. */
  readonly differs: { readonly here: Difference[]; readonly torchvision: Difference[] };
  /** Nothing was published of a network with other options. */
  readonly published: readonly (Published & { readonly recipe: string })[];
}

/** An explanation with what is drawn. */
export interface Explained {
  readonly title: string;
  readonly explanation: Explanation;
  readonly stages: readonly DrawnStage[];
}

/** Works by shapes alone: no weight is drawn and no backend computes. */
export async function explain(
  architecture: Architecture,
  options: Omit<BuildOptions, 'seed' | 'options'> & { auxiliary: boolean },
): Promise<Explained> {
  const { table, departures } = paperOf(architecture);
  const { name, given = [], depth, paper } = architecture;
  const stages = await withCountingBackend('f32', () =>
    withUndrawn(architecture, options, (model) => stagesOf(model, table.rows)),
  );
  const total = (count: 'parameters' | 'macs') =>
    stages.reduce((sum, { stage }) => sum + stage[count], 0);
  const of = (where: 'here' | 'torchvision') =>
    departures.filter((row) => row.where === where || row.where === 'both').map(differenceOf);
  const explanation: Explanation = {
    ...{ arch: name, options: given },
    paper: { ...paper, venue: table.venue, table: table.source },
    inputSize: options.size,
    channels: options.channels,
    classes: options.classes,
    auxiliary: options.auxiliary,
    depth: given.length === 0 ? depth : null,
    stages: stages.map(({ stage }) => stage),
    parameters: total('parameters'),
    macs: total('macs'),
    printed: table.printed?.[name] ?? null,
    differs: {
      here: [...changesOf(architecture, options), ...of('here')],
      torchvision: of('torchvision'),
    },
    published: given.length === 0 ? publishedOf(architecture) : [],
  };
  return { title: titleOf(architecture), explanation, stages };
}

function differenceOf({ about, what, source }: Departure): Difference {
  return { about, what, source };
}

/** What somebody asked to be other than at the defaults. */
function changesOf(
  { given = [], options = {}, size, channels, classes }: Architecture,
  asked: Pick<BuildOptions, 'size' | 'channels' | 'classes'>,
): Difference[] {
  const about = 'network';
  const chosen = given.map((text) => {
    const [option = ''] = text.split('=');
    const row = options[option];
    const source = `--arch-options; ${row?.about}, by default ${row?.default}`;
    return { about, what: text, source } as const;
  });
  const rows = [
    ['--input-size', size, asked.size, (side: number) => `images of ${side}×${side}`],
    ['--channels', channels, asked.channels, (count: number) => `images of ${count} channels`],
    ['--num-classes', classes, asked.classes, (count: number) => `${count} classes`],
  ] as const;
  const changed = rows.flatMap(([flag, own, value, words]) => {
    if (own === value) return [];
    return [{ about, what: words(value), source: `${flag}, by default ${own}` } as const];
  });
  return [...chosen, ...changed];
}

/** Once where two recipes have the same result. */
function publishedOf(architecture: Architecture): Explanation['published'] {
  return allPublished(architecture).filter(({ protocol, top1 }, place, all) => {
    return all.findIndex((other) => other.protocol === protocol && other.top1 === top1) === place;
  });
}
