/** Connects the processes that a launcher has started. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ADDON_PATH } from '../addon.js';
import { loadAddon } from '../backend/load-addon.js';
import { firstLine, RunError } from '../errors.js';
import { SET_UP } from '../package-root.js';
import { connectWorld } from './connected-world.js';
import { type Launched, launchedBy } from './launcher.js';
import { SOLO, type World } from './world.js';

export const MPI_PATH = join(dirname(ADDON_PATH), 'cnn_mpi.so');
export const SET_UP_MPI = `${SET_UP} --mpi`;

/** One process, where no launcher has started this one; nothing of MPI is loaded then. */
export async function openWorld(seconds: number): Promise<World> {
  const launched = launchedBy();
  if (launched === undefined) return SOLO;
  if (!existsSync(MPI_PATH)) {
    throw new RunError(
      `${launched.by} has started ${launched.size} processes, but cnn was built without MPI: run ${SET_UP_MPI}, or start it without ${launched.by}`,
    );
  }
  const collective = open(launched, seconds);
  if (collective.size !== launched.size) {
    throw new RunError(
      `${launched.by} has started ${launched.size} processes, but ${collective.description} sees ${collective.size}: start them by the launcher of the MPI that cnn was built with (cnn doctor shows it)`,
    );
  }
  return connectWorld(collective, seconds);
}

function open(launched: Launched, seconds: number) {
  try {
    return loadAddon().openTransport(MPI_PATH, seconds);
  } catch (error) {
    throw new RunError(
      `MPI does not connect the ${launched.size} processes that ${launched.by} has started: ${firstLine(error)}`,
      { cause: error },
    );
  }
}

/** For `cnn doctor`. */
export function inspectMpi(): { usable: boolean; detail: string; fix?: string } {
  if (!existsSync(MPI_PATH)) {
    return { usable: false, detail: 'cnn was built without MPI', fix: SET_UP_MPI };
  }
  try {
    const library = loadAddon().describeTransport(MPI_PATH);
    const launched = launchedBy();
    const started = launched ? `, started by ${launched.by}` : '';
    return { usable: true, detail: `${library}, for trainings of several processes${started}` };
  } catch (error) {
    return { usable: false, detail: firstLine(error), fix: SET_UP_MPI };
  }
}
