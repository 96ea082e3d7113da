import assert from 'node:assert/strict';
import { loadAddon } from '../../src/backend/load-addon.js';
import { connectWorld } from '../../src/distributed/connected-world.js';
import { type Launched, launchedBy } from '../../src/distributed/launcher.js';
import { otherFamily, slurmAdvice } from '../../src/distributed/mpi-families.js';
import { checkSame, checkSameValues } from '../../src/distributed/same-start.js';
import { SOLO, shareOf, type World } from '../../src/distributed/world.js';
import { RunError, UsageError } from '../../src/errors.js';
import { Agreement } from '../../src/train/agreement.js';

let worlds = 0;

function connected(size: number): Promise<World[]> {
  const name = `connected ${worlds++}`;
  const addon = loadAddon();
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  return Promise.all(ranks.map((rank) => connectWorld(addon.openLoopback(name, rank, size, 60))));
}

const ofAll = <T>(all: readonly World[], ask: (world: World) => Promise<T>) =>
  Promise.all(all.map(ask));

describe('launchers', () => {
  const cases = [
    [{}, undefined],
    [{ OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4' }, [1, 4]],
    [{ PMI_RANK: '0', PMI_SIZE: '2' }, [0, 2]],
    [{ SLURM_PROCID: '2', SLURM_STEP_NUM_TASKS: '3' }, [2, 3]],
    // A shell of salloc, and a step of one task.
    [{ SLURM_PROCID: '0', SLURM_NTASKS: '8' }, undefined],
    [{ SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' }, undefined],
  ] as const;
  for (const [environment, expected] of cases) {
    it(`set ${JSON.stringify(environment)}`, () => {
      const found = launchedBy(environment);
      assert.deepEqual(found && [found.rank, found.size], expected);
    });
  }
});

describe('MPI and the launcher', () => {
  const OPEN_MPI = 'Open MPI v4.1.4';
  const MPICH = 'MPICH Version: 4.0.2';
  const byOpenMpi = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4' };
  const byHydra = { PMI_RANK: '0', PMI_SIZE: '2' };
  const bySlurm = (type?: string) => ({
    SLURM_PROCID: '0',
    SLURM_STEP_NUM_TASKS: '2',
    ...(type && { SLURM_MPI_TYPE: type }),
    ...(type === 'pmi2' && byHydra),
  });
  const found = (environment: NodeJS.ProcessEnv, library: string) => {
    const launched = launchedBy(environment) as Launched;
    return [otherFamily(library, launched)?.name, slurmAdvice(library, launched)];
  };

  it('are of one family', () => {
    assert.deepEqual(found(byOpenMpi, OPEN_MPI), [undefined, undefined]);
    assert.deepEqual(found(byOpenMpi, MPICH), ['MPICH', undefined]);
    assert.deepEqual(found(byHydra, MPICH), [undefined, undefined]);
    assert.deepEqual(found(byHydra, OPEN_MPI), ['Open MPI', undefined]);
    assert.deepEqual(found(byHydra, 'Intel(R) MPI Library 2021.19'), [undefined, undefined]);
  });

  it('are connected by Slurm in the way of the family', () => {
    assert.deepEqual(found(bySlurm('pmix_v4'), OPEN_MPI), [undefined, undefined]);
    assert.deepEqual(found(bySlurm('pmi2'), MPICH), [undefined, undefined]);
    const cases = [
      [undefined, OPEN_MPI, /--mpi=none .* Open MPI v4\.1\.4 is connected by srun --mpi=pmix/],
      ['pmi2', OPEN_MPI, /--mpi=pmi2 .* connected by srun --mpi=pmix/],
      ['pmix', MPICH, /--mpi=pmix .* connected by srun --mpi=pmi2/],
    ] as const;
    for (const [type, library, expected] of cases) {
      const [other, advice] = found(bySlurm(type), library);
      assert.equal(other, undefined);
      assert.match(String(advice), expected);
    }
  });
});

describe('a world of processes', () => {
  it('divides images without a rest', () => {
    const shares = [0, 1, 2].map((rank) => shareOf(rank, 3, 256));
    assert.deepEqual(
      shares.map(({ first, count }) => [first, count]),
      [
        [0, 86],
        [86, 85],
        [171, 85],
      ],
    );
  });

  it('agrees, sums, and combines, the same on each', async () => {
    const all = await connected(3);
    const agreed = await ofAll(all, ({ rank, agree }) => agree({ stop: rank, failed: rank > 0 }));
    for (const found of agreed) assert.deepEqual(found, { stop: 2, failed: 1 });
    assert.equal(new Set(all.map((world) => world.now())).size, 1);
    const sums = await ofAll(all, ({ rank, sum }) => sum([rank, 0.1]));
    for (const found of sums) assert.deepEqual(found, [3, 0.1 + 0.1 + 0.1]);
    const texts = await ofAll(all, (world) => world.texts(`é${'x'.repeat(world.rank)}`));
    for (const found of texts) assert.deepEqual(found, ['é', 'éx', 'éxx']);
    const told = await ofAll(all, ({ rank, told }) => told(`run ${rank}`));
    assert.deepEqual(told, ['run 0', 'run 0', 'run 0']);
    const means = await ofAll(all, ({ rank, combine }) =>
      combine(Float32Array.of(rank, 1), 'reduce'),
    );
    for (const found of means) assert.deepEqual([...found], [1, 1]);
    const leaders = await ofAll(all, ({ rank, combine }) =>
      combine(Float32Array.of(rank), 'broadcast'),
    );
    for (const found of leaders) assert.deepEqual([...found], [0]);
    assert.deepEqual(await ofAll(all, (world) => world.close(`${world.rank}`)), [
      true,
      false,
      false,
    ]);
  });

  it('refuses to begin with different things', async () => {
    const all = await connected(2);
    const checked = ofAll(all, (world) => checkSame(world, { '--lr': 0.1 + world.rank }));
    await assert.rejects(checked, (error: Error) => {
      return (
        error instanceof UsageError &&
        /--lr is 0\.1 on rank 0 .* 1\.1 on rank 1/.test(error.message)
      );
    });
    await checkSame(SOLO, { '--lr': 1 });
  });

  it('notices other weights on one of them', async () => {
    const all = await connected(3);
    const check = (different: number) =>
      ofAll(all, (world) => {
        const data = async () => Float32Array.of(1, 2, world.rank === different ? 3.0000002 : 3);
        return checkSameValues(world, [{ data }], 'after step 7');
      });
    await check(-1);
    await assert.rejects(check(2), (error: Error) => {
      const expected =
        /^The weights of rank 2 of 3 .* are not those of rank 0 of 3 .* after step 7:/;
      return error instanceof RunError && expected.test(error.message);
    });
  });

  it('ends a pass over items where one process cannot go on, or is asked to stop', async () => {
    const all = await connected(2);
    async function* items(rank: number) {
      for (let item = 0; item < 5; item++) {
        if (item === 3 && rank === 1) throw new Error('unreadable');
        yield item;
      }
    }
    const passes = all.map(async (world, rank) => {
      const signal = rank === 0 ? ('SIGTERM' as const) : undefined;
      const agreement = new Agreement(world, { signal });
      const taken: number[] = [];
      try {
        for await (const item of agreement.together(items(rank))) taken.push(item);
      } catch (error) {
        return [taken, agreement.signal, (error as Error).message];
      }
      return [taken];
    });
    const [first, second] = await Promise.all(passes);
    assert.deepEqual(first?.slice(0, 2), [[0, 1, 2], 'SIGTERM']);
    assert.match(String(first?.[2]), /^rank 1 of 2 .* cannot go on/);
    assert.deepEqual(second, [[0, 1, 2], 'SIGTERM', 'unreadable']);
  });
});
