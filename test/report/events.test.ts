import assert from 'node:assert/strict';
import { join } from 'node:path';
import { epochOfStep } from '../../src/report/events.js';
import { openRuns } from '../../src/report/runs.js';
import { curves } from '../../src/report/sections/curves.js';
import { temporaryDirectory } from '../commands/program.js';
import { recordOf, writeRun } from './run-files.js';

const TIME = '2026-01-02T03:04:05.000Z';

describe('events on the curves', () => {
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  const noticed = (step: number, epoch: number, kind: string) => {
    return { time: TIME, step, epoch, kind, text: `What ${kind} is` };
  };

  it('are where their steps are between the ends of the epochs', () => {
    const rows = [
      { epoch: 1, steps: 10 },
      { epoch: 2, steps: 20 },
      { epoch: 4, steps: 40 },
    ];
    const placed = [0, 5, 10, 15, 30].map((step) => epochOfStep({ step, epoch: 9 }, rows));
    assert.deepEqual(placed, [0, 0.5, 1, 1.5, 3]);
    assert.equal(epochOfStep({ step: 41, epoch: 5 }, rows), 5);
    assert.equal(epochOfStep({ step: 41, epoch: undefined }, rows), undefined);
    assert.equal(epochOfStep({ step: 3, epoch: 1 }, []), 1);
    assert.equal(epochOfStep({ step: 5, epoch: 1 }, [{ epoch: 1, step: 10 }]), 0.5);
  });

  it('are drawn on losses and accuracies alone, with their text', async () => {
    const events = [noticed(15, 2, 'dead-relu')];
    const resumed = [{ time: TIME, step: 10, changed: {} }];
    await writeRun(at('a'), recordOf({}, { events, resumed }));
    const { section, charts } = await curves((await openRuns([at('a')])).runs);
    for (const { name, chart } of charts) {
      const marked = ['loss', 'top-1', 'top-5'].includes(name);
      assert.equal(chart.svg.includes('step 15, dead-relu: What dead-relu is'), marked, name);
      assert.equal(chart.svg.includes('step 10, resumed: Resumed'), marked, name);
    }
    assert.match(section.body.text, /Triangles are events: dead-relu, resumed\./);
  });

  it('name their run where there are several', async () => {
    for (const name of ['b', 'c']) {
      await writeRun(at(name), recordOf({}, { events: [noticed(5, 1, `of-${name}`)] }));
    }
    const { charts } = await curves((await openRuns([at('b'), at('c')])).runs);
    const loss = charts.find(({ name }) => name === 'loss')?.chart.svg ?? '';
    assert.match(loss, /b, step 5, of-b: What of-b is/);
    assert.match(loss, /c, step 5, of-c: What of-c is/);
  });
});
