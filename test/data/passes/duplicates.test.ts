import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Image } from '../../../src/augment/index.js';
import { runDataCheck } from '../../../src/commands/data/check.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { distance, likenessOf, lookAlike } from '../../../src/data/passes/likeness.js';
import { DataError } from '../../../src/errors.js';
import { random } from '../../../src/rng.js';
import { asSharp, temporaryDirectory, writeTree } from '../images.js';

/** Clouds of colour, as photographs have them at a small size, different for each seed. */
async function photo(seed: number): Promise<Image> {
  const draw = random(seed, 'subset');
  const cells = Uint8Array.from({ length: 12 * 12 * 3 }, () => draw.below(256));
  const image = sharp(cells, { raw: { width: 12, height: 12, channels: 3 } });
  return fromSharp(image.resize(96, 72, { kernel: 'cubic', fit: 'fill' }));
}

async function fromSharp(image: Sharp): Promise<Image> {
  const { data, info } = await sharp(await image.png().toBuffer())
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

describe('the likeness of images', () => {
  it('stays when one is scaled, compressed or brightened, and others have none', async () => {
    const likeness = await likenessOf(await photo(0));
    const image = asSharp(await photo(0));
    const jpeg = sharp(await image.clone().jpeg({ quality: 60 }).toBuffer());
    for (const changed of [image.clone().resize(64, 48), jpeg, image.clone().linear(1.1, 5)]) {
      assert.ok(lookAlike(likeness, await likenessOf(await fromSharp(changed))));
    }
    for (const seed of [1, 2, 3, 4]) {
      const other = await likenessOf(await photo(seed));
      assert.ok(distance(likeness.hash, other.hash) > 8 && !lookAlike(likeness, other));
    }
  });

  it('has a distance of bits', () => {
    assert.equal(distance([0, 0xffffffff], [0, 0]), 32);
    assert.equal(distance([0b101, 1], [0b011, 1]), 2);
  });
});

describe('cnn data check --duplicates', () => {
  const directory = temporaryDirectory();
  const out = () => join(directory(), 'found.csv');

  it('names images of both parts, the same and nearly so', async () => {
    const root = join(directory(), 'data');
    const small = await asSharp(await photo(2))
      .resize(64, 48)
      .jpeg()
      .toBuffer();
    writeTree(root, {
      'train/cat/1.png': encodePng(await photo(1)),
      'train/cat/2.png': encodePng(await photo(2)),
      'train/dog/3.png': encodePng(await photo(3)),
      'val/cat/9.png': encodePng(await photo(9)),
      'val/cat/small.jpg': small,
      'val/dog/same.webp': await asSharp(await photo(1))
        .webp({ lossless: true })
        .toBuffer(),
      'val/dog/damaged.png': encodePng(await photo(3)).subarray(0, 60),
    });
    const { lines, json, error } = await runDataCheck({
      data: root,
      duplicates: true,
      out: out(),
      workers: '2',
    });
    assert.equal(error, undefined);
    const { exact, near } = (json as { duplicates: { exact: number; near: number } }).duplicates;
    assert.deepEqual([exact, near], [1, 1]);
    assert.match(
      (lines as string[]).at(-1) ?? '',
      /1 pair the same, 1 nearly so, in .*found\.csv and .*found\.png$/,
    );
    const rows = readFileSync(out(), 'utf8').replaceAll(`${root}/`, '').trim().split('\n');
    assert.deepEqual(rows, [
      'kind,train,train_class,val,val_class',
      'exact,train/cat/1.png,cat,val/dog/same.webp,dog',
      'near,train/cat/2.png,cat,val/cat/small.jpg,cat',
    ]);
    const { width, height } = await sharp(join(directory(), 'found.png')).metadata();
    assert.ok((width ?? 0) > 4 * 112 && (height ?? 0) > 112);
  });

  it('says where there are none, and is refused without a validation part', async () => {
    const root = join(directory(), 'clean');
    writeTree(root, {
      'train/a/1.png': 1,
      'train/b/2.png': 40,
      'val/a/3.png': 80,
      'val/b/4.png': 120,
    });
    const { lines } = await runDataCheck({
      data: root,
      duplicates: true,
      out: out(),
      workers: '1',
    });
    assert.equal((lines as string[]).at(-1), 'No training image is a validation image too.');
    const flat = join(directory(), 'flat');
    writeTree(flat, { 'a/1.png': 1, 'b/2.png': 2 });
    await assert.rejects(
      async () => runDataCheck({ data: flat, duplicates: true }),
      (error) => error instanceof DataError && /no validation images/.test(error.message),
    );
  });
});
