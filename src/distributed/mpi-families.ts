/** The MPIs that are known: how they name themselves, and what starts processes that they connect. */
import type { Launched } from './launcher.js';

export interface MpiFamily {
  readonly name: Launched['family'];
  /** How the library names itself. */
  readonly library: RegExp;
  /** How the launcher names itself after --version. */
  readonly version: RegExp;
  /** How the launcher starts so many processes of this machine. */
  readonly args: (processes: number) => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The kind of `srun --mpi` that connects its processes, in Debian's build. */
  readonly slurm: string;
}

/** Their words about processes that end are left out where they can be: the processes say why. */
export const MPI_FAMILIES: readonly MpiFamily[] = [
  {
    name: 'Open MPI',
    library: /^Open MPI/,
    version: /Open MPI|OpenRTE/,
    args: (processes) => [
      ...['--quiet', '--oversubscribe', '--bind-to', 'none', '-np', String(processes)],
    ],
    // Whoever starts `cnn launch` as root in a container means it.
    environment: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
    slurm: 'pmix',
  },
  {
    name: 'MPICH',
    library: /^MPICH/,
    version: /HYDRA/i,
    args: (processes) => ['-bind-to', 'none', '-n', String(processes)],
    environment: {},
    slurm: 'pmi2',
  },
];

/** Undefined for a library that is not known. */
export function familyOf(library: string): MpiFamily | undefined {
  return MPI_FAMILIES.find((family) => family.library.test(library));
}

/**
 * Whether the launcher is of another family than the library, which then takes each process for the
 * only one. Undefined where that is not sure: processes of Slurm may be connected in several ways.
 */
export function otherFamily(library: string, launched: Launched): MpiFamily | undefined {
  const family = familyOf(library);
  if (launched.slurm !== undefined || launched.family === undefined) return undefined;
  return family?.name === launched.family ? undefined : family;
}

/** What is likely to be missing where srun has started the processes. */
export function slurmAdvice(library: string, { slurm }: Launched): string | undefined {
  const family = familyOf(library);
  if (slurm === undefined || family === undefined || slurm.startsWith(family.slurm))
    return undefined;
  return `srun --mpi=${slurm} has started the processes, but ${library} is connected by srun --mpi=${family.slurm} as a rule`;
}
