import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runDataSuspects } from '../../../src/commands/data/suspects.js';
import { runTrain } from '../../../src/commands/train.js';
import { SILENT } from '../../../src/session/reporter.js';
import { temporaryDirectory } from '../program.js';
import { writeOddDataset, writeOddLabels } from './odd-dataset.js';

describe('cnn data suspects', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);

  it('names images of both parts, with those labels that are given', async () => {
    await writeOddDataset(at('data'), 0);
    await writeOddLabels(at('labels.csv'));
    const on = { backend: 'cpu', precision: 'f32', workers: '1', data: at('data') };
    const network = { arch: 'lenet5', 'input-size': '12', channels: '3', augment: 'none' };
    const once = {
      'batch-size': '6',
      epochs: '100',
      lr: '0.05',
      output: at('runs'),
      experiment: 'run',
    };
    await runTrain({ ...on, ...network, ...once }, SILENT);
    const suspects = async (more: object) => {
      const given = { checkpoint: at('runs/run'), ...on, out: at('found.csv'), ...more };
      const { json } = await runDataSuspects(given);
      const rows = readFileSync(at('found.csv'), 'utf8').trim().split('\n');
      assert.equal(rows[0], 'image,part,class,predicted,confidence,own');
      return { ...(json as { images: number; suspects: number }), rows: rows.slice(1) };
    };
    // Every label of the file is wrong; those of the folders are what the network has learned.
    const turned = await suspects({ labels: at('labels.csv') });
    assert.equal(turned.images, 15);
    assert.equal(turned.rows.length, turned.suspects);
    assert.ok(turned.suspects >= 5, `${turned.suspects} suspects`);
    assert.ok(existsSync(at('found.png')));
    const right = await suspects({});
    assert.equal(right.images, 18);
    const inTrain = right.rows.filter((row) => row.includes(',train,')).length;
    assert.ok(inTrain < turned.suspects / 2, `${inTrain} of ${turned.suspects} suspects`);
  });
});
