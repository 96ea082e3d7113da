/** What started this process together with others: mpirun, mpiexec or srun, by what they set. */
import { hostname } from 'node:os';

export interface Launched {
  /** Who says so, in words. */
  readonly by: string;
  readonly rank: number;
  readonly size: number;
}

interface Launcher {
  readonly by: string;
  readonly rank: string;
  readonly size: string;
}

/** A shell that sbatch or salloc has started knows SLURM_NTASKS too: only a step has these. */
const LAUNCHERS: readonly Launcher[] = [
  { by: 'mpirun of Open MPI', rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE' },
  { by: 'a launcher with PMI, as of MPICH', rank: 'PMI_RANK', size: 'PMI_SIZE' },
  { by: 'srun', rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS' },
];

/** Undefined where this process was started alone, or as one of one. */
export function launchedBy(environment: NodeJS.ProcessEnv = process.env): Launched | undefined {
  for (const { by, rank, size } of LAUNCHERS) {
    const found = { by, rank: Number(environment[rank]), size: Number(environment[size]) };
    if (Number.isInteger(found.rank) && found.size > 1) return found;
  }
  return undefined;
}

/** `rank 1 of 4 (host)`, as people read it in warnings and errors. */
export function rankName({ rank, size }: Pick<Launched, 'rank' | 'size'>): string {
  return `rank ${rank} of ${size} (${hostname()})`;
}
