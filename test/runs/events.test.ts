import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openEventLog } from '../../src/runs/events.js';
import {
  type RunRecord,
  readRecord,
  runDirectory,
  writeRecord,
} from '../../src/runs/run-directory.js';
import { temporaryDirectory } from '../commands/program.js';

describe('the events of a run', () => {
  const directory = temporaryDirectory();

  it('are appended to its record, in the order in which they came', async () => {
    const run = { ...runDirectory(directory.path), record: join(directory.path, 'run.json') };
    const data = { name: 'a', root: '/a', fingerprint: 'f', classes: [] };
    await writeRecord(run, { settings: {}, data, resumed: [], more: 1 } as unknown as RunRecord);
    const log = openEventLog(run);
    await Promise.all(
      [1, 2, 3].map((step) => log.add({ epoch: 1, step, kind: 'test', text: `step ${step}` })),
    );
    const { events = [], ...rest } = await readRecord(run);
    assert.deepEqual(
      events.map(({ step, text }) => [step, text]),
      [
        [1, 'step 1'],
        [2, 'step 2'],
        [3, 'step 3'],
      ],
    );
    assert.ok(events.every(({ time }) => Math.abs(Date.parse(time) - Date.now()) < 60_000));
    assert.deepEqual(rest, { settings: {}, data, resumed: [], more: 1 });
  });
});
