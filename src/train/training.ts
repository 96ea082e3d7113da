import type * as tf from '@tensorflow/tfjs-core';
import type { Backend } from '../backend/index.js';
import type { BatchLoader } from '../data/batches/batches.js';
import type { World } from '../distributed/world.js';
import type { Logger } from '../loggers/logger.js';
import type { Optimizer } from '../network/optimizer.js';
import type { Together } from '../network/rules/rule.js';
import type { EventLog } from '../runs/events.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { Reporter } from '../session/reporter.js';
import type { Session } from '../session/session.js';
import type { Settings } from '../settings/types.js';
import type { Agreement } from './agreement.js';
import type { Limits } from './limits.js';
import type { Outlook } from './opening/outlook.js';
import type { Saver } from './saving/saver.js';
import type { Schedule } from './schedule.js';
import type { Sentinel } from './sentinel/sentinel.js';
import type { HeadStart } from './start/head-start.js';
import type { StepHook } from './step-hook.js';
import type { Updating } from './updating.js';

/** What the training of an epoch needs. */
export interface EpochTraining {
  readonly settings: Settings<'train'>;
  readonly backend: Backend;
  readonly alternate: boolean;
  readonly session: Session;
  readonly optimizer: Optimizer;
  /** With --frozen-epochs. */
  readonly headStart?: HeadStart;
  readonly world: World;
  /** How several processes divide a batch. */
  readonly together?: Together | undefined;
  readonly agreement: Agreement;
  readonly schedule: Schedule;
  readonly updating: Updating;
  readonly limits: Limits;
  readonly trainLoader: BatchLoader;
  readonly reporter: Reporter;
  readonly logger: Logger;
  readonly events: EventLog;
  readonly sentinel: Sentinel;
  readonly outlook: Outlook;
  /** Called one after the other. */
  readonly stepHooks: readonly StepHook[];
  /** Asked after each step. */
  readonly stopped: () => boolean;
  /** Is aborted when a signal asks to stop, so that nothing is waited for. */
  readonly stopAsked: AbortSignal;
}

/** Everything that a run needs; `train` prepares it. */
export interface Training extends EpochTraining {
  readonly valLoader: BatchLoader;
  readonly run: RunDirectory;
  readonly saver: Saver;
  /** What all processes train alike. */
  readonly alike: readonly tf.Variable[];
  /** Asked after each step of an evaluation, which each process does alone. */
  readonly evaluating: Pick<EpochTraining, 'stopped' | 'stopAsked'>;
}
