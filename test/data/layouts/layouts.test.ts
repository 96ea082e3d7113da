import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BatchSettings, openBatches } from '../../../src/data/batches/batches.js';
import type { Split } from '../../../src/data/dataset.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { readBytes } from '../../../src/data/decode/read-bytes.js';
import { openDataset } from '../../../src/data/open-dataset.js';
import { DataError } from '../../../src/errors.js';
import { asSharp, namesOf, temporaryDirectory, testImage, writeTree } from '../images.js';
import { type TarFormat, type Tree, writeTar } from './tars.js';

/** Four classes of ILSVRC in the order of their wnids. */
const WNIDS = ['n01440764', 'n02100735', 'n02110185', 'n02119789'] as const;
/** Their ids in the devkit of meta.py: another order. */
const IDS: Readonly<Record<string, number>> = {
  n02119789: 1,
  n02100735: 2,
  n01440764: 3,
  n02110185: 4,
};
const PER_CLASS = 2;
/** The class of each validation image, in the order of their names. */
const VAL = ['n02110185', 'n02119789', 'n02100735', 'n01440764', 'n02119789', 'n02110185'];
const WORDS = [
  'tench, Tinca tinca',
  'English setter',
  'Siberian husky',
  'kit fox, Vulpes macrotis',
];

/** Each image has a seed of its own, by which it is recognised in every place. */
const trainSeed = (label: number, index: number) => 10 * label + index;
const valSeed = (index: number) => 100 + index;
const valName = (index: number) => `ILSVRC2012_val_${`${index + 1}`.padStart(8, '0')}.JPEG`;

/** The training images of one class by their names. */
function classTree(label: number, prefix = ''): Tree {
  const indices = Array.from({ length: PER_CLASS }, (_, index) => index);
  return Object.fromEntries(
    indices.map((index) => [`${prefix}${WNIDS[label]}_${index}.JPEG`, trainSeed(label, index)]),
  );
}

/** All training images; `place` says where those of a class are. */
function trainTree(place: (wnid: string, index: number) => string): Tree {
  return Object.assign({}, ...WNIDS.map((wnid, label) => classTree(label, place(wnid, label))));
}

function valTree(place: (wnid: string, index: number) => string): Tree {
  return Object.fromEntries(
    VAL.map((wnid, index) => [`${place(wnid, index)}${valName(index)}`, valSeed(index)]),
  );
}

const train = trainTree((wnid) => `train/${wnid}/`);
const flatVal = valTree(() => 'val/');
const GROUND_TRUTH = 'ILSVRC2012_validation_ground_truth.txt';
const groundTruth = VAL.map((wnid) => `${IDS[wnid]}\n`).join('');
const meta = readFileSync(new URL('meta.mat', import.meta.url));
const devkit: Tree = {
  'ILSVRC2012_devkit_t12/readme.txt': 'ILSVRC2012',
  'ILSVRC2012_devkit_t12/data/meta.mat': meta,
  [`ILSVRC2012_devkit_t12/data/${GROUND_TRUTH}`]: groundTruth,
};
const clsloc = WNIDS.map((wnid) => `${wnid} ${IDS[wnid]} some_words\n`).join('');
const kaggle: Tree = {
  ...trainTree((wnid) => `ILSVRC/Data/CLS-LOC/train/${wnid}/`),
  ...valTree(() => 'ILSVRC/Data/CLS-LOC/val/'),
  'ILSVRC/Data/CLS-LOC/test/ILSVRC2012_test_00000001.JPEG': 1,
  'ILSVRC/ImageSets/CLS-LOC/val.txt': VAL.map(
    (_, i) => `${valName(i).slice(0, -5)} ${i + 1}\n`,
  ).join(''),
  'LOC_val_solution.csv': `ImageId,PredictionString\n${VAL.map(
    (wnid, i) => `${valName(i).slice(0, -5)},${wnid} 85 1 499 272 ${wnid} 1 2 3 4 \n`,
  )
    .toReversed()
    .join('')}`,
  'LOC_sample_submission.csv': 'ImageId,PredictionString\nILSVRC2012_test_00000001,n0 1 2 3 4\n',
  'LOC_synset_mapping.txt': WNIDS.map((wnid, label) => `${wnid} ${WORDS[label]}\n`).join(''),
};

/** WebDataset: `label` makes the files of a sample beside its image. */
function samples(
  part: Record<string, { seed: number; wnid: string }>,
  label: (wnid: string) => Tree,
): Tree {
  const files: Record<string, string | Uint8Array | number> = {};
  for (const [key, { seed, wnid }] of Object.entries(part)) {
    files[`${key}.jpg`] = seed;
    for (const [ending, content] of Object.entries(label(wnid)))
      files[`${key}.${ending}`] = content;
  }
  return files;
}
const trainSamples = Object.fromEntries(
  WNIDS.flatMap((wnid, label) =>
    [0, 1].map((index) => [`000${index}${label}`, { seed: trainSeed(label, index), wnid }]),
  ),
);
const valSamples = Object.fromEntries(
  VAL.map((wnid, index) => [`0000${index}`, { seed: valSeed(index), wnid }]),
);
const byNumber = (wnid: string): Tree => ({
  cls: String(WNIDS.toReversed().indexOf(wnid as (typeof WNIDS)[number])),
  json: JSON.stringify({ width: 12 }),
});

interface Case {
  readonly what: string;
  readonly layout: string | RegExp;
  /** Writes the dataset and returns its path below `root`. */
  readonly make: (root: string) => string | undefined;
  /** Words of the classes where they are not those of ILSVRC. */
  readonly words?: readonly string[];
}

const tree = (files: Tree) => (root: string) => {
  writeTree(root, files);
  return undefined;
};

const cases: readonly Case[] = [
  {
    what: 'class folders',
    layout: 'ImageFolder',
    make: tree({ ...train, ...valTree((wnid) => `val/${wnid}/`) }),
  },
  {
    what: 'class folders in folders of their own',
    layout: 'ImageFolder',
    make: tree({
      ...trainTree((wnid, label) => `train/${wnid}/${label % 2 ? 'images/' : 'a/b/'}`),
      ...valTree((wnid) => `valid/${wnid}/images/`),
    }),
  },
  {
    what: 'a dataset in the only folder of a folder',
    layout: 'ImageFolder',
    make: tree({
      ...trainTree((wnid) => `set/here/train/${wnid}/`),
      ...valTree((wnid) => `set/here/test/${wnid}/`),
      'readme.txt': 'hello',
    }),
  },
  {
    what: 'links to class folders, and links in a circle',
    layout: 'ImageFolder',
    make(root) {
      writeTree(root, {
        ...trainTree((wnid) => `elsewhere/${wnid}/`),
        ...valTree((wnid) => `val/${wnid}/`),
      });
      mkdirSync(join(root, 'train'));
      for (const wnid of WNIDS) {
        symlinkSync(`../elsewhere/${wnid}`, join(root, 'train', wnid));
        symlinkSync('..', join(root, 'elsewhere', wnid, 'up'));
        symlinkSync('.', join(root, 'val', wnid, 'itself'));
      }
      return undefined;
    },
  },
  {
    what: 'a flat val with the devkit and its meta.mat',
    layout: 'ILSVRC with its devkit',
    make: tree({ ...train, ...flatVal, ...devkit }),
    words: WORDS,
  },
  {
    what: 'a flat val with the ground truth and map_clsloc.txt beside it',
    layout: 'ILSVRC with its devkit',
    make: tree({
      ...train,
      ...flatVal,
      [`devkit/data/${GROUND_TRUTH.replace('2012_', '2015_clsloc_')}`]: groundTruth,
      'devkit/data/map_clsloc.txt': clsloc,
    }),
  },
  {
    what: 'a flat val that lacks an image, with the ground truth in val',
    layout: 'ILSVRC with its devkit',
    make: tree({
      ...train,
      ...Object.fromEntries(Object.entries(flatVal).filter(([, seed]) => seed !== valSeed(2))),
      [`val/${GROUND_TRUTH}`]: groundTruth,
      'val/ids.txt': clsloc,
    }),
  },
  {
    what: 'a flat val with a list synset,image',
    layout: 'class folders and a flat validation folder',
    make: tree({
      ...train,
      ...flatVal,
      'synset_image.csv': `synset,image\n${VAL.map((wnid, i) => `${wnid},${valName(i)}\n`).join('')}`,
    }),
  },
  {
    what: "a flat val with Caffe's val.txt in meta",
    layout: 'class folders and a flat validation folder',
    make: tree({
      ...train,
      ...flatVal,
      'meta/val.txt': VAL.map((wnid, i) => `${valName(i)} ${WNIDS.indexOf(wnid as never)}\n`).join(
        '',
      ),
      'meta/train.txt': 'n01440764/n01440764_0.JPEG 0\n',
    }),
  },
  {
    what: 'a flat val with one wnid on each line',
    layout: 'class folders and a flat validation folder',
    make: tree({
      ...train,
      ...flatVal,
      'imagenet_2012_validation_synset_labels.txt': VAL.join('\n'),
    }),
  },
  {
    what: 'Tiny ImageNet',
    layout: 'class folders and a flat validation folder',
    make: tree({
      ...trainTree((wnid) => `train/${wnid}/images/`),
      ...valTree(() => 'val/images/'),
      'train/n01440764/n01440764_boxes.txt': 'n01440764_0.JPEG 0 0 62 62',
      'val/val_annotations.txt': VAL.map(
        (wnid, i) => `${valName(i)}\t${wnid}\t0\t32\t44\t62\n`,
      ).join(''),
      'words.txt': 'n01440764\ttench from a file\nn99999999\tother\n',
      'wnids.txt': `${WNIDS.join('\n')}\n`,
    }),
    words: ['tench from a file', ...WORDS.slice(1)],
  },
  {
    what: 'two flat folders with lists, and a submission',
    layout: 'flat folders',
    make: tree({
      ...trainTree(() => 'train/'),
      ...flatVal,
      'labels.csv': [
        'id,wnid',
        ...WNIDS.flatMap((wnid) => [`${wnid}_0,${wnid}`, `${wnid}_1,${wnid}`]),
        '',
      ].join('\n'),
      'val/labels.csv': `id,wnid\n${VAL.map((wnid, i) => `${valName(i)},${wnid}\n`).join('')}`,
      'sample_submission.csv': `id,wnid\n${VAL.map((_, i) => `${valName(i)},0\n`).join('')}`,
    }),
  },
  { what: 'Kaggle', layout: 'ILSVRC as on Kaggle', make: tree(kaggle), words: WORDS },
  {
    what: 'the inner directory of Kaggle',
    layout: 'ILSVRC as on Kaggle',
    make(root) {
      writeTree(root, kaggle);
      return 'ILSVRC/Data/CLS-LOC';
    },
    words: WORDS,
  },
  {
    what: 'the official tar files',
    layout: 'ILSVRC with its devkit',
    make(root) {
      const inner: Record<string, Uint8Array> = {};
      for (const [label, wnid] of WNIDS.entries()) {
        writeTar(join(root, 'temporary'), classTree(label));
        inner[`${wnid}.tar`] = readFileSync(join(root, 'temporary'));
      }
      writeTar(join(root, 'data/ILSVRC2012_img_train.tar'), inner);
      writeTar(
        join(root, 'data/ILSVRC2012_img_val.tar'),
        valTree(() => ''),
      );
      writeTar(join(root, 'data/ILSVRC2012_devkit_t12.tar.gz'), devkit, { gzip: true });
      return 'data';
    },
    words: WORDS,
  },
  {
    what: 'a directory with a tar file for each class',
    layout: 'ILSVRC with its devkit',
    make(root) {
      writeTree(root, { ...flatVal, ...devkit });
      for (const [label, wnid] of WNIDS.entries()) {
        writeTar(join(root, `train/${wnid}.tar`), classTree(label), { format: 'v7' });
      }
      return undefined;
    },
    words: WORDS,
  },
  ...(['gnu', 'pax'] as const satisfies TarFormat[]).map((format) => ({
    what: `one ${format} tar file with names over 100 characters`,
    layout: 'ImageFolder',
    make(root: string) {
      const long = 'ä'.repeat(60);
      const files = {
        ...trainTree((wnid) => `${long}/${long}/train/${wnid}/`),
        ...valTree((wnid) => `${long}/${long}/val/${wnid}/`),
      };
      writeTar(join(root, 'set.tar'), files, { format });
      return 'set.tar';
    },
  })),
  {
    what: 'one ustar tar file with prefixes',
    layout: 'ImageFolder',
    make(root) {
      const long = 'folder'.repeat(12);
      const files = {
        ...trainTree((wnid) => `${long}/train/${wnid}/`),
        ...valTree((wnid) => `${long}/val/${wnid}/`),
      };
      writeTar(join(root, 'set.tar'), files, { format: 'ustar' });
      return 'set.tar';
    },
  },
  {
    what: 'train.tar and val.tar',
    layout: 'ImageFolder',
    make(root) {
      writeTar(
        join(root, 'train.tar'),
        trainTree((wnid) => `${wnid}/`),
      );
      writeTar(
        join(root, 'val.tar'),
        valTree((wnid) => `./${wnid}/`),
      );
      return undefined;
    },
  },
  {
    what: 'shards with numbers and a list of classes',
    layout: 'WebDataset',
    make(root) {
      const parts = Object.entries(trainSamples);
      writeTar(
        join(root, 'set-train-0.tar'),
        samples(Object.fromEntries(parts.slice(0, 3)), byNumber),
      );
      writeTar(
        join(root, 'set-train-1.tar'),
        samples(Object.fromEntries(parts.slice(3)), byNumber),
      );
      writeTar(join(root, 'set-val-0.tar'), samples(valSamples, byNumber));
      writeTree(root, { 'classes.txt': `${WNIDS.toReversed().join('\n')}\n` });
      return undefined;
    },
  },
  {
    what: 'shards in train and val with classes in .json files',
    layout: 'WebDataset',
    make(root) {
      const label = (wnid: string) => ({ json: JSON.stringify({ label: wnid, width: 12 }) });
      writeTar(join(root, 'train/000.tar'), samples(trainSamples, label));
      writeTar(join(root, 'val/000.tar'), samples(valSamples, label));
      return undefined;
    },
  },
];

const seeds = [
  ...WNIDS.flatMap((_, label) => [trainSeed(label, 0), trainSeed(label, 1)]),
  ...VAL.map((_, index) => valSeed(index)),
];
const seedOf = new Map(
  seeds.map((seed) => [encodePng(testImage(12, 10, 3, seed)).toString('latin1'), seed]),
);

/** The class of each image by its seed. */
function found({ images, labels }: Split, classes: readonly string[]): Map<number, string> {
  return new Map(
    Array.from(labels, (label, index) => {
      const bytes = readBytes(images.locate(index)).toString('latin1');
      return [seedOf.get(bytes) ?? -1, classes[label] ?? ''];
    }),
  );
}

describe('a dataset laid out as', () => {
  const directory = temporaryDirectory();
  let made = 0;
  function make({ make: write }: Pick<Case, 'make'>): string {
    const root = join(directory(), `set${made++}`);
    mkdirSync(root);
    return join(root, write(root) ?? '');
  }
  const expectedTrain = new Map(
    WNIDS.flatMap((wnid, label) => [0, 1].map((index) => [trainSeed(label, index), wnid])),
  );

  for (const layout of cases) {
    it(`${layout.what} has each image with its class`, async () => {
      const path = make(layout);
      const data = await openDataset(path);
      assert.equal(data.layout, layout.layout);
      assert.deepEqual(data.classes, WNIDS);
      assert.deepEqual(data.words, layout.words ?? WORDS);
      assert.deepEqual(
        new Map([...found(data.train, data.classes)].sort(([a], [b]) => a - b)),
        expectedTrain,
      );
      assert.equal(data.train.images.length, expectedTrain.size);
      const val = found(data.val, data.classes);
      const lacking = layout.what.includes('lacks') ? 1 : 0;
      assert.equal(val.size, VAL.length - lacking);
      assert.equal(data.val.images.length, val.size);
      for (const [seed, wnid] of val) assert.equal(wnid, VAL[seed - valSeed(0)]);
      for (const name of namesOf(data.train.images)) assert.ok(name.startsWith(path), name);
      assert.equal((await openDataset(path)).fingerprint, data.fingerprint);
    });
  }

  it('class folders or tar files gives the same batches', async () => {
    const settings: BatchSettings = {
      batchSize: 4,
      imageSize: 8,
      channels: 3,
      transform: { resize: 8, crop: 'centre', size: 8, mirror: 0, pad: 0 },
      seed: 0,
      workers: 2,
      shuffle: false,
      lastBatch: 'pad',
      prefetch: 1,
      cacheBytes: 0,
    };
    const files: Record<string, Uint8Array> = {};
    for (const [index, name] of [
      'a/1.jpg',
      'a/2.png',
      'b/1.jpg',
      'b/2.jpg',
      'b/3.webp',
    ].entries()) {
      const image = asSharp(testImage(20, 30, 3, index));
      files[name] = await image.toFormat(name.slice(4) as 'jpeg' | 'png' | 'webp').toBuffer();
    }
    const root = make({ make: () => undefined });
    const places = [join(root, 'folders'), join(root, 'tars')];
    writeTree(join(root, 'folders'), files);
    writeTar(join(root, 'tars/set.tar'), files);
    const batches: Buffer[][] = [];
    for (const path of places) {
      const { train } = await openDataset(path, { valFraction: 0.1 });
      const loader = await openBatches(train, settings);
      const images: Buffer[] = [];
      for await (const batch of loader.batches(0)) {
        images.push(Buffer.from(batch.images));
        batch.release();
      }
      assert.equal(loader.unreadable.size, 0);
      await loader.close();
      batches.push(images);
    }
    assert.deepEqual(batches[0], batches[1]);
  });

  const errors: readonly [what: string, files: Tree, message: RegExp][] = [
    [
      'a flat val without classes',
      { ...train, ...flatVal },
      /Nothing says which classes the images in \S*val have.*devkit.*--val-fraction/,
    ],
    [
      'a ground truth without a map of its ids',
      { ...train, ...flatVal, [GROUND_TRUTH]: groundTruth },
      /ground_truth\.txt has ids.*meta\.mat or map_clsloc\.txt/,
    ],
    [
      'a ground truth with other ids',
      { ...train, ...flatVal, [GROUND_TRUTH]: groundTruth.replace('4', '7'), 'map.txt': clsloc },
      /Line 1 of \S*ground_truth\.txt has the id 7/,
    ],
    [
      'a ground truth that is too short',
      { ...train, ...flatVal, [GROUND_TRUTH]: '1\n2\n', 'map.txt': clsloc },
      /has 2 lines for 6 images/,
    ],
    [
      'a damaged meta.mat',
      { ...train, ...flatVal, [GROUND_TRUTH]: groundTruth, 'meta.mat': meta.subarray(0, 900) },
      /meta\.mat is not the meta\.mat of ILSVRC's devkit: it ends early/,
    ],
    [
      'a list of numbers that count from 1',
      {
        ...train,
        ...flatVal,
        'val.txt': VAL.map((wnid, i) => `${valName(i)} ${IDS[wnid]}\n`).join(''),
      },
      /val\.txt has classes from 1 to 4: expected names of classes, or their numbers from 0 to 3/,
    ],
    [
      'a list without some images',
      { ...train, ...flatVal, 'val.csv': `${valName(0)},n01440764\n` },
      /val\.csv names no class for 5 of 6 images in \S*val: ILSVRC2012_val_00000002/,
    ],
    [
      'two lists',
      {
        ...train,
        ...flatVal,
        'a.csv': `${valName(0)},n01440764\n`,
        'b.csv': `${valName(0)},n01440764\n`,
      },
      /More than one file names the classes.*a\.csv, \S*b\.csv/,
    ],
    [
      'a list with a class that train lacks',
      { ...train, ...flatVal, 'val.csv': VAL.map((_, i) => `${valName(i)},n01440765\n`).join('') },
      /The class "n01440765" in \S*val is not in \S*train\. Did you mean "n01440764"\?/,
    ],
    [
      'a file named .tar',
      { ...train, 'val.tar': 'This is no tar file, '.repeat(100) },
      /val\.tar is not a tar file/,
    ],
  ];
  for (const [what, files, message] of errors) {
    it(`class folders with ${what} is an error that says so`, async () => {
      const path = make({ make: tree(files) });
      await assert.rejects(openDataset(path), (error: unknown) => {
        assert.ok(error instanceof DataError, `${error}`);
        assert.match(error.message, message);
        assert.ok(error.message.includes(path), error.message);
        return true;
      });
    });
  }

  it('shards without classes names the sample', async () => {
    const root = make({ make: tree({}) });
    writeTar(join(root, 'train-0.tar'), { 'a.jpg': 1, 'a.json': '{"width": 3}' });
    await assert.rejects(openDataset(root), /The sample \S*train-0\.tar:a has no class/);
    writeTar(join(root, 'train-0.tar'), { 'a.jpg': 1, 'a.cls': '7', 'a.json': '{' });
    writeTree(root, { 'classes.txt': 'one\ntwo\n' });
    await assert.rejects(openDataset(root), /class 7 but classes\.txt names only 2/);
    writeTar(join(root, 'train-0.tar'), { 'a.jpg': 1, 'a.json': '{' });
    await assert.rejects(openDataset(root), /train-0\.tar:a\.json to be an object with a class/);
  });

  it('one with odd things warns of them', async () => {
    const root = make({
      make: tree({
        ...train,
        ...valTree((wnid) => `val/${wnid}/`),
        'train/loose.png': 1,
        'train/n01440764/notes.txt': 'text',
        'train/n01440764/empty.png': '',
      }),
    });
    copyFileSync(fileURLToPath(import.meta.url), join(root, 'train', 'n02100735.tar'));
    symlinkSync('nowhere', join(root, 'train', 'n02100735', 'gone.png'));
    const { warnings } = await openDataset(root);
    const expected = [
      /n02100735\.tar is beside a directory of the same name and was left out/,
      /1 image in \S*train are in no class folder/,
      /gone\.png is a link that leads nowhere/,
      /1 file in \S*train are no images: 1 \.txt/,
      /2 images are empty or missing: \S*empty\.png, \S*gone\.png/,
    ];
    for (const pattern of expected)
      assert.ok(
        warnings.some((text) => pattern.test(text)),
        `${pattern}`,
      );
    assert.equal(warnings.length, expected.length, warnings.join('\n'));
  });
});
