import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBatches } from '../../../src/data/batches/batches.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { readBytes } from '../../../src/data/decode/read-bytes.js';
import { openDataset } from '../../../src/data/open-dataset.js';
import { openImages } from '../../../src/data/open-images.js';
import { asSharp, namesOf, temporaryDirectory, testImage, writeTree } from '../images.js';
import { type TarFormat, type Tree, writeTar } from './tars.js';

describe('names in a dataset', () => {
  const directory = temporaryDirectory();
  let made = 0;
  const newRoot = () => {
    const root = join(directory(), `set${made++}`);
    mkdirSync(root);
    return root;
  };
  function tree(files: Tree): string {
    const root = newRoot();
    writeTree(root, files);
    return root;
  }

  describe('that are not UTF-8', () => {
    const jpeg = (seed: number) =>
      asSharp(testImage(20, 16, 3, seed))
        .jpeg()
        .toBuffer();
    /** Two classes, one with the bytes of Latin-1; `names` are its images. */
    const names = ['1_ä.jpg', '2_ä.jpg', '3.jpg'];

    async function latin1Tree(): Promise<string> {
      const root = newRoot();
      for (const part of ['train', 'val']) {
        for (const [label, name] of ['bee', 'café'].entries()) {
          const folder = Buffer.from(join(root, part, name), 'latin1');
          mkdirSync(folder, { recursive: true });
          for (const [index, image] of names.entries()) {
            const file = Buffer.concat([folder, Buffer.from(`/${image}`, 'latin1')]);
            writeFileSync(file, await jpeg(10 * label + index));
          }
        }
      }
      return root;
    }

    async function isRead(path: string): Promise<void> {
      const { classes, train, val } = await openDataset(path);
      assert.deepEqual(classes, ['bee', 'caf\\xE9']);
      for (const { images, labels } of [train, val]) {
        assert.deepEqual([...labels], [0, 0, 0, 1, 1, 1]);
        const shown = namesOf(images).map((name) => name.split('/').at(-1));
        assert.deepEqual(shown.slice(3), ['1_\\xE4.jpg', '2_\\xE4.jpg', '3.jpg']);
        for (const [index, label] of labels.entries()) {
          const bytes = readBytes(images.locate(index));
          assert.ok(bytes.equals(await jpeg(10 * label + (index % 3))));
        }
      }
      const loader = await openBatches(train, {
        batchSize: 6,
        imageSize: 8,
        channels: 3,
        transform: { resize: 8, crop: 'centre', size: 8, mirror: 0, pad: 0 },
        seed: 0,
        workers: 2,
        shuffle: false,
        lastBatch: 'pad',
        prefetch: 1,
        cacheBytes: 0,
      });
      for await (const batch of loader.batches(0)) batch.release();
      assert.deepEqual([...loader.unreadable], []);
      await loader.close();
    }

    it('are read in directories', async () => isRead(await latin1Tree()));

    for (const format of ['gnu', 'ustar', 'pax'] as const satisfies TarFormat[]) {
      it(`are read in a ${format} tar file`, async () => {
        const root = await latin1Tree();
        const file = join(newRoot(), 'set.tar');
        execFileSync('tar', [`--format=${format}`, '-cf', file, '-C', root, 'train', 'val']);
        await isRead(file);
      });
    }

    it('are read in a tar file with long ones', async () => {
      const root = await latin1Tree();
      for (const format of ['gnu', 'pax', 'ustar']) {
        const file = join(newRoot(), 'set.tar');
        const long = `s,^,${'d'.repeat(90)}/${'e'.repeat(60)}/,`;
        execFileSync('tar', [
          ...[`--format=${format}`, `--transform=${long}`, '-cf', file],
          ...['-C', root, 'train', 'val'],
        ]);
        const { classes, train } = await openDataset(file);
        assert.deepEqual(classes, ['bee', 'caf\\xE9'], format);
        assert.ok(readBytes(train.images.locate(3)).equals(await jpeg(10)));
      }
    });

    it('are read in shards, and below a directory that is asked for', async () => {
      const root = newRoot();
      const files = newRoot();
      const named = (name: string) => Buffer.from(join(files, name), 'latin1');
      writeFileSync(named('ä.jpg'), await jpeg(1));
      writeFileSync(named('ä.cls'), '0');
      execFileSync('tar', ['-cf', join(root, 'train-0.tar'), '-C', files, '--sort=name', '.']);
      execFileSync('tar', ['-cf', join(root, 'val-0.tar'), '-C', files, '--sort=name', '.']);
      const { train } = await openDataset(root);
      assert.ok(readBytes(train.images.locate(0)).equals(await jpeg(1)));
      const images = await openImages([files]);
      assert.deepEqual(namesOf(images), [join(files, '\\xE4.jpg')]);
      assert.ok(readBytes(images.locate(0)).equals(await jpeg(1)));
    });

    it('are found by lists in Windows-1252 and in UTF-8', async () => {
      const train = { 'train/bee/1.png': 1, 'train/cat/1.png': 2 };
      const text = 'ä.jpg;cat\nö.jpg;bee\n';
      for (const list of [text, Buffer.from(text, 'latin1')]) {
        const root = tree({ ...train, 'val.csv': list });
        mkdirSync(join(root, 'val'));
        for (const name of ['ä.jpg', 'ö.jpg']) {
          writeFileSync(Buffer.from(join(root, 'val', name), 'latin1'), await jpeg(1));
        }
        const { val } = await openDataset(root);
        assert.deepEqual([...val.labels], [1, 0]);
      }
    });

    it('are found by the names that a run keeps of them', async () => {
      const root = await latin1Tree();
      const file = join(newRoot(), 'subset.txt');
      writeFileSync(file, 'train/bee/3.jpg\ntrain/caf\\xE9/1_\\xE4.jpg\n');
      const { train } = await openDataset(root, { subset: file });
      assert.deepEqual([...train.labels], [0, 1]);
      const chosen = await openDataset(root, { classes: 'caf\\xE9,bee' });
      assert.equal(chosen.train.labels.length, 6);
    });
  });

  describe('with accents in two spellings (NFC and NFD)', () => {
    const [nfc, nfd] = ['café'.normalize('NFC'), 'café'.normalize('NFD')];

    it('are one class in both parts, also in a tar file', async () => {
      const files = {
        [`train/${nfc}/1.png`]: 1,
        'train/bee/1.png': 2,
        [`val/${nfd}/1.png`]: 3,
        'val/bee/1.png': 4,
      };
      const file = join(newRoot(), 'set.tar');
      writeTar(file, files);
      for (const path of [tree(files), file]) {
        const { classes, train, val } = await openDataset(path);
        assert.deepEqual(classes, ['bee', nfc]);
        assert.deepEqual([...train.labels, ...val.labels], [0, 1, 0, 1]);
      }
    });

    it('are one class side by side', async () => {
      const root = tree({
        [`train/${nfc}/1.png`]: 1,
        [`train/${nfd}/2.png`]: 2,
        'train/bee/1.png': 2,
        [`val/${nfd}/1.png`]: 3,
      });
      const { classes, train, warnings } = await openDataset(root);
      assert.equal(classes.length, 2);
      assert.deepEqual([...train.labels], [0, 1, 1]);
      assert.ok(warnings.some((text) => /2 folders spell the class/.test(text)));
    });

    it('are the same in --classes, --subset and a list of labels', async () => {
      const root = tree({
        [`train/${nfd}/ä_1.png`.normalize('NFD')]: 1,
        'train/bee/1.png': 2,
        'train/cat/1.png': 2,
        'val/1.png': 3,
        [`val/${nfd}_2.png`]: 4,
        'val.csv': `image,class\n1.png,bee\n${nfc}_2.png,${nfc}\n`,
      });
      const { classes, val } = await openDataset(root);
      assert.deepEqual(classes, ['bee', nfd, 'cat'].sort());
      assert.deepEqual(
        [...val.labels].map((label) => classes[label]),
        ['bee', nfd],
      );
      const chosen = await openDataset(root, { classes: `bee,${nfc}` });
      assert.deepEqual(chosen.train.labels.length, 2);
      const list = join(newRoot(), 'list');
      writeFileSync(list, `\ufeff./train/${nfc}/ä_1.png\r\n`);
      const { train } = await openDataset(root, { subset: list });
      assert.equal(train.labels.length, 1);
    });
  });

  it('with control characters are shown without them', async () => {
    const files = { 'train/a\x1b[2J/1\n.png': 1, 'train/b/1.png': 2, 'val/b/1.png': 2 };
    const root = tree(files);
    const { classes, train } = await openDataset(root);
    assert.deepEqual(classes, ['a\\x1B[2J', 'b']);
    assert.equal(train.images.name(0), join(root, 'train/a\\x1B[2J/1\\x0A.png'));
    assert.ok(readBytes(train.images.locate(0)).length > 0);
    const list = join(newRoot(), 'list');
    writeFileSync(list, 'train/a\\x1B[2J/1\\x0A.png\n');
    assert.equal((await openDataset(root, { subset: list })).train.labels.length, 1);
  });

  it('of words are those of the class in another spelling and any encoding', async () => {
    const text = 'bee;Biene\r\nkäse;Käse, alt\r\n';
    for (const words of [text.normalize('NFD'), Buffer.from(`\ufeff${text}`, 'utf16le')]) {
      const root = tree({
        'train/bee/1.png': 1,
        'train/käse/1.png': 2,
        'val/bee/1.png': 1,
        'words.txt': words,
      });
      const { words: found } = await openDataset(root);
      assert.deepEqual(
        found.map((name) => name.normalize('NFC')),
        ['Biene', 'Käse, alt'],
      );
    }
  });

  describe('of what systems leave behind', () => {
    const left: Tree = {
      'train/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg': 1,
      'train/ant/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg': 1,
      'train/ant/.ipynb_checkpoints/1-checkpoint.png': 1,
      'train/ant/._1.png': 'AppleDouble',
      'train/ant/Thumbs.db': 'thumbs',
      'train/ant/.DS_Store': 'store',
      'train/.ipynb_checkpoints/ant.png': 1,
      'val/__MACOSX/ant/._1.png': 'AppleDouble',
      'val/$RECYCLE.BIN/1.png': 1,
      'val/System Volume Information/x': '',
      'val/#recycle/1.png': 1,
      'val/__pycache__/x.pyc': '',
      'lost+found/x': '',
      'desktop.ini': '',
    };
    const data: Tree = {
      'train/ant/1.png': 1,
      'train/bee/1.png': 2,
      'val/ant/1.png': 3,
      'val/bee/1.png': 4,
    };
    const said = [
      ...['2 @eaDir', '2 .ipynb_checkpoints', '._*', 'Thumbs.db', '.DS_Store', '__MACOSX'],
      ...['$RECYCLE.BIN', 'System Volume Information', '#recycle', '__pycache__'],
      ...['lost+found', 'desktop.ini'],
    ];

    it('is left out and said, in directories and tar files', async () => {
      const file = join(newRoot(), 'set.tar');
      writeTar(file, { ...data, ...left });
      for (const path of [tree({ ...data, ...left }), file]) {
        const { classes, train, val, warnings } = await openDataset(path);
        assert.deepEqual(classes, ['ant', 'bee']);
        assert.deepEqual([...train.labels, ...val.labels], [0, 1, 0, 1]);
        assert.equal(warnings.length, 1, warnings.join('\n'));
        const [, list = ''] = /^Left out what systems and tools leave behind: (.*)\.$/.exec(
          warnings[0] ?? '',
        ) as string[];
        assert.deepEqual(list.split(', ').sort(), [...said].sort());
      }
    });

    it('is no class, no part and no folder beside the only one', async () => {
      const root = tree({
        ...Object.fromEntries(Object.entries(data).map(([path, seed]) => [`set/${path}`, seed])),
        '__MACOSX/set/train/ant/._1.png': 'AppleDouble',
        'lost+found/x': '',
      });
      mkdirSync(join(root, 'set/train/lost+found'));
      assert.deepEqual((await openDataset(root)).classes, ['ant', 'bee']);
    });

    it('is not what only begins like it', async () => {
      const png = encodePng(testImage(4, 4, 3));
      const names = ['@home', '#1', 'lost', 'system', 'thumbs', '__init', 'recycle'];
      const root = tree(Object.fromEntries(names.map((name) => [`train/${name}/1.png`, png])));
      const { classes } = await openDataset(root, { valFraction: 0.5 });
      assert.deepEqual(classes, [...names].sort());
    });
  });
});
