import assert from 'node:assert/strict';
import { createObjectCsvStringifier } from 'csv-writer/dist/index.js';
import fc from 'fast-check';
import { parseCsv } from '../../bench/csv.js';
import { isComplete, knownLayout, lastRun, type Row, rowsOf } from '../../bench/results.js';

const cell = {
  arch: 'lenet5',
  batch_size: 128,
  precision: 'f32',
  aux_weight: 0,
  threads: 2,
  hardware: 'Some Processor, 2 cores',
};
const own = { program: 'cnn-cpu', version: '0.1.0' };
const peer = { program: 'pytorch', version: '2.15.0' };

function rounds(side: typeof own, date: string, count: number, rest: Partial<Row> = {}): Row[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ ...cell, ...side, date, commit: 'abcdef0', round: index + 1, images_per_second: 10 },
    ...rest,
  }));
}

describe('a table of a commit', () => {
  it('is read as csv-writer writes it', () => {
    const columns = ['a', 'b', 'c'];
    const header = columns.map((id) => ({ id, title: id }));
    const field = fc.string({ unit: fc.constantFrom(...'ab ",\n\'1é') });
    const record = fc.record({ a: field, b: field, c: field });
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const writer = createObjectCsvStringifier({ header });
        const text = `${writer.getHeaderString()}${writer.stringifyRecords(records)}`;
        assert.deepEqual(
          parseCsv(text),
          records.map((entry) => ({ ...entry })),
        );
      }),
    );
  });

  it('has numbers and texts', () => {
    const [row] = rowsOf(
      'hardware,version,batch_size,peak_bytes,failure\n"A, 2 cores",0.1,16,,no g++\n',
    );
    assert.deepEqual(row, {
      ...{ hardware: 'A, 2 cores', version: '0.1', batch_size: 16, peak_bytes: '' },
      failure: 'no g++',
    });
  });

  it('gives the last run of the same work on the same machine', () => {
    const rows = [
      ...rounds(own, '2026-01-02', 2),
      ...rounds(own, '2026-01-01', 3),
      ...rounds(own, '2026-01-03', 1, { batch_size: 64 }),
      ...rounds(own, '2026-01-03', 1, { hardware: 'Another, 8 cores' }),
      ...rounds(own, '2026-01-03', 1, { aux_weight: 0.3 }),
    ];
    assert.deepEqual(lastRun(rows, cell), rows.slice(0, 2));
    assert.deepEqual(lastRun([], cell), []);
  });

  it('is complete with all rounds of each side, or with the reason why there are none', () => {
    const run = [...rounds(own, '2026-01-01', 5), ...rounds(peer, '2026-01-01', 4)];
    assert.equal(isComplete(run, [own], 5), true);
    assert.equal(isComplete(run, [own, peer], 4), true);
    assert.equal(isComplete(run, [own, peer], 5), false);
    const newer = { ...peer, version: '2.16.0' };
    assert.equal(isComplete(run, [own, newer], 4), false);
    const failed = rounds(newer, '2026-01-01', 1, { failure: 'no g++', images_per_second: '' });
    assert.equal(isComplete([...run, ...failed], [own, newer], 4), true);
  });

  it('remembers the layout of a version', () => {
    const rows = [
      ...rounds(peer, '2026-01-01', 1, { layout: 'nhwc' }),
      ...rounds(peer, '2026-01-02', 1, { layout: 'nchw' }),
      ...rounds(peer, '2026-01-03', 1, { layout: 'nhwc', precision: 'bf16' }),
    ];
    assert.equal(knownLayout(rows, cell, peer), 'nchw');
    assert.equal(knownLayout(rows, cell, { ...peer, version: '1.13.0' }), undefined);
  });
});
