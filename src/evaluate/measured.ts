import type { Checkpoint } from '../runs/checkpoint/open.js';
import type { RunRecord } from '../runs/run-directory.js';
import { isBest } from '../runs/state.js';
import type { Scores } from '../session/metrics.js';
import type { NetworkCard } from '../session/network-card.js';

/** What the run measured of the weights of a checkpoint. */
export interface Measured {
  readonly scores: Scores;
  /** The dataset, where the run still says. */
  readonly data: string | undefined;
  /** How it saw images. */
  readonly card: NetworkCard;
}

/** Undefined where the last evaluation was of other weights; `averaged`: of their average. */
export function measuredOf(
  { state }: Checkpoint,
  record: RunRecord | undefined,
  averaged: boolean,
): Measured | undefined {
  const { progress, network: card } = state;
  const { best, last, stepInEpoch } = progress;
  const decisive = isBest(progress) ? best : undefined;
  const ofEpoch = stepInEpoch === 0 ? last : undefined;
  const own = decisive?.averaged === true ? ofEpoch : (decisive ?? ofEpoch);
  const found = averaged ? decisive?.averaged && decisive : own;
  if (!found) return undefined;
  const { loss, top1, top5, images } = found;
  return { scores: { loss, top1, top5, images }, data: record?.data.name, card };
}
