import type { Architecture } from '../archs/index.js';
import type { PrincipalColours } from '../augment/index.js';
import type { Checkpoint } from '../runs/checkpoint.js';
import type { RunDirectory, RunRecord } from '../runs/run-directory.js';
import type { Provenance } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';

export interface TrainRequest {
  readonly settings: Settings<'train'>;
  readonly provenance: Provenance;
  readonly architecture: Architecture;
  /** `--data`, which the settings may leave open. */
  readonly data: string;
  /** The principal colours along which offsets are drawn; ImageNet's where it is absent. */
  readonly principalColours?: PrincipalColours;
  /** The run to resume, and the settings that changed since. */
  readonly resume?: {
    readonly run: RunDirectory;
    readonly record: RunRecord;
    readonly checkpoint: Checkpoint;
    readonly changed: Provenance;
  };
}
