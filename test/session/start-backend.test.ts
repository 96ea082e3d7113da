import assert from 'node:assert/strict';
import { SILENT } from '../../src/session/reporter.js';
import { startBackendOf } from '../../src/session/start-backend.js';

describe('the backend of a trained network', () => {
  const open = async (
    trainedIn: 'f32' | 'bf16' | undefined,
    precision: 'auto' | 'f32' = 'auto',
  ) => {
    const run = trainedIn && {
      settings: { precision: { value: 'auto' } },
      backend: { name: 'cpu', precision: trainedIn },
    };
    const options = { backend: 'cpu', device: 0, deterministic: true, threads: 1 } as const;
    return startBackendOf(run, { ...options, precision }, SILENT);
  };

  before(async function () {
    await open(undefined).catch(() => this.skip());
  });

  it('has the precision of the run where both left it open', async () => {
    for (const precision of ['bf16', 'f32'] as const) {
      const backend = await open(precision);
      assert.equal(backend.precision, precision);
      assert.match(backend.why, /as it was trained/);
    }
  });

  it('has what was asked for', async () => {
    assert.equal((await open('bf16', 'f32')).precision, 'f32');
  });
});
