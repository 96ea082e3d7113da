/** Connects the processes that a launcher has started. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADDON_PATH } from '../addon.js';
import type { Addon, Collective } from '../backend/addon.js';
import { loadAddon } from '../backend/load-addon.js';
import { CnnError, firstLine, RunError } from '../errors.js';
import { SET_UP } from '../package-root.js';
import type { Reporter } from '../session/reporter.js';
import { connectWorld } from './connected-world.js';
import { type Launched, launchedBy } from './launcher.js';
import { otherFamily, slurmAdvice } from './mpi-families.js';
import { SOLO, type World } from './world.js';

export const MPI_PATH = join(dirname(ADDON_PATH), 'cnn_mpi.so');
/** How long processes wait for the one that says it for all: a launcher ends it with them. */
export const SPEAKING_MS = 2000;

export const SET_UP_MPI = `${SET_UP} --mpi`;

/** One process, where no launcher has started this one; nothing of MPI is loaded then. */
export async function openWorld(seconds: number, reporter: Pick<Reporter, 'warn'>): Promise<World> {
  const launched = launchedBy();
  if (launched === undefined) return SOLO;
  try {
    return await connectWorld(opened(launched, seconds, reporter), seconds);
  } catch (error) {
    // All of them have the same to say, and a launcher ends the others with the first.
    if (!(error instanceof NoWorldError) || launched.rank === 0) throw error;
    await delay(SPEAKING_MS);
    throw new CnnError('', error.exitCode, { cause: error });
  }
}

/** The processes do not meet. */
class NoWorldError extends RunError {}

function opened(launched: Launched, seconds: number, { warn }: Pick<Reporter, 'warn'>): Collective {
  const { by, rank, size } = launched;
  const started = `${by} has started ${size} processes, but`;
  const mpi = findMpi();
  if ('fix' in mpi) {
    throw new NoWorldError(`${started} ${mpi.detail}: run ${mpi.fix}, or start it without ${by}`);
  }
  const { library, addon } = mpi;
  const family = otherFamily(library, launched);
  if (family !== undefined) {
    const next = `start them by mpirun of ${family.name}, or by cnn launch`;
    throw new NoWorldError(`${started} cnn was built with ${library}: ${next}`);
  }
  const advice = slurmAdvice(library, launched);
  if (advice !== undefined && rank === 0) warn(advice);
  const collective = connected(addon, seconds, launched);
  if (collective.size === size) return collective;
  const next =
    'start them by the launcher of the MPI that cnn was built with (cnn doctor shows it)';
  throw new NoWorldError(`${started} ${library} sees ${collective.size}: ${next}`);
}

function connected(addon: Addon, seconds: number, { by, size }: Launched): Collective {
  try {
    return addon.openTransport(MPI_PATH, seconds);
  } catch (error) {
    throw new NoWorldError(
      `MPI does not connect the ${size} processes that ${by} has started: ${firstLine(error)}`,
      { cause: error },
    );
  }
}

type Mpi = { readonly library: string; readonly addon: Addon };
/** What is missing, as a clause, and the command that builds it. */
type NoMpi = { readonly detail: string; readonly fix: string };

/** The MPI that cnn was built with. */
export function findMpi(): Mpi | NoMpi {
  if (!existsSync(MPI_PATH)) return { detail: 'cnn was built without MPI', fix: SET_UP_MPI };
  let fix = SET_UP;
  try {
    const addon = loadAddon();
    fix = SET_UP_MPI;
    return { library: addon.describeTransport(MPI_PATH), addon };
  } catch (error) {
    return { detail: firstLine(error), fix };
  }
}

/** For `cnn doctor`. */
export function inspectMpi(): { usable: boolean; detail: string; fix?: string } {
  const mpi = findMpi();
  if ('fix' in mpi) return { usable: false, ...mpi };
  const launched = launchedBy();
  const started = launched ? `, started by ${launched.by}` : '';
  return { usable: true, detail: `${mpi.library}, for trainings of several processes${started}` };
}
