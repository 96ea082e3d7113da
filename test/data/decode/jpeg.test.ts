import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import {
  cropWindow,
  drawAugmentation,
  fillSlot,
  type Image,
  type Transform,
} from '../../../src/augment/index.js';
import { JpegFiller } from '../../../src/data/batches/jpeg-filler.js';
import type { ImageList, ImageLocation } from '../../../src/data/dataset.js';
import { decodeJpeg } from '../../../src/data/decode/jpeg.js';
import { wholeFile } from '../../../src/data/decode/read-bytes.js';
import { RunError } from '../../../src/errors.js';
import { random } from '../../../src/rng.js';
import { asSharp, temporaryDirectory, testImage } from '../images.js';
import { type JpegForm, randomJpeg } from './jpegs.js';

const SIZE = 24;
const plain: Transform = { resize: SIZE, crop: 'centre', size: SIZE, mirror: 0, pad: 0 };
const TRANSFORMS: Transform[] = [
  plain,
  { ...plain, resize: 28, crop: 'random', pad: 2 },
  { ...plain, resize: [24, 60], crop: 'random' },
  { ...plain, resize: 100, crop: 'random' },
  { ...plain, crop: 'area' },
];

// biome-ignore format: a table
const SAMPLINGS: Record<string, JpegForm['sampling']> = {
  grey: [[1, 1]],
  'grey in blocks of four': [[2, 2]],
  '4:4:4': [[1, 1], [1, 1], [1, 1]],
  '4:2:2': [[2, 1], [1, 1], [1, 1]],
  '4:2:0': [[2, 2], [1, 1], [1, 1]],
  '4:4:0': [[1, 2], [1, 1], [1, 1]],
  '4:1:1': [[4, 1], [1, 1], [1, 1]],
  'three samplings': [[2, 2], [2, 1], [1, 2]],
};
const SIZES = [
  [1, 1],
  [7, 5],
  [16, 16],
  [17, 33],
  [100, 67],
  [67, 300],
] as const;

function listOf(locations: readonly ImageLocation[]): ImageList {
  return {
    length: locations.length,
    name: (index) => `${locations[index]?.file}`,
    locate: (index) => locations[index] as ImageLocation,
  };
}

/** Lets the addon fill one slot per image; the slots that it left out are undefined. */
async function fill(
  locations: readonly ImageLocation[],
  transform = plain,
  { channels = 3 as 1 | 3, threads = 2 } = {},
): Promise<(Uint8Array | undefined)[]> {
  const filler = JpegFiller.open(listOf(locations), { transform, channels, threads });
  assert.ok(filler, 'the addon decodes JPEGs');
  const bytes = transform.size ** 2 * channels;
  const images = new Uint8Array(new SharedArrayBuffer(locations.length * bytes)).fill(99);
  const items = locations.map((source, slot) => {
    return { slot, source, draws: drawAugmentation(transform, 1, 0, slot) };
  });
  const left = await filler.fill(images, items, [...locations.keys()]);
  filler.close();
  return items.map((item) =>
    left.includes(item) ? undefined : images.slice(item.slot * bytes, (item.slot + 1) * bytes),
  );
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length;
}

describe('JPEGs in the addon', () => {
  const directory = temporaryDirectory();
  let files = 0;
  function save(bytes: Uint8Array): ImageLocation {
    const file = join(directory(), `${files++}.jpg`);
    writeFileSync(file, bytes);
    return wholeFile(file);
  }

  /** The image as both paths have it. */
  async function decodeTwice(jpeg: Buffer): Promise<{ ours: Image; theirs: Uint8Array }> {
    const ours = decodeJpeg(jpeg);
    assert.ok(ours);
    const { data, info } = await sharp(jpeg, { failOn: 'error' })
      .toColourspace(ours.channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([ours.width, ours.height], [info.width, info.height]);
    return { ours, theirs: data };
  }

  /** Compares slots with what TypeScript resamples from the whole image. */
  async function checkWindows(jpeg: Buffer): Promise<void> {
    const image = decodeJpeg(jpeg);
    assert.ok(image);
    const locations = new Array(10).fill(save(jpeg));
    for (const transform of TRANSFORMS) {
      for (const channels of [1, 3] as const) {
        const slots = await fill(locations, transform, { channels });
        for (const [slot, bytes] of slots.entries()) {
          const expected = new Uint8Array(SIZE * SIZE * channels);
          const draws = drawAugmentation(transform, 1, 0, slot);
          const window = cropWindow(transform, image.width, image.height, draws);
          fillSlot(image, window, SIZE, expected, channels);
          assert.deepEqual(bytes, expected, JSON.stringify({ transform, window, channels }));
        }
      }
    }
  }

  for (const [name, sampling] of Object.entries(SAMPLINGS)) {
    it(`of ${name} have sharp's pixels, and every window those of the whole image`, async () => {
      for (const [width, height] of SIZES) {
        for (const restart of [0, 3]) {
          const jpeg = randomJpeg({ width, height, sampling, restart }, width);
          const { ours, theirs } = await decodeTwice(jpeg);
          assert.ok(meanDifference(ours.data, theirs) <= 2);
          assert.equal(ours.channels, sampling.length);
          await checkWindows(jpeg);
        }
      }
    });
  }

  for (const progressive of [false, true]) {
    it(`of sharp, ${progressive ? 'progressive' : 'sequential'}, do so too`, async () => {
      for (const [width, height] of SIZES) {
        for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
          const image = asSharp(testImage(width, height, 3, width));
          const jpeg = await image.jpeg({ progressive, chromaSubsampling }).toBuffer();
          const { ours, theirs } = await decodeTwice(jpeg);
          assert.ok(meanDifference(ours.data, theirs) <= 2);
          await checkWindows(jpeg);
        }
      }
    });
  }

  it('inside of archives are read from their place', async () => {
    const jpegs = [1, 2].map((seed) =>
      randomJpeg({ width: 40, height: 30, sampling: [[1, 1]] }, seed),
    );
    const [first, second] = jpegs as [Buffer, Buffer];
    const archive = Buffer.concat([Buffer.alloc(512), first, second, Buffer.alloc(1024)]);
    const { file } = save(archive);
    const inside = await fill([
      { file, offset: 512, length: first.length },
      { file, offset: 512 + first.length, length: second.length },
      { file, offset: archive.length - 10, length: 20 },
    ]);
    assert.deepEqual(inside, [...(await fill(jpegs.map(save))), undefined]);
  });

  it('are the same bytes for one thread and eight', async () => {
    const locations = Array.from({ length: 40 }, (_, seed) => {
      const form = { width: 90 + seed, height: 120 - seed, sampling: SAMPLINGS['4:2:0'] ?? [] };
      return save(randomJpeg(form, seed));
    });
    const transform = TRANSFORMS[4] as Transform;
    const alone = await fill(locations, transform, { threads: 1 });
    assert.ok(alone.every((slot) => slot !== undefined));
    assert.deepEqual(await fill(locations, transform, { threads: 8 }), alone);
  });

  it('have the same bytes with every instruction set', async () => {
    const locations = Object.values(SAMPLINGS).flatMap((sampling, seed) =>
      SIZES.map(([width, height]) => save(randomJpeg({ width, height, sampling }, seed))),
    );
    const before = process.env['CNN_MAX_ISA'];
    for (const transform of TRANSFORMS) {
      for (const channels of [1, 3] as const) {
        const all: string[] = [];
        for (const isa of ['amx', 'avx2', 'generic']) {
          // Read whenever threads are started.
          process.env['CNN_MAX_ISA'] = isa;
          const slots = await fill(locations, transform, { channels });
          if (before === undefined) delete process.env['CNN_MAX_ISA'];
          else process.env['CNN_MAX_ISA'] = before;
          assert.ok(slots.every((slot) => slot !== undefined));
          all.push(createHash('sha256').update(Buffer.concat(slots)).digest('hex'));
        }
        assert.deepEqual(all, new Array(3).fill(all[0]), JSON.stringify({ transform, channels }));
      }
    }
  });

  it('in other forms are left to sharp', async () => {
    const image = asSharp(testImage(40, 30, 3));
    const jpeg = await image.jpeg().toBuffer();
    const start = jpeg.indexOf(Buffer.of(0xff, 0xc0));
    const changed = (offset: number, byte: number) => {
      const copy = Buffer.from(jpeg);
      copy[start + offset] = byte;
      return copy;
    };
    const others = {
      cmyk: await asSharp(testImage(40, 30, 3))
        .toColourspace('cmyk')
        .jpeg()
        .toBuffer(),
      arithmetic: changed(1, 0xc9),
      lossless: changed(1, 0xc3),
      'twelve bits': changed(4, 12),
      png: await image.png().toBuffer(),
      text: Buffer.from('no image'),
      empty: Buffer.alloc(0),
    };
    for (const [name, bytes] of Object.entries(others)) {
      assert.deepEqual(await fill([save(bytes)]), [undefined], name);
      assert.equal(decodeJpeg(bytes), undefined, name);
    }
  });

  it('that are no readable files are left to sharp', async () => {
    const folder = join(directory(), 'folder.jpg');
    mkdirSync(folder);
    const pipe = join(directory(), 'pipe.jpg');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const paths = [folder, pipe, join(directory(), 'missing.jpg')];
    assert.deepEqual(await fill(paths.map(wholeFile)), [undefined, undefined, undefined]);
  });

  it('that are cut off anywhere are left to sharp, also where the window would be there', async () => {
    const top: Transform = { ...plain, resize: 100, crop: 'random' };
    const image = asSharp(testImage(200, 300, 3));
    for (const progressive of [false, true]) {
      const jpeg = await image.clone().jpeg({ progressive }).toBuffer();
      for (let tenth = 0; tenth < 10; tenth++) {
        const cut = jpeg.subarray(0, (jpeg.length * tenth) / 10);
        const zeros = Buffer.concat([cut, Buffer.alloc(jpeg.length - cut.length)]);
        for (const bytes of [cut, zeros]) {
          assert.equal(decodeJpeg(bytes), undefined);
          const locations = new Array(4).fill(save(bytes));
          assert.deepEqual(await fill(locations, top), new Array(4).fill(undefined));
        }
      }
      const padded = Buffer.concat([jpeg, Buffer.alloc(100)]);
      assert.deepEqual(await fill([save(padded)], top), await fill([save(jpeg)], top));
    }
  });

  it('that changed since they were measured are left to sharp', async () => {
    const [small, large] = [40, 80].map((width) =>
      randomJpeg({ width, height: 50, sampling: [[1, 1]] }),
    ) as [Buffer, Buffer];
    const location = save(large);
    const settings = { transform: plain, channels: 3, threads: 1 } as const;
    const filler = JpegFiller.open(listOf([location]), settings);
    const images = new Uint8Array(SIZE * SIZE * 3);
    const items = [{ slot: 0, source: location, draws: drawAugmentation(plain, 0, 0, 0) }];
    assert.deepEqual(await filler?.fill(images, items, [0]), []);
    writeFileSync(location.file, small);
    assert.deepEqual(await filler?.fill(images, items, [0]), items);
    rmSync(location.file);
    assert.deepEqual(await filler?.fill(images, items, [0]), items);
    filler?.close();
  });

  it('made to do harm take little time and memory', async () => {
    const claims = (sof: number) => {
      const jpeg = randomJpeg({ width: 16, height: 16, sampling: SAMPLINGS['4:4:4'] ?? [] });
      const start = jpeg.indexOf(Buffer.of(0xff, 0xc0));
      jpeg[start + 1] = sof;
      for (let i = 0; i < 4; i++) jpeg[start + 5 + i] = 0xff - (i % 2) * 0x40;
      return jpeg;
    };
    const small = await asSharp(testImage(16, 16, 3))
      .jpeg({ progressive: true })
      .toBuffer();
    const scan = small.subarray(small.lastIndexOf(Buffer.of(0xff, 0xda)), -2);
    const scans = Buffer.concat([small.subarray(0, -2), ...new Array(1000).fill(scan)]);
    const before = process.memoryUsage().rss;
    assert.equal(decodeJpeg(claims(0xc0)), undefined);
    const hostile = [claims(0xc0), claims(0xc2), Buffer.concat([scans, small.subarray(-2)])];
    assert.deepEqual(await fill(hostile.map(save)), [undefined, undefined, undefined]);
    assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20);
  });

  it('with bytes changed at random are decoded or left, and harm nothing', async () => {
    const draw = random(0, 'subset');
    const good = save(randomJpeg({ width: 60, height: 50, sampling: [[1, 1]] }));
    const [expected] = await fill([good]);
    const sources = [
      randomJpeg({ width: 90, height: 70, sampling: SAMPLINGS['4:2:0'] ?? [], restart: 2 }),
      await asSharp(testImage(90, 70, 3))
        .jpeg({ progressive: true })
        .toBuffer(),
    ];
    const locations = Array.from({ length: 400 }, (_, i) => {
      const bytes = Buffer.from(sources[i % 2] as Buffer);
      for (let count = 1 + draw.below(8); count > 0; count--) {
        bytes[draw.below(bytes.length)] = draw.below(256);
      }
      return save(bytes);
    });
    const slots = await fill([...locations, good], TRANSFORMS[0]);
    assert.ok(slots.slice(0, -1).some((slot) => slot === undefined));
    assert.deepEqual(slots.at(-1), expected);
  });

  it('in work when the threads are closed end in an error', async () => {
    const jpeg = randomJpeg({ width: 600, height: 500, sampling: [[1, 1]] });
    const locations = new Array(50).fill(save(jpeg));
    const settings = { transform: plain, channels: 3, threads: 2 } as const;
    const filler = JpegFiller.open(listOf(locations), settings);
    const images = new Uint8Array(50 * SIZE * SIZE * 3);
    const draws = drawAugmentation(plain, 0, 0, 0);
    const items = locations.map((source, slot) => ({ slot, source, draws }));
    const filled = filler?.fill(images, items, [...items.keys()]);
    filler?.close();
    await assert.rejects(filled ?? Promise.resolve(), RunError);
    await assert.rejects(filler?.fill(images, items, [...items.keys()]) ?? Promise.resolve());
  });

  it('that were read first are decoded, and so are other files left', async () => {
    const jpeg = save(randomJpeg({ width: 40, height: 50, sampling: [[1, 1]] }));
    const missing = { ...jpeg, file: `${jpeg.file}.missing` };
    const locations = [jpeg, save(Buffer.from('no image')), missing];
    const settings = { transform: plain, channels: 3, threads: 1 } as const;
    const filler = JpegFiller.open(listOf(locations), settings);
    const draws = drawAugmentation(plain, 0, 0, 0);
    const items = locations.map((source, slot) => ({ slot, source, draws }));
    const indices = [...items.keys()];
    await filler?.readFirst(indices);
    const left = await filler?.fill(new Uint8Array(3 * SIZE * SIZE * 3), items, indices);
    filler?.close();
    assert.deepEqual(left?.map(({ slot }) => slot) ?? [1, 2], [1, 2]);
  });

  it('cost no time while there are none to decode', async () => {
    const location = save(randomJpeg({ width: 40, height: 50, sampling: [[1, 1]] }));
    const settings = { transform: plain, channels: 3, threads: 8 } as const;
    const filler = JpegFiller.open(listOf([location]), settings);
    const items = [{ slot: 0, source: location, draws: drawAugmentation(plain, 0, 0, 0) }];
    await filler?.fill(new Uint8Array(SIZE * SIZE * 3), items, [0]);
    // Eight threads that wait in a loop would take all cores the whole time; one quiet moment shows
    // that they do not, whatever else Node does in others.
    const busy: number[] = [];
    for (let moment = 0; moment < 5; moment++) {
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const { user, system } = process.cpuUsage(before);
      busy.push(user + system);
    }
    filler?.close();
    assert.ok(Math.min(...busy) < 30_000, `${busy.join(', ')} µs`);
  });
});
