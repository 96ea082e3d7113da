/** The program that starts the processes of the MPI that cnn was built with. */
import { spawnSync } from 'node:child_process';
import { RunError } from '../../errors.js';
import { familyOf, type MpiFamily } from '../mpi-families.js';
import { findMpi, SET_UP_MPI } from '../open-world.js';

/** How a program is started so many times on this machine. */
export interface MpiLauncher extends Pick<MpiFamily, 'args' | 'environment'> {
  readonly program: string;
}

const PROGRAMS = ['mpirun', 'mpiexec', 'mpirun.openmpi', 'mpiexec.hydra'];

/** Throws what is missing, with the command that installs it. */
export function findMpiLauncher(): MpiLauncher {
  const mpi = findMpi();
  if ('fix' in mpi) {
    throw new RunError(
      `Several processes train together by MPI, but ${mpi.detail}: run ${mpi.fix}`,
    );
  }
  return launcherFor(mpi.library, PROGRAMS.map(versionOf));
}

export interface Version {
  readonly program: string;
  /** What it prints after --version; undefined where there is no such program. */
  readonly version: string | undefined;
}

export function launcherFor(library: string, versions: readonly Version[]): MpiLauncher {
  const family = familyOf(library);
  if (family === undefined) {
    throw new RunError(
      `cnn launch starts processes of Open MPI and MPICH, but cnn was built with ${library}: start them by its own launcher, for example mpiexec -n 2 bin/cnn.js train`,
    );
  }
  const found = versions.find(
    ({ version }) => version !== undefined && family.version.test(version),
  );
  if (found !== undefined) return { ...family, program: found.program };
  const others = versions.filter(({ version }) => version !== undefined);
  const instead = others.map(
    ({ program, version }) => `${program} is of ${version?.trim().split('\n')[0]}`,
  );
  throw new RunError(
    `cnn was built with ${library}, whose launcher is not in the PATH${instead.length > 0 ? ` (${instead.join(', ')})` : ''}: run ${SET_UP_MPI}`,
  );
}

function versionOf(program: string): Version {
  const { error, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return { program, version: error === undefined ? stdout : undefined };
}
