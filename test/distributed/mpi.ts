/** What tests with processes of MPI have in common. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { MPI_PATH } from '../../src/distributed/open-world.js';

/** Tests that take minutes. */
export const ALL = process.env['CNN_TEST_DISTRIBUTED'] === '1';

export const MPIRUN = ['--quiet', '--oversubscribe', '--bind-to', 'none'];
export const ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMP_WAIT_POLICY: 'passive',
};

/** Skips the tests where there are no processes to test with; fails where nothing may be skipped. */
export function needsMpi(context: Mocha.Context): void {
  const reason = missing();
  if (reason === undefined) return;
  if (process.env['CNN_TEST_ALL'] === '1') throw new Error(reason);
  console.log(`      skipped: ${reason}`);
  context.skip();
}

function missing(): string | undefined {
  if (!existsSync(MPI_PATH)) return 'cnn was built without MPI (bin/setup --mpi)';
  const { stdout } = spawnSync('mpirun', ['--version'], { encoding: 'utf8' });
  return stdout?.includes('Open MPI') ? undefined : 'there is no mpirun of Open MPI';
}
