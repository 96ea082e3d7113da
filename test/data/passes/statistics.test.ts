import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePng } from '../../../src/data/decode/png.js';
import { listFiles } from '../../../src/data/image-table.js';
import { openDataset } from '../../../src/data/open-dataset.js';
import { momentsOf } from '../../../src/data/passes/moments.js';
import {
  type ColourStatistics,
  measureColours,
  readStatistics,
  statisticsFile,
  statisticsOf,
  storeStatistics,
} from '../../../src/data/passes/statistics.js';
import { DataError } from '../../../src/errors.js';
import { random } from '../../../src/rng.js';
import { temporaryDirectory, testImage } from '../images.js';

function assertNear(values: readonly number[], expected: readonly number[], tolerance: number) {
  assert.equal(values.length, expected.length);
  for (const [index, value] of values.entries()) {
    const wanted = expected[index] as number;
    assert.ok(Math.abs(value - wanted) <= tolerance, `${index}: ${value}, not ${wanted}`);
  }
}

function assertPrincipal({ principal, std }: ColourStatistics) {
  const { values, vectors } = principal;
  const dot = (i: number, j: number) =>
    vectors.reduce((sum, row) => sum + (row[i] as number) * (row[j] as number), 0);
  for (const [i, j] of [
    [0, 0],
    [1, 1],
    [2, 2],
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    assertNear([dot(i, j)], [Number(i === j)], 1e-12);
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((total, value) => total + value, 0);
  assertNear([sum(values)], [sum(std.map((value) => value ** 2))], 1e-12);
}

describe('colour statistics', () => {
  const directory = temporaryDirectory();

  it('of an image that is known', () => {
    const data = Uint8Array.from([0, 51, 255, 255, 51, 0]);
    const statistics = statisticsOf(momentsOf({ data, width: 2, height: 1, channels: 3 }));
    assertNear(statistics.mean, [0.5, 0.2, 0.5], 1e-12);
    assertNear(statistics.std, [0.5, 0, 0.5], 1e-8);
    assertNear(statistics.principal.values, [0.5, 0, 0], 1e-12);
    const first = statistics.principal.vectors.map((row) => Math.abs(row[0] as number));
    assertNear(first, [Math.SQRT1_2, 0, Math.SQRT1_2], 1e-9);
    assertPrincipal(statistics);
  });

  it('find the components that colours were drawn from', () => {
    // Colours 0.5 + 0.1 a v1 + 0.03 b v2 + 0.01 c v3 with orthonormal vectors v.
    const vectors = [
      [0.6, 0.8, 0],
      [0.48, -0.36, 0.8],
      [0.64, -0.48, -0.6],
    ];
    const scales = [0.1, 0.03, 0.01];
    const draw = random(1, 'subset');
    const data = new Uint8Array(3 * 200_000);
    for (let at = 0; at < data.length; at += 3) {
      const shares = scales.map((scale) => scale * draw.normal());
      for (let c = 0; c < 3; c++) {
        const level = vectors.reduce(
          (sum, v, k) => sum + (v[c] as number) * (shares[k] as number),
          0.5,
        );
        data[at + c] = Math.round(255 * level);
      }
    }
    const statistics = statisticsOf(momentsOf({ data, width: 1000, height: 200, channels: 3 }));
    assertNear(statistics.mean, [0.5, 0.5, 0.5], 2e-3);
    const { values, vectors: found } = statistics.principal;
    for (const [k, scale] of scales.entries()) {
      assert.ok(Math.abs((values[k] as number) / scale ** 2 - 1) < 0.05, `λ${k} ${values[k]}`);
      const cosine = found.reduce(
        (sum, row, c) => sum + (row[k] as number) * (vectors[k]?.[c] as number),
        0,
      );
      assert.ok(Math.abs(cosine) > 0.999, `v${k}: ${cosine}`);
    }
    assertPrincipal(statistics);
  });

  it('count each image the same, name what cannot be read, and need no order', async () => {
    const files = Array.from({ length: 70 }, (_, i) => {
      const file = join(directory(), `${i}.png`);
      const image = testImage(5 + (i % 7), 4 + (i % 5), i % 3 ? 3 : 1, i);
      writeFileSync(file, i === 40 ? 'text' : encodePng(image));
      return file;
    });
    const train = { images: listFiles(files), labels: new Int32Array(70) };
    const seen: number[] = [];
    const one = await measureColours({ train, root: '' }, 1, (done) => seen.push(done));
    assert.deepEqual(seen, [32, 64, 70]);
    assert.deepEqual([...one.unreadable.keys()], [files[40]]);
    assert.equal(one.statistics.images, 69);
    assert.deepEqual(await measureColours({ train, root: '' }, 3, () => {}), one);
    let sum = 0;
    for (let i = 0; i < 70; i++) {
      if (i === 40) continue;
      const { data, channels } = testImage(5 + (i % 7), 4 + (i % 5), i % 3 ? 3 : 1, i);
      const reds = data.filter((_, at) => at % channels === 0);
      sum += reds.reduce((total, value) => total + value, 0) / reds.length / 255;
    }
    assertNear([one.statistics.mean[0] as number], [sum / 69], 1e-12);
    const none = { images: listFiles([files[40] as string]), labels: new Int32Array(1) };
    await assert.rejects(
      measureColours({ train: none, root: '/here' }, 2, () => {}),
      (error) => {
        assert.ok(error instanceof DataError);
        assert.match(error.message, /None of the training images of \/here can be read: .*40\.png/);
        return true;
      },
    );
  });

  it('of MNIST are the numbers that everyone takes', async () => {
    const { statistics } = await measureColours(await openDataset('mnist'), 2, () => {});
    assert.equal(statistics.images, 60_000);
    assertNear(statistics.mean, [0.1307, 0.1307, 0.1307], 5e-5);
    assertNear(statistics.std, [0.3081, 0.3081, 0.3081], 5e-5);
    const [first = 0, ...rest] = statistics.principal.values;
    assertNear([first, ...rest], [3 * 0.3081 ** 2, 0, 0], 2e-4);
  });

  it('are stored by fingerprint, and a damaged file says so', async () => {
    const before = process.env['CNN_CACHE'];
    process.env['CNN_CACHE'] = join(directory(), 'cache');
    try {
      assert.equal(await readStatistics('abc'), undefined);
      const { data, width, height, channels } = testImage(9, 7, 3);
      const statistics = statisticsOf(momentsOf({ data, width, height, channels }));
      await storeStatistics('abc', statistics);
      assert.deepEqual(await readStatistics('abc'), statistics);
      writeFileSync(statisticsFile('abc'), '{"mean": 1}');
      await assert.rejects(readStatistics('abc'), /abc\.json is damaged: delete it/);
      rmSync(statisticsFile('abc'));
    } finally {
      if (before === undefined) delete process.env['CNN_CACHE'];
      else process.env['CNN_CACHE'] = before;
    }
  });
});
