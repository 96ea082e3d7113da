import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDataset } from '../../../src/data/check.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { findIndex, inspectDataset } from '../../../src/data/open-dataset.js';
import { writeShard } from '../../../src/data/passes/shard-writer.js';
import { random } from '../../../src/rng.js';
import { namesOf, temporaryDirectory, testImage } from '../images.js';

describe('the index of a shard', () => {
  const directory = temporaryDirectory();
  const image = encodePng(testImage(2, 2, 3));
  let sets = 0;

  /** A packed dataset whose samples have these numbers of bytes. */
  async function packed(...sizes: number[]): Promise<{ set: string; tar: string; idx: string }> {
    const set = join(directory(), `${sets++}`);
    mkdirSync(set);
    async function* samples() {
      for (const [i, size] of sizes.entries()) {
        const jpeg = Buffer.alloc(size, i + 1);
        // The first can be decoded.
        if (i === 0) jpeg.set(image);
        yield { key: `0000${i}`.slice(-4), jpeg, label: i % 3 };
      }
    }
    await writeShard(join(set, 'train-000000'), samples());
    writeFileSync(join(set, 'classes.txt'), 'ant\nbee\ncat\n');
    return { set, tar: join(set, 'train-000000.tar'), idx: join(set, 'train-000000.idx') };
  }

  /** All that is found in a dataset, and the warnings about its index. */
  async function found(set: string) {
    const index = await findIndex(set);
    const { images, labels } = index.train;
    const { warnings: all } = checkDataset(set, await inspectDataset(set));
    const warnings = all.filter((text) => text.includes('.idx'));
    return { names: namesOf(images), columns: images.columns, labels, warnings };
  }

  it('is read in place of the headers between its members', async () => {
    const { set, tar, idx } = await packed(...Array.from({ length: 40 }, (_, i) => 1000 - 20 * i));
    const expected = await found(set);
    assert.deepEqual(expected.warnings, []);
    // One header that is not looked at.
    const bytes = readFileSync(tar);
    const offset = Number(readFileSync(idx, 'utf8').split('\n')[31]?.split(' ')[1]);
    bytes[offset - 512 + 1] = 0xff;
    writeFileSync(tar, bytes);
    assert.deepEqual(await found(set), expected);
    rmSync(idx);
    await assert.rejects(found(set), /train-000000\.tar is damaged/);
  });

  it('that is cut off, changed or of another tar file is left aside with a warning', async () => {
    const { set, idx } = await packed(700, 0, 512, 3000);
    const right = readFileSync(idx, 'utf8');
    const other = readFileSync((await packed(700, 0, 512, 2000)).idx, 'utf8');
    const fewer = readFileSync((await packed(700, 0, 512)).idx, 'utf8');
    const { warnings, ...expected } = await found(set);
    assert.deepEqual(warnings, []);
    const [head, first = '', second = '', third = '', fourth = ''] = right.split('\n');
    // biome-ignore format: a table
    const wrong: Record<string, [text: string, reason: RegExp]> = {
      'nothing in it': ['', /first line to be v1\.2/],
      'another version': [right.replace('v1.2', 'v1.1'), /first line to be v1\.2/],
      'no number of samples': [right.replace('v1.2 4', 'v1.2 many'), /first line to be v1\.2/],
      'a sample less than it says': [[head, first, second, third, ''].join('\n'), /4 lines of samples but found 3/],
      'no end of its last line': [right.trimEnd(), /4 lines of samples but found 3/],
      'half a line': [[head, first, second, third, fourth.slice(0, 10), ''].join('\n'), /line 5 to hold/],
      'a word for a number': [right.replace(' 700 ', ' many '), /line 2 to hold/],
      'a fraction': [right.replace(' 700 ', ' 700.5 '), /line 2 to hold/],
      'a negative size': [right.replace(' 700 ', ' -700 '), /cannot begin/],
      'another size in the same blocks': [right.replace(' 700 ', ' 701 '), /0000\.jpg does not begin/],
      'another name': [right.replace('0001.jpg', '0009.jpg'), /0009\.jpg does not begin/],
      'samples in another order': [[head, second, first, third, fourth, ''].join('\n'), /cannot begin/],
      'a sample twice': [[head, first, second, second, fourth, ''].join('\n'), /cannot begin/],
      'an offset beyond the end': [right.replace(/ 3000 /, ' 300000 '), /cannot begin|of \d+$/],
      'a smaller set': [fewer, /more files after byte/],
      'another set': [other, /does not begin|more files/],
    };
    for (const [name, [text, reason]] of Object.entries(wrong)) {
      writeFileSync(idx, text);
      const { warnings, ...left } = await found(set);
      assert.deepEqual(left, expected, name);
      assert.equal(warnings.length, 1, name);
      assert.match(warnings[0] ?? '', /train-000000\.idx is not the index of \S*train-000000\.tar/);
      assert.match(/without it: (.*)\. Delete it/.exec(warnings[0] ?? '')?.[1] ?? '', reason, name);
    }
  });

  it('cut off anywhere or with bytes changed at random changes nothing that is found', async () => {
    const { set, idx } = await packed(700, 0, 512);
    const right = readFileSync(idx);
    const { warnings: _, ...expected } = await found(set);
    const draw = random(0, 'subset');
    const texts = Array.from({ length: 200 }, (_, i) => {
      if (i < right.length) return right.subarray(0, i);
      const copy = Buffer.from(right);
      copy[draw.below(copy.length)] = draw.below(256);
      return copy;
    });
    for (const text of texts) {
      writeFileSync(idx, text);
      const { warnings, ...left } = await found(set);
      assert.deepEqual(left, expected, text.toString('latin1'));
    }
  });

  it('of a tar file that was cut off or added to does not hide that', async () => {
    const { set, tar } = await packed(700, 900);
    const whole = readFileSync(tar);
    writeFileSync(tar, whole.subarray(0, -1024 - 100));
    await assert.rejects(found(set), /train-000000\.tar is truncated/);
    const more = await packed(100);
    writeFileSync(tar, whole.subarray(0, -1024));
    const added = readFileSync(more.tar);
    added.write('0002', 0);
    appendFileSync(tar, added);
    await assert.rejects(found(set), /is damaged/);
  });
});
