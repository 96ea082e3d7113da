/** What tests with processes of MPI have in common. */
import { findMpiLauncher } from '../../src/distributed/launch/mpi-launcher.js';

/** Tests that take minutes. */
export const ALL = process.env['CNN_TEST_DISTRIBUTED'] === '1';

/** Of the launcher of the MPI that the addon was built with. */
export function mpiEnvironment(): NodeJS.ProcessEnv {
  return { ...findMpiLauncher().environment, OMP_WAIT_POLICY: 'passive' };
}

/** The words that start a command so many times. */
export function mpirun(processes: number, command: readonly string[]): string[] {
  const { program, args } = findMpiLauncher();
  return [program, ...args(processes), ...command];
}

/** The words that start one process for each of some commands of a shell. */
export function mpirunEach(commands: readonly string[]): string {
  const { program, args } = findMpiLauncher();
  const [first = '', ...others] = commands;
  // What is not of one process alone comes before the first.
  return [[program, ...args(1), first].join(' '), ...others.map((one) => `-np 1 ${one}`)].join(
    ' : ',
  );
}

/** The rank of a process, by its environment. */
export function rankIn(environment: string): number | undefined {
  const [, rank] = /\0(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)/.exec(`\0${environment}`) ?? [];
  return rank === undefined ? undefined : Number(rank);
}

/** Skips the tests where there are no processes to test with; fails where nothing may be skipped. */
export function needsMpi(context: Mocha.Context): void {
  try {
    findMpiLauncher();
  } catch (error) {
    if (process.env['CNN_TEST_ALL'] === '1') throw error;
    console.log(`      skipped: ${(error as Error).message}`);
    context.skip();
  }
}
