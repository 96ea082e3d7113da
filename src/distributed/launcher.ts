/** What started this process together with others: mpirun, mpiexec or srun, by what they set. */
import { hostname } from 'node:os';

export interface Launched {
  /** Who says so, in words. */
  readonly by: string;
  readonly rank: number;
  readonly size: number;
  /** Whose launcher it is. */
  readonly family?: 'Open MPI' | 'MPICH';
  /** The kind of `srun --mpi`. */
  readonly slurm?: string;
}

interface Launcher {
  readonly by: string;
  readonly family?: Launched['family'];
  readonly rank: string;
  readonly size: string;
}

/** A shell that sbatch or salloc has started knows SLURM_NTASKS too: only a step has these. */
const LAUNCHERS: readonly Launcher[] = [
  {
    by: 'mpirun of Open MPI',
    family: 'Open MPI',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
  },
  // Of MPICH and its relatives, and srun --mpi=pmi2.
  { by: 'mpiexec with PMI', family: 'MPICH', rank: 'PMI_RANK', size: 'PMI_SIZE' },
  { by: 'srun', rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS' },
];

/** Undefined where this process was started alone, or as one of one. */
export function launchedBy(environment: NodeJS.ProcessEnv = process.env): Launched | undefined {
  for (const { by, family, ...names } of LAUNCHERS) {
    const rank = Number(environment[names.rank]);
    const size = Number(environment[names.size]);
    if (!Number.isInteger(rank) || !(size > 1)) continue;
    if (family === 'Open MPI') return { by, family, rank, size };
    const ofStep = Number(environment['SLURM_STEP_NUM_TASKS']) === size;
    if (ofStep) return { by: 'srun', rank, size, slurm: environment['SLURM_MPI_TYPE'] ?? 'none' };
    return { by, rank, size, ...(family && { family }) };
  }
  return undefined;
}

/** `rank 1 of 4 (host)`, as people read it in warnings and errors. */
export function rankName({ rank, size }: Pick<Launched, 'rank' | 'size'>): string {
  return `rank ${rank} of ${size} (${hostname()})`;
}
