import { counted } from '../../counted.js';
import { SOLO, type World } from '../../distributed/world.js';
import { copyCheckpoint, linkCheckpoint, saveCheckpoint } from '../../runs/checkpoint/save.js';
import type { RunDirectory } from '../../runs/run-directory.js';
import type { Progress } from '../../runs/state.js';
import type { Reporter } from '../../session/reporter.js';
import type { Session } from '../../session/session.js';
import type { Settings } from '../../settings/types.js';
import type { StepHook } from '../step-hook.js';
import { type Stateful, statesOf } from './stateful.js';

/** What a training saves, and when. */
export interface SaverOptions {
  readonly settings: Pick<Settings<'train'>, 'seed' | 'checkpointMinutes' | 'checkpointSteps'>;
  readonly run: Pick<RunDirectory, 'last' | 'best'>;
  readonly session: Pick<Session, 'card' | 'model'>;
  readonly parts: readonly Stateful[];
  readonly reporter: Pick<Reporter, 'note' | 'warn'>;
  /** Nobody keeps the run: the best checkpoint needs no copy of its own. */
  readonly fleeting?: boolean;
  readonly world?: World;
  /** Makes the same of what each process has of its own, such as running statistics. */
  readonly combine?: () => Promise<void>;
  /** Rejects where this must not replace the last checkpoint. */
  readonly check?: (progress: Progress) => Promise<void>;
}

/**
 * The most that checkpoints within epochs may take of the time: one that takes longer waits longer
 * for the next one, unless --checkpoint-steps asks for it.
 */
export const MOST_SHARE = 0.01;

/** Saves a run after each epoch, and within epochs by the clock or by steps. */
export class Saver {
  readonly #options: SaverOptions;
  readonly #now: () => number;
  /** When the last checkpoint was written, how long that took, and of which step it is. */
  #saved: { readonly at: number; readonly took: number; readonly step: number };
  #within = { count: 0, seconds: 0 };
  #warned = false;
  readonly #started: number;

  /** `step`: of the checkpoint that the run continues from. `now` tells seconds. */
  constructor(options: SaverOptions, step: number, now = (options.world ?? SOLO).now) {
    this.#options = options;
    this.#now = now;
    this.#started = now();
    this.#saved = { at: this.#started, took: 0, step };
  }

  /** Saves the last checkpoint, and as the best one too where it is that. */
  async save(progress: Progress, best = false): Promise<void> {
    const { settings, run, session, parts, check, fleeting = false, world = SOLO } = this.#options;
    await check?.(progress);
    await this.combine();
    await this.#together();
    const started = this.#now();
    const tensors = parts.flatMap((part) => part.tensors);
    const state = { seed: settings.seed, network: session.card, parts: statesOf(parts), progress };
    if (world.leads) {
      await saveCheckpoint(run.last, session.model, tensors, { format: 1, ...state });
      if (best) await (fleeting ? linkCheckpoint : copyCheckpoint)(run.last, run.best);
    }
    await this.#together();
    const at = this.#now();
    this.#saved = { at, took: at - started, step: progress.step };
  }

  /** Makes the network of several processes the same, before it is evaluated or saved. */
  async combine(): Promise<void> {
    await this.#options.combine?.();
  }

  /** Waits for all processes, whose clocks are the same then. */
  async #together(): Promise<void> {
    const { world = SOLO } = this.#options;
    if (world.size > 1) await world.agree();
  }

  /** Saves within an epoch where that is due. */
  readonly onStep: StepHook = async ({ step, progress }) => {
    if (!this.#isDue(step)) return;
    const since = this.#now() - this.#saved.at;
    await this.save(await progress());
    const { took } = this.#saved;
    const { count, seconds } = this.#within;
    this.#within = { count: count + 1, seconds: seconds + took };
    const share = took / (since + took);
    if (count === 0) {
      this.#options.reporter.note(
        `checkpoint of step ${step} within the epoch, in ${took.toFixed(2)} s: ${percentText(share)} of the time`,
      );
    }
    if (share > MOST_SHARE && !this.#warned) {
      this.#warned = true;
      this.#options.reporter.warn(
        `--checkpoint-steps ${this.#options.settings.checkpointSteps} spends ${percentText(share)} of the time on checkpoints: more steps, or --checkpoint-minutes instead, cost less`,
      );
    }
  };

  /** Says what the checkpoints within epochs cost, where there were any. */
  report(): void {
    const { count, seconds } = this.#within;
    if (count === 0) return;
    const share = seconds / (this.#now() - this.#started);
    this.#options.reporter.note(
      `${counted(count, 'checkpoint')} within epochs took ${seconds.toFixed(1)} s, ${percentText(share)} of the time`,
    );
  }

  #isDue(step: number): boolean {
    const { checkpointMinutes, checkpointSteps } = this.#options.settings;
    const { at, took, step: saved } = this.#saved;
    if (checkpointSteps !== null && step - saved >= checkpointSteps) return true;
    if (checkpointMinutes === 0) return false;
    return this.#now() - at >= Math.max(60 * checkpointMinutes, took / MOST_SHARE - took);
  }
}

function percentText(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
