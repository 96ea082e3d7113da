import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset, Split } from '../../../../src/data/dataset.js';
import { readImage } from '../../../../src/data/decode/decode.js';
import { openDataset } from '../../../../src/data/open-dataset.js';

/** Datasets that Python's libraries have read: `npm run test:data-formats` makes them and runs this. */
const SETS = process.env['CNN_TEST_DATA_FORMATS'] ?? '';

async function digests({ classes }: Dataset, { images, labels }: Split) {
  const rows: [string | undefined, string][] = [];
  for (let index = 0; index < images.length; index++) {
    const { data } = await readImage(images.locate(index));
    rows.push([classes[labels[index] as number], createHash('sha256').update(data).digest('hex')]);
  }
  return rows;
}

describe('a dataset that its own library reads', () => {
  const names = readdirSync(SETS).filter((name) => name.endsWith('.json'));
  for (const name of names.map((file) => file.replace(/\.json$/, ''))) {
    it(`is read alike: ${name}`, async () => {
      const expected = JSON.parse(readFileSync(join(SETS, `${name}.json`), 'utf8'));
      const dataset = await openDataset(join(SETS, name));
      assert.deepEqual(await digests(dataset, dataset.train), expected.train);
      assert.deepEqual(await digests(dataset, dataset.val), expected.val);
    });
  }
});
