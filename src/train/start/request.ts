import type { Architecture } from '../../archs/index.js';
import type { PrincipalColours } from '../../augment/index.js';
import type { Backend } from '../../backend/index.js';
import type { CountedCall } from '../../backend/tuning/calls.js';
import type { World } from '../../distributed/world.js';
import type { Checkpoint } from '../../runs/checkpoint/open.js';
import type { RunDirectory, RunRecord } from '../../runs/run-directory.js';
import type { Provenance } from '../../settings/resolve.js';
import type { Settings } from '../../settings/types.js';

/** What the memory of a training depends on; what is absent is not in use. */
export type MemorySettings = Pick<Settings<'train'>, 'batchSize' | 'inputSize' | 'channels'> & {
  readonly numClasses: number;
} & Partial<
    Pick<
      Settings<'train'>,
      | 'trainCropSize'
      | 'opt'
      | 'gradAccumSteps'
      | 'clipGradNorm'
      | 'emaDecay'
      | 'freeze'
      | 'auxWeight'
      | 'bceLoss'
      | 'mixupAlpha'
      | 'cutmixAlpha'
      | 'randomErase'
    >
  >;

/** Bytes of a training step: null where only `leastBytes`, a part of them, is known. */
export interface MemoryEstimate {
  readonly stepBytes: number | null;
  readonly leastBytes: number;
  /** The kernels that a step calls, as far as they are known. */
  readonly calls: readonly CountedCall[];
}

export type EstimateMemory = (
  architecture: Architecture,
  backend: Pick<Backend, 'name' | 'precision'>,
  settings: MemorySettings,
) => Promise<MemoryEstimate>;

/** How many images of each set are used, spread over all of them. */
export interface ImageLimits {
  readonly training: number;
  readonly validation: number;
  /** How often an epoch has each of the training images: once by default. */
  readonly times?: number;
}

export interface TrainRequest {
  readonly settings: Settings<'train'>;
  readonly provenance: Provenance;
  readonly architecture: Architecture;
  /** `--data`, which the settings may leave open. */
  readonly data: string;
  /** Estimates the memory of a training step, of which the loop knows nothing. */
  readonly estimateMemory: EstimateMemory;
  /** The principal colours along which offsets are drawn; ImageNet's where it is absent. */
  readonly principalColours?: PrincipalColours;
  /** The run whose settings are repeated on the same data. */
  readonly repeats?: { readonly run: string; readonly fingerprint: string };
  /** Of the run that is repeated: in which precision, and by which candidates, it was computed. */
  readonly before?: Pick<RunRecord, 'settings' | 'backend' | 'choices'>;
  /** Uses a part of the images, for tests of the program; all by default. */
  readonly limits?: ImageLimits;
  /** The run is removed after it: its files are not guarded against damage. */
  readonly fleeting?: boolean;
  /** The processes that train together; this one alone by default. */
  readonly world?: World;
  /** The run to resume, and the settings that changed since. */
  readonly resume?: {
    readonly run: RunDirectory;
    readonly record: RunRecord;
    /** Undefined where the program ended before the first one: the run begins again. */
    readonly checkpoint: Checkpoint | undefined;
    readonly changed: Provenance;
  };
}
