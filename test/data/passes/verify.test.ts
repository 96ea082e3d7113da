import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AS_PILLOW } from '../../../src/data/decode/decode-options.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { findIndex } from '../../../src/data/open-dataset.js';
import { badImagesCsv, countImages, verifyImages } from '../../../src/data/passes/verify.js';
import { cnn } from '../../commands/program.js';
import { temporaryDirectory, testImage, writeTree } from '../images.js';

describe('verifying a dataset', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const root = () => join(directory(), 'set');
  const good = encodePng(testImage(40, 30, 3));

  before(() => {
    const images: Record<string, string | Uint8Array | number> = {};
    for (let i = 0; i < 40; i++) images[`train/a/${`${i}`.padStart(2, '0')}.png`] = i;
    writeTree(root(), {
      ...images,
      'train/a/07.png': 'no image, "really"',
      'train/b/cut.png': good.subarray(0, 900),
      'train/b/large.png': encodePng(testImage(80, 60, 3)),
      'val/a/empty.jpg': '',
      'val/b/1.png': 1,
    });
  });

  it('names what cannot be read in the order of the set, whatever the number of threads', async () => {
    const index = await findIndex(root());
    assert.equal(countImages(index), 44);
    const seen: number[] = [];
    const reading = { ...AS_PILLOW, maxPixels: 80 * 60 - 1 };
    const one = await verifyImages(index, reading, 1, (done) => seen.push(done));
    assert.deepEqual(seen, [32, 42, 44]);
    assert.deepEqual(
      one.bad.map(({ image, part, class: name, reason }) => [
        image.slice(root().length + 1),
        part,
        name,
        /unsupported|truncated|4800|80×60|empty/.exec(reason)?.[0],
      ]),
      [
        ['train/a/07.png', 'train', 'a', 'unsupported'],
        ['train/b/cut.png', 'train', 'b', 'truncated'],
        ['train/b/large.png', 'train', 'b', '80×60'],
        ['val/a/empty.jpg', 'val', 'a', 'empty'],
      ],
    );
    assert.deepEqual(await verifyImages(index, reading, 3, () => {}), one);
  });

  it('gives a table of one header where nothing is bad, and quotes what needs it', () => {
    assert.equal(badImagesCsv([]), 'image,part,class,reason\n');
    const csv = badImagesCsv([{ image: 'a,b', part: 'val', class: 'c', reason: 'say "x"' }]);
    assert.equal(csv, 'image,part,class,reason\n"a,b",val,c,"say ""x"""\n');
  });

  it('from the command line ends with 3 and a CSV of the bad ones, else with 0', async () => {
    const out = join(directory(), 'bad.csv');
    const verify = () =>
      cnn(['data', 'verify', '--data', root(), '--out', out, '--json', '-j', '2']);
    const bad = await verify();
    assert.equal(bad.code, 3, bad.stderr);
    const result = JSON.parse(bad.stdout);
    assert.equal(result.images, 44);
    assert.equal(result.bad.length, 3);
    assert.match(bad.stderr, /3 of 44 images of .* cannot be read; all are listed in .*bad\.csv/);
    const lines = readFileSync(out, 'utf8').trim().split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[1] ?? '', /07\.png,train,a,"?unsupported format/);
    for (const name of ['train/a/07.png', 'train/b/cut.png', 'val/a/empty.jpg']) {
      writeFileSync(join(root(), name), good);
    }
    const repaired = await verify();
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.equal(readFileSync(out, 'utf8'), 'image,part,class,reason\n');
    rmSync(out);
  });
});
