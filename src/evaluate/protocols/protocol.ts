import type { Architecture } from '../../archs/index.js';
import type { Transform } from '../../augment/index.js';
import { UsageError } from '../../errors.js';
import type { Settings } from '../../settings/types.js';
import { PROTOCOLS, type ProtocolRow } from './table.js';
import { type Geometry, viewsAtScale } from './views.js';

/** A protocol for one network: how it sees an image. */
export interface Protocol extends Omit<ProtocolRow, 'scales'>, Geometry {
  /** The short sides to which an image is resized, ascending. */
  readonly scales: readonly number[];
  /** Views of an image. */
  readonly views: number;
  /** What stands beside each number. */
  readonly stamp: string;
}

export type ProtocolSettings = Pick<Settings<'eval'>, 'crops' | 'scales' | 'mirror' | 'resizeSize'>;

/** The size that the papers' short sides are for. */
const PAPER_SIZE = 224;

/** Throws a UsageError where settings make no sense together, whatever the size of images. */
export function checkProtocols(
  settings: ProtocolSettings,
  architecture: Pick<Architecture, 'family'>,
): void {
  const names = settings.crops ?? CENTRE;
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) {
    throw new UsageError(`Expected each of --crops once but received ${twice} twice`);
  }
  checkUse(rowsOf(settings, architecture), settings);
}

/**
 * The protocols that settings name, in their order, for a network that evaluates with `transform`.
 * Throws a UsageError where a crop does not fit an image.
 */
export function protocolsOf(
  settings: ProtocolSettings,
  architecture: Pick<Architecture, 'family'>,
  transform: Transform,
): Protocol[] {
  return rowsOf(settings, architecture).map((row) => protocolOf(row, settings, transform));
}

const CENTRE = ['1'] as const;

function rowsOf(
  { crops }: ProtocolSettings,
  { family }: Pick<Architecture, 'family'>,
): ProtocolRow[] {
  return (crops ?? CENTRE).map((name) => rowOf(name, family));
}

function rowOf(name: string, family: string): ProtocolRow {
  return PROTOCOLS.find(
    ({ crops, families }) => crops === name && (families?.includes(family) ?? true),
  ) as ProtocolRow;
}

/** A setting without an effect is refused, because it is a mistake. */
function checkUse(
  rows: readonly ProtocolRow[],
  { scales, mirror, resizeSize }: ProtocolSettings,
): void {
  const named = rows.map(({ crops }) => crops).join(',');
  if (scales !== null && !rows.some(takesScales)) {
    throw new UsageError(
      `--scales does nothing to --crops ${named}, which is at one scale: give it by --resize-size, or add --crops dense`,
    );
  }
  const usesResize = rows.some((row) => row.scales === 'network' && !(takesScales(row) && scales));
  if (resizeSize !== null && !usesResize) {
    throw new UsageError(
      `--resize-size does nothing to --crops ${named}, which resizes images to several sides: give them by --scales`,
    );
  }
  if (mirror !== null && !rows.some(({ mirrorIsFree }) => mirrorIsFree)) {
    throw new UsageError(
      `--${mirror ? '' : 'no-'}mirror does nothing to --crops ${named}, half of which are mirrored: leave it out`,
    );
  }
}

function takesScales({ scales, crops }: ProtocolRow): boolean {
  return scales !== 'network' || crops === 'dense';
}

function protocolOf(row: ProtocolRow, settings: ProtocolSettings, transform: Transform): Protocol {
  const { size } = transform;
  const scales = scalesOf(row, settings, transform);
  const mirror = (row.mirrorIsFree ? settings.mirror : null) ?? row.mirror;
  const [least = 0] = scales;
  if (row.crops !== '1' && least < size) {
    throw new UsageError(
      `--crops ${row.crops} needs short sides of at least ${size}, which is what the network sees, but received ${least}: give larger ${takesScales(row) ? '--scales' : '--resize-size'}, or a smaller --crop-size`,
    );
  }
  const known = { ...row, scales, size, transform, mirror };
  const views = scales.length * viewsAtScale(known);
  return { ...known, views, stamp: stampOf(known, views) };
}

function scalesOf(
  row: ProtocolRow,
  { scales }: ProtocolSettings,
  { resize, size }: Transform,
): readonly number[] {
  const own = typeof resize === 'number' ? [resize] : [resize[0]];
  const usual =
    row.scales === 'network'
      ? own
      : row.scales.map((short) => Math.round((short * size) / PAPER_SIZE));
  if (scales === null || !takesScales(row)) return usual;
  const given = [...new Set(scales)].sort((a, b) => a - b);
  if (row.crops === 'dense' || given.length === usual.length) return given;
  throw new UsageError(
    `--crops ${row.crops} is at ${usual.length} scales, such as ${usual.join(',')}, but --scales has ${given.length}`,
  );
}

function stampOf(
  { title, scales, size, mirror, places, source }: Omit<Protocol, 'views' | 'stamp'>,
  views: number,
): string {
  const sides = `short ${scales.length === 1 ? 'side' : 'sides'} ${scales.join(', ')}`;
  const what = places === 'map' ? `${title} for ${size}×${size}` : `${title} of ${size}×${size}`;
  const mean = views === 1 ? '' : `, softmax averaged over ${views} views`;
  return `${what}, ${sides}${mirror ? ', mirrored' : ''}${mean}${source && ` (${source})`}`;
}
