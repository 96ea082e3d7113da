/**
 * `cnn train --verify-resume`: trains a short run, and again with a process that is killed time and
 * again, each time to be resumed, and compares what is left.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunError } from '../../errors.js';
import type { Reporter } from '../../session/reporter.js';
import type { Given } from '../../settings/given.js';
import { exists } from '../../system/files.js';
import type { ImageLimits } from '../../train/start/request.js';
import { differences } from './compare.js';
import type { Doomed } from './doomed.js';
import { type Census, drawMoments, type Moment } from './moments.js';

/** Trains in a process of its own; undefined where it was killed at its moment. */
export type StartProcess = (doomed: Doomed) => Promise<Census | undefined>;

export interface VerifyOptions {
  readonly start: StartProcess;
  readonly kills: number;
  readonly seed: number;
  readonly reporter: Pick<Reporter, 'note'>;
  /** The moments to kill at, of those that happen; drawn by default. */
  readonly choose?: (census: Census) => readonly Moment[];
}

/** A process may end between the beginning of its last step and the kill. */
const TRIES = 4;

export interface Verified {
  /** What was about to happen at each kill. */
  readonly kills: readonly string[];
  /** Runs that were killed, resumed to their end and compared with the one that was not. */
  readonly compared: number;
}

/** Throws a RunError where a run that was killed and resumed is another one than that which was not. */
export async function verifyResume(
  given: Given,
  limits: ImageLimits,
  { start, reporter, ...options }: VerifyOptions,
): Promise<Verified> {
  const output = await mkdtemp(join(tmpdir(), 'cnn-verify-'));
  const whole = join(output, 'whole');
  const begin = (name: string) => ({
    given: { ...given, output, experiment: name },
    limits,
    root: output,
  });
  try {
    const census = await start({ ...begin('whole'), moment: undefined });
    if (census === undefined) throw new Error('Expected a training that nothing ends');
    const { kills, seed, choose = (found) => drawMoments(found, kills, seed) } = options;
    const moments = choose(withoutName(census, 'whole'));
    const killed: string[] = [];
    let [compared, run] = [0, 0];
    const next = () => join(output, `run${run}`);
    /** Starts or resumes the run that is under way; whether it came to its end. */
    const go = async (moment: Moment | undefined): Promise<boolean> => {
      const path = next();
      const resume = (await exists(path)) && { given: { resume: path }, limits, root: output };
      const doomed = resume || begin(`run${run}`);
      const named = moment && { ...moment, what: withName(moment.what, `run${run}`) };
      if ((await start({ ...doomed, moment: named })) === undefined) return false;
      await compare(path, whole, killed);
      compared++;
      run++;
      return true;
    };
    for (const moment of moments) {
      // Where little of the run was left, it ended before the moment, and the next one has it.
      for (let tries = 1; await go(moment); tries++) {
        if (tries < TRIES) continue;
        throw new Error(`Expected a run to have the moment ${JSON.stringify(moment)}`);
      }
      killed.push(moment.what);
      reporter.note(`killed ${killed.length}/${moments.length}: ${moment.what} (${moment.time})`);
    }
    await go(undefined);
    return { kills: killed, compared };
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

async function compare(run: string, whole: string, kills: readonly string[]): Promise<void> {
  const differing = await differences(run, whole);
  if (differing.length === 0) return;
  throw new RunError(
    `A run that was killed and resumed differs from the one that was not in ${differing.join(', ')}. ` +
      `The kills so far: ${kills.join('; ')}`,
  );
}

const RUN = '<run>';

/** A census of a run by any name. */
function withoutName(census: Census, name: string): Census {
  return Object.fromEntries(
    Object.entries(census).map(([what, times]) => {
      return [what.replace(new RegExp(` ${name}(?=/|$)`), ` ${RUN}`), times];
    }),
  );
}

function withName(what: string, name: string): string {
  return what.replace(RUN, name);
}
