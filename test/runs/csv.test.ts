import assert from 'node:assert/strict';
import { readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  appendRow,
  COLUMNS,
  type Row,
  readSummary,
  restoreSummary,
  startSummary,
  truncateSummary,
} from '../../src/runs/csv.js';
import { temporaryDirectory } from '../commands/program.js';

describe('summary.csv', () => {
  const directory = temporaryDirectory();
  const row = (epoch: number) =>
    ({ ...Object.fromEntries(COLUMNS.map((column) => [column, 1 / 3])), epoch, lr: 1e-7 }) as Row;

  it('keeps the rows up to the checkpoint when a run is resumed, and one header', async () => {
    const file = join(directory.path, 'summary.csv');
    await startSummary(file);
    for (const epoch of [1, 2, 10]) await appendRow(file, row(epoch));
    await truncateSummary(file, 2);
    await appendRow(file, row(3));
    const [header, ...rows] = (await readFile(file, 'utf8')).trim().split('\n');
    assert.equal(header, COLUMNS.join());
    assert.deepEqual(
      rows.map((line) => line.split(',')[0]),
      ['1', '2', '3'],
    );
    assert.match(
      rows[0] ?? '',
      /^1,0\.3333333333333333,0\.333333,0\.333333,0\.333,0\.333,1e-7,0\.333,/,
    );
  });

  it('loses a row that a full disk cut off', async () => {
    const file = join(directory.path, 'cut.csv');
    await startSummary(file);
    for (const epoch of [9, 10]) await appendRow(file, row(epoch));
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, text.indexOf('\n10,') + 2));
    await truncateSummary(file, 9);
    assert.equal(await readFile(file, 'utf8'), text.slice(0, text.indexOf('10,')));
  });

  it('is written whole again where it was removed', async () => {
    const file = join(directory.path, 'removed.csv');
    await startSummary(file);
    for (const epoch of [1, 2, 3]) await appendRow(file, row(epoch));
    const whole = await readFile(file, 'utf8');
    for (const damage of [() => rm(file), () => writeFile(file, ''), () => truncate(file, 0)]) {
      await damage();
      await appendRow(file, row(3), [row(1), row(2)]);
      assert.equal(await readFile(file, 'utf8'), whole);
    }
  });

  it('holds the rows of the checkpoint when a run is resumed', async () => {
    const file = join(directory.path, 'restored.csv');
    await startSummary(file);
    for (const epoch of [1, 2, 3]) await appendRow(file, row(epoch));
    const whole = await readFile(file, 'utf8');
    const two = whole.slice(0, whole.indexOf('\n3,') + 1);
    // As JSON keeps them.
    const rows = JSON.parse(JSON.stringify([row(1), row(2)]));
    assert.equal(await restoreSummary(file, rows), false);
    assert.equal(await readFile(file, 'utf8'), two);
    for (const damage of ['', 'epoch,loss\n1,2\n', two.slice(0, -9), two.replace('0.3', '0.4')]) {
      await writeFile(file, damage);
      assert.equal(await restoreSummary(file, rows), true);
      assert.equal(await readFile(file, 'utf8'), two);
    }
    await rm(file);
    assert.equal(await restoreSummary(file, rows), true);
    assert.equal(await readFile(file, 'utf8'), two);
  });

  it('gets the columns of today when an old run is resumed', async () => {
    const file = join(directory.path, 'old.csv');
    const columns = COLUMNS.filter((column) => column !== 'step');
    const line = (epoch: number) => columns.map((column) => (column === 'epoch' ? epoch : column));
    await writeFile(file, `${columns}\n${line(1)}\n${line(2)}\n`);
    await truncateSummary(file, 1);
    const today = COLUMNS.map(
      (column) => ({ epoch: '1', step: 'steps' })[column as string] ?? column,
    );
    assert.equal(await readFile(file, 'utf8'), `${COLUMNS}\n${today}\n`);
  });

  it('is put in the place of a link, and nothing is written where that leads', async () => {
    const victim = join(directory.path, 'victim');
    const file = join(directory.path, 'link.csv');
    await writeFile(victim, 'mine');
    const rows = [row(1)];
    await symlink(victim, file);
    await restoreSummary(file, rows);
    await rm(file);
    await symlink(victim, file);
    await appendRow(file, row(2), rows);
    assert.equal(await readFile(victim, 'utf8'), 'mine');
    assert.equal((await readSummary(file)).length, 2);
  });

  it('refuses a file with other columns', async () => {
    const file = join(directory.path, 'other.csv');
    await writeFile(file, 'epoch,loss\n1,2\n');
    await assert.rejects(
      truncateSummary(file, 1),
      /to begin with the columns epoch,step,train_loss/,
    );
  });
});
