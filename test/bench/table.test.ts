import assert from 'node:assert/strict';
import type { Row } from '../../bench/results.js';
import { geometricMean, replaceBetweenMarkers, tables } from '../../bench/table.js';

const own = { program: 'cnn-cpu', version: '0.1.0' };
const eager = { program: 'pytorch', version: '2.15.0+cpu' };
const compiled = { program: 'pytorch-compile', version: '2.15.0+cpu' };

function line(arch: string, rates: Record<string, number[]>, rest: Partial<Row> = {}) {
  const cell = {
    ...{ arch, batch_size: 16, precision: 'f32', aux_weight: 0, threads: 2, hardware: 'A' },
  };
  const run = [own, eager, compiled].flatMap((side) =>
    (rates[side.program] ?? []).map((images_per_second, index) => ({
      ...{ ...cell, ...side, date: '2026-01-01', commit: 'abcdef0', round: index + 1 },
      ...{ images_per_second, peak_resident_bytes: (100 + index) * 2 ** 20 },
      ...rest,
    })),
  );
  return { cell, run };
}

describe('the tables of docs/performance.md', () => {
  it('take the place of what stood between the markers', () => {
    const text = 'a\n<!-- bench:start -->\nold\n<!-- bench:end -->\nb\n';
    const fresh = 'a\n<!-- bench:start -->\nnew\n<!-- bench:end -->\nb\n';
    assert.equal(replaceBetweenMarkers(text, 'new'), fresh);
    assert.equal(replaceBetweenMarkers(fresh, 'new'), fresh);
    assert.throws(() => replaceBetweenMarkers('a\n<!-- bench:start -->', 'new'), /bench:end/);
    assert.throws(() => replaceBetweenMarkers('<!-- bench:end --><!-- bench:start -->', 'new'));
  });

  it('show medians, ratios, their geometric mean and the most memory', () => {
    const lines = [
      line('googlenet', {
        'cnn-cpu': [30, 40, 20],
        pytorch: [10, 30, 15],
        'pytorch-compile': [20],
      }),
      line('resnet50', { 'cnn-cpu': [8000], pytorch: [1000], 'pytorch-compile': [500] }),
    ];
    assert.equal(
      tables(lines, [own, eager, compiled]),
      `Images per second, and in brackets how many times as fast we are:

| network | batch | precision | cnn | PyTorch 2.15.0 | PyTorch 2.15.0 compiled |
| --- | --- | --- | --- | --- | --- |
| googlenet, heads off | 16 | f32 | 30 | 15 (2.00) | 20 (1.50) |
| resnet50 | 16 | f32 | 8,000 | 1,000 (8.00) | 500 (16.00) |
| geometric mean |  | f32 |  | (4.00) | (4.90) |

Against the faster of PyTorch 2.15.0 and its torch.compile: 3.46 in f32.

The most main memory that each process had, in MiB:

| network | batch | precision | cnn | PyTorch 2.15.0 | PyTorch 2.15.0 compiled |
| --- | --- | --- | --- | --- | --- |
| googlenet, heads off | 16 | f32 | 102 | 102 | 100 |
| resnet50 | 16 | f32 | 100 | 100 | 100 |`,
    );
  });

  it('say which side fails, and leave it out of the means', () => {
    const { cell, run } = line('lenet5', { 'cnn-cpu': [8], pytorch: [4] });
    const failed: Row = {
      ...{ ...cell, ...compiled, date: '2026-01-01', commit: 'abcdef0', round: 0 },
      failure: 'no g++',
    };
    const text = tables([{ cell, run: [...run, failed] }], [own, eager, compiled]);
    assert.match(text, /^\| lenet5 \| 16 \| f32 \| 8 \| 4 \(2\.00\) \| fails \|$/m);
    assert.match(text, /^\| geometric mean \| {2}\| f32 \| {2}\| \(2\.00\) \| {2}\|$/m);
    assert.match(text, /torch\.compile: 2\.00 in f32/);
  });

  it('compare with nothing where only we have run', () => {
    const text = tables([line('lenet5', { 'cnn-cpu': [8] })], [own, eager, compiled]);
    assert.doesNotMatch(text, /NaN|Against/);
  });

  it('have the mean of factors', () => {
    assert.ok(Math.abs(geometricMean([1, 2, 4]) - 2) < 1e-12);
    assert.ok(Number.isNaN(geometricMean([])));
  });
});
