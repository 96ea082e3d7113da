import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { bytesSource } from '../../src/data/layouts/byte-source.js';
import { findGroundTruth, readMeta, withDevkits } from '../../src/data/layouts/labels/devkit.js';
import { findLabelList } from '../../src/data/layouts/labels/label-list.js';
import { readMat } from '../../src/data/layouts/labels/mat.js';
import type { Opened } from '../../src/data/layouts/opened.js';
import { Survey } from '../../src/data/layouts/survey.js';
import { readMembers } from '../../src/data/layouts/tar/tar.js';
import { DataError } from '../../src/errors.js';
import { openWeightsFile } from '../../src/weights/index.js';
import { compressed } from '../data/layouts/mats.js';
import { writeTar } from '../data/layouts/tars.js';
import {
  archive,
  dict,
  float32,
  legacy,
  pickle,
  safetensors,
  tensor,
  zip,
  zip64,
} from '../weights/files.js';
import { fuzz } from './fuzz.js';
import { damagedFile, damagedJson } from './mutations.js';
import { checkSummed, oddPax, oddPickle, oddSafetensors, oddTar, oddTensor } from './odd-files.js';

/** What a zip directory says of a file that is not so. */
const wrongEntry = fc.record(
  {
    ...{ size: fc.constantFrom(0, 7, 24, 2 ** 31, 0xfffffffe), crc: fc.nat() },
    ...{ offset: fc.constantFrom(0, 5, 2 ** 31, 0xfffffffe), method: fc.constantFrom(0, 8, 99) },
  },
  { requiredKeys: [] },
);

const isError = (error: unknown) => error instanceof Error && error.constructor === Error;

describe('files of strangers', function () {
  this.timeout(0);
  const directory = mkdtempSync(join(tmpdir(), 'cnn-fuzz-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const at = (name: string) => join(directory, name);

  /** `numbers` are those that the file stores, where it is known. */
  async function readWeights(bytes: Uint8Array, numbers?: ReadonlySet<number>): Promise<void> {
    await writeFile(at('weights'), bytes);
    const { tensors, close } = await openWeightsFile(at('weights'));
    try {
      for (const { shape, read } of tensors.values()) {
        assert.ok(
          shape.every((size) => Number.isSafeInteger(size) && size >= 0),
          `${shape}`,
        );
        const values = await read();
        assert.equal(
          values.length,
          shape.reduce((product, size) => product * size, 1),
        );
        // Others would be the bytes around them.
        if (numbers)
          assert.ok(
            values.every((value) => numbers.has(value)),
            `${values}`,
          );
      }
    } finally {
      await close();
    }
  }

  const header = {
    a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    'b.weight': { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
    __metadata__: { classes: '["x","y"]' },
  };
  const data = Buffer.alloc(32, 1);
  /** What is read accounts for every byte. */
  async function readSafetensors(bytes: Buffer): Promise<void> {
    await readWeights(bytes);
    const start = 8 + Number(bytes.readBigUInt64LE());
    const { __metadata__: _, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
    const ends = Object.values<{ data_offsets: number[] }>(entries).map(
      (entry) => entry.data_offsets[1] ?? 0,
    );
    assert.equal(start + Math.max(0, ...ends), bytes.length);
  }
  fuzz('safetensors', () => damagedFile([safetensors(header, data)]), readSafetensors);
  fuzz(
    'headers of safetensors',
    () => damagedJson(header).map((json) => safetensors(json, data)),
    readSafetensors,
  );
  fuzz('shapes in safetensors', () => oddSafetensors, readSafetensors);

  const state = pickle(
    dict({
      a: tensor({ count: 6, size: [2, 3], stride: [3, 1] }),
      b: tensor({ count: 6, size: [3, 2], stride: [1, 3], offset: 0 }),
    }),
  );
  const numbers = { '0': float32(0, 1, 2, 3, 4, 5) };
  fuzz('.pth files', () => damagedFile([archive(state, numbers)]), readWeights);
  const old = { keys: ['0'], storages: [{ count: 6, content: numbers['0'] }] };
  fuzz('old .pth files', () => damagedFile([legacy(state, old)]), readWeights);
  fuzz(
    'pickles of any operations in old .pth files',
    () => oddPickle.map((bytes) => legacy(bytes, old)),
    readWeights,
  );
  fuzz(
    'pickles in .pth files',
    () => damagedFile([state]).map((bytes) => archive(bytes, numbers)),
    readWeights,
  );
  fuzz(
    'pickles of any operations in .pth files',
    () => oddPickle.map((bytes) => archive(bytes, numbers)),
    readWeights,
  );
  fuzz(
    'tensors in .pth files',
    () => oddTensor.map((about) => archive(pickle(dict({ a: tensor(about) })), numbers)),
    (bytes) => readWeights(bytes, new Set([0, 1, 2, 3, 4, 5])),
  );
  fuzz(
    'zip64 directories',
    () => fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(zip64),
    readWeights,
  );
  fuzz(
    'zip directories of .pth files',
    () =>
      fc.tuple(fc.constantFrom(0, 1), wrongEntry).map(([which, wrong]) => {
        const entries = [
          { name: 'archive/data.pkl', content: state },
          { name: 'archive/data/0', content: numbers['0'] },
        ];
        return zip(entries.map((entry, index) => ({ ...entry, ...(index === which && wrong) })));
      }),
    readWeights,
  );

  let tars: Buffer[] = [];
  let devkit = Buffer.alloc(0);
  let mats: Buffer[] = [];
  before(async () => {
    const long = `train/${'long/'.repeat(40)}1.png`;
    for (const format of ['gnu', 'pax', 'ustar'] as const) {
      const files = format === 'ustar' ? { 'a/1.png': 'x' } : { 'a/1.png': 'x', [long]: 'y' };
      writeTar(at(`${format}.tar`), { ...files, 'b/2.txt': 'z'.repeat(700) }, { format });
    }
    tars = await Promise.all(['gnu', 'pax', 'ustar'].map((name) => readFile(at(`${name}.tar`))));
    const meta = (name: string) => readFile(new URL(`../data/layouts/${name}`, import.meta.url));
    mats = [await meta('meta.mat'), await meta('meta-compressed.mat')];
    const truth = { 'data/ILSVRC2012_validation_ground_truth.txt': '1\n2\n3\n' };
    writeTar(at('devkit.tar'), { ...truth, 'data/meta.mat': mats[1] as Buffer });
    devkit = await readFile(at('devkit.tar'));
  });

  async function readTar(bytes: Buffer): Promise<void> {
    // A part of them is read where the layout is looked for.
    for (const most of [1, Number.POSITIVE_INFINITY]) {
      for (const { offset, size } of await readMembers(bytesSource(bytes), 'a.tar', { most })) {
        assert.ok(Number.isSafeInteger(offset) && Number.isSafeInteger(size), `${offset} ${size}`);
        assert.ok(offset >= 0 && size >= 0 && offset + size <= bytes.length, `${offset} ${size}`);
      }
    }
  }
  fuzz('tar files', () => damagedFile(tars), readTar);
  fuzz('tar files with right checksums', () => damagedFile(tars).map(checkSummed), readTar);
  fuzz('tar files with odd fields', () => oddTar(tars), readTar);
  fuzz('tar files with odd records of pax', () => oddPax(tars[1] as Buffer), readTar);

  fuzz('MATLAB files', () => damagedFile(mats), readMat, isErrorOfZlib);
  fuzz(
    'compressed variables of MATLAB files',
    () => damagedFile([(mats[0] as Buffer).subarray(128)]).map(compressed),
    readMat,
    isErrorOfZlib,
  );

  /** The only folder, with one file. */
  const opened = (name: string, bytes: Buffer): Opened => ({
    path: '/data',
    contents: {
      folders: [],
      files: [name],
      entry: () => ({ name, size: bytes.length }),
      read: (_, most) => bytes.subarray(0, most),
    },
  });
  fuzz(
    'meta.mat of devkits',
    () => damagedFile(mats),
    (bytes) => {
      for (const { id, wnid } of readMeta(opened('meta.mat', bytes)) ?? []) {
        assert.ok(Number.isInteger(id) && typeof wnid === 'string');
      }
    },
  );
  const images = ['ILSVRC2012_val_00000001.JPEG', 'ILSVRC2012_val_00000002.JPEG', '3.png'];
  async function readDevkit(bytes: Buffer): Promise<void> {
    const survey = new Survey();
    const places = await withDevkits([opened('ILSVRC2012_devkit_t12.tar.gz', bytes)], survey);
    const [problem] = survey.problems;
    if (problem !== undefined) throw new DataError(problem);
    for (const place of places) readMeta(place);
    const labelling = findGroundTruth(places, images.slice(0, 2));
    for (const image of images.slice(0, 2)) labelling?.classOf(image);
  }
  fuzz('devkits', () => damagedFile([devkit, gzipSync(devkit)]), readDevkit);
  fuzz('unpacked devkits', () => damagedFile([devkit]).map(checkSummed), readDevkit);

  const lists = [
    'synset,image\nn01440764,3.png\nn02119789,ILSVRC2012_val_00000001.JPEG\n',
    'file;label\n"3.png";"a ""b"""\nILSVRC2012_val_00000002.JPEG;0\n',
    'file,label\n3.png,"kit fox, swift fox, Vulpes macrotis, Vulpes velox"\n',
    'n01440764\nn02119789\nn01440764\n',
    'ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 1 2 3 4\n',
  ].map((text) => Buffer.from(text));
  fuzz(
    'lists of labels',
    () => damagedFile(lists),
    (bytes) => {
      const list = findLabelList([opened('val.txt', bytes)], images, ['a', 'b']);
      for (const image of images) list?.classOf(image);
    },
  );
});

/** What devkit.ts makes a sentence of. */
function isErrorOfZlib(error: unknown): boolean {
  return isError(error) || (error instanceof Error && 'errno' in error);
}
