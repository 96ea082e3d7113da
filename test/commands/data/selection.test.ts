import assert from 'node:assert/strict';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTree } from '../../data/images.js';
import { writeTar } from '../../data/layouts/tars.js';
import { writeImages } from '../images.js';
import { cnn, temporaryDirectory } from '../program.js';

const SMALL = ['--arch', 'lenet5', '--input-size', '12', '--batch-size', '4'];
const QUICK = ['--backend', 'js', '--workers', '1', '--print-freq', '100'];

describe('datasets on the command line', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  /** Class folders with and without a validation part. */
  let [whole, single] = ['', ''];

  before(async () => {
    whole = at('whole');
    single = at('whole/train');
    await writeImages(whole, { classes: 4, train: 10, val: 3 });
  });

  const closing = (stdout: string) => stdout.trimEnd().split('\n').at(-1);
  const lines = async (...names: string[]) =>
    (await readFile(at(...names), 'utf8')).trim().split('\n');

  describe('cnn data check', () => {
    it('names the layout and counts', async () => {
      const { code, stdout, stderr } = await cnn(['data', 'check', whole]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /whole: ImageFolder\n/);
      assert.match(stdout, /train {2}40 {2}images in 4 classes, 10 each/);
      assert.match(stdout, /val {4}12 {2}images in 4 classes, 3 each/);
      assert.match(stdout, /4 classes, colour images: class0, class1, class2, class3\n/);
    });

    it('prints one JSON value', async () => {
      const { code, stdout } = await cnn(['data', 'check', single, '--json']);
      const report = JSON.parse(stdout);
      assert.equal(code, 0);
      assert.equal(report.layout, 'class folders without validation images');
      assert.deepEqual(report.train, {
        path: single,
        images: 40,
        classes: 4,
        smallest: { class: 'class0', images: 10 },
        largest: { class: 'class3', images: 10 },
      });
      assert.equal(report.val, null);
      assert.deepEqual(report.classes[1], { name: 'class1', words: '' });
      assert.match(report.warnings[0], /has no part for validation/);
    });

    it('ends with exit code 3 where classes do not match, after the counts', async () => {
      const root = at('strangers');
      await writeImages(root, { classes: 2, train: 1, val: 1 });
      await rename(join(root, 'val/class1'), join(root, 'val/klass1'));
      const { code, stdout, stderr } = await cnn(['data', 'check', root]);
      assert.equal(code, 3);
      assert.match(stdout, /val {4}2 {2}images in 2 classes/);
      assert.match(stderr, /The class "klass1" .*Did you mean "class1"\?/);
    });

    it('ends with exit code 3 where there is no dataset', async () => {
      const { code, stderr } = await cnn(['data', 'check', at('nowhere')]);
      assert.equal(code, 3);
      assert.match(stderr, /No dataset at "\S*nowhere"/);
    });

    it('asks for a directory', async () => {
      const { code, stderr } = await cnn(['data', 'check']);
      assert.equal(code, 2);
      assert.match(stderr, /--data is missing/);
    });
  });

  describe('a run on a part of a dataset', () => {
    const train = (data: string, experiment: string, ...more: string[]) =>
      cnn([
        ...['train', '--data', data, '--output', at('runs'), '--experiment', experiment],
        ...SMALL,
        ...QUICK,
        ...more,
      ]);
    const chosen = ['--val-fraction', '0.2', '--seed', '7', '--epochs', '2'];

    it('is evaluated on the validation images that were drawn for it', async () => {
      const ended = await train(single, 'drawn', ...chosen);
      assert.equal(ended.code, 0, ended.stderr);
      const record = JSON.parse(await readFile(at('runs/drawn/run.json'), 'utf8'));
      assert.equal(record.data.training, 32);
      assert.equal(record.data.validation, 8);
      assert.equal(record.data.layout, 'class folders without validation images');
      for (const data of [[], ['--data', single]]) {
        const evaluation = ['eval', '--checkpoint', at('runs/drawn'), ...data, '--json'];
        const { stdout, stderr } = await cnn([...evaluation, '--backend', 'js']);
        const result = JSON.parse(stdout || '{}');
        assert.equal(result.images, 8, stderr);
        assert.equal(closing(ended.stdout)?.includes(result.top1.toFixed(3)), true);
      }
      const other = await cnn([
        'eval',
        '--checkpoint',
        at('runs/drawn'),
        '--data',
        whole,
        '--json',
      ]);
      assert.equal(JSON.parse(other.stdout).images, 12, other.stderr);
    });

    it('with a relative path is resumed and evaluated from another directory', async () => {
      const options = [...SMALL, ...QUICK, '--val-fraction', '0.2', '--epochs', '2'];
      const half = await cnn(
        [
          'train',
          '--data',
          'whole/train',
          '--experiment',
          'relative',
          '--max-steps',
          '3',
          ...options,
        ],
        undefined,
        at(),
      );
      assert.equal(half.code, 0, half.stderr);
      const run = at('runs/relative');
      const resumed = await cnn(['train', '--resume', run, '--max-steps', '100'], undefined, '/');
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.doesNotMatch(resumed.stderr, /changed: data/);
      const more = await cnn(
        ['train', '--resume', run, '--data', 'whole/train', '--epochs', '3'],
        undefined,
        at(),
      );
      assert.equal(more.code, 0, more.stderr);
      assert.doesNotMatch(more.stderr, /changed: data/);
      const { stdout, stderr } = await cnn(['eval', '--checkpoint', run, '--json'], undefined, '/');
      assert.equal(JSON.parse(stdout || '{}').images, 8, stderr);
      // The first runs kept the path as it was given.
      const record = JSON.parse(await readFile(join(run, 'run.json'), 'utf8'));
      record.data.root = 'whole/train';
      record.settings.data.value = 'whole/train';
      // Editors of Windows begin a file with a mark.
      await writeFile(join(run, 'run.json'), `\ufeff${JSON.stringify(record)}`);
      const old = await cnn(['eval', '--checkpoint', run, '--json'], undefined, '/');
      assert.equal(JSON.parse(old.stdout || '{}').images, 8, old.stderr);
      const on = await cnn(['train', '--resume', run, '--epochs', '4'], undefined, '/');
      assert.equal(on.code, 0, on.stderr);
    });

    it('is evaluated where accents are spelled in another way, not on other classes', async () => {
      const names = ['ant', 'käse', 'maß'];
      const copy = (root: string, spell: (name: string) => string) => {
        const files = names.flatMap((name, seed) =>
          ['train', 'val'].map((part) => [`${part}/${spell(name)}/1.png`, seed]),
        );
        writeTree(at(root), Object.fromEntries(files));
      };
      copy('composed', (name) => name.normalize('NFC'));
      copy('decomposed', (name) => name.normalize('NFD'));
      copy('others', (name) => name.replace('ä', 'a'));
      const size = ['--batch-size', '3', '--epochs', '1'];
      const run = await train(at('composed'), 'spelled', ...size);
      assert.equal(run.code, 0, run.stderr);
      const evaluate = (data: string) =>
        cnn(['eval', '--checkpoint', at('runs/spelled'), '--data', at(data), '--json']);
      const { stdout, stderr } = await evaluate('decomposed');
      assert.equal(JSON.parse(stdout || '{}').images, 3, stderr);
      const other = await evaluate('others');
      assert.equal(other.code, 3);
      assert.match(other.stderr, /class 1 is "kase" where the training had "käse"/);
    });

    it('keeps its images and classes, and resumes with them', async () => {
      await writeFile(at('classes'), 'class3\nclass0\nclass2\n');
      const options = ['--subset', '6/class', '--classes', at('classes'), '--epochs', '2'];
      const full = await train(whole, 'full', ...options);
      assert.equal(full.code, 0, full.stderr);
      const half = await train(whole, 'half', ...options, '--max-steps', '5');
      assert.equal(half.code, 0, half.stderr);
      const kept = await lines('runs/half/subset.txt');
      assert.equal(kept.length, 18);
      assert.match(kept[0] ?? '', /^train\/class0\/\d\.png$/);
      assert.deepEqual(kept, await lines('runs/full/subset.txt'));
      // The run needs its own copies alone.
      await rm(at('classes'));
      const resumed = await cnn(['train', '--resume', at('runs/half'), '--max-steps', '100']);
      assert.equal(resumed.code, 0, resumed.stderr);
      const weights = (run: string) => readFile(at('runs', run, 'checkpoints/last/weights.bin'));
      assert.ok((await weights('half')).equals(await weights('full')));
      const { stdout, stderr } = await cnn(['eval', '--checkpoint', at('runs/half'), '--json']);
      assert.equal(JSON.parse(stdout || '{}').images, 9, stderr);
      const again = await train(
        whole,
        'again',
        '--subset',
        at('runs/half/subset.txt'),
        '--epochs',
        '1',
      );
      assert.equal(again.code, 0, again.stderr);
      assert.deepEqual(await lines('runs/again/subset.txt'), kept);
    });

    it('cannot become a run on another part', async () => {
      const { code, stderr } = await cnn([
        ...['train', '--resume', at('runs/full'), '--subset', '0.5', '--epochs', '3'],
      ]);
      assert.equal(code, 2);
      assert.match(stderr, /--subset cannot change from 6\/class to 0\.5/);
    });

    it('without validation images says what to do', async () => {
      const { code, stderr } = await train(single, 'none');
      assert.equal(code, 3);
      assert.match(stderr, /has no part for validation.*--val-fraction 0\.1/);
      const both = await train(whole, 'none', '--val-fraction', '0.1');
      assert.equal(both.code, 2);
      assert.match(both.stderr, /validation images of its own/);
    });

    it('names the classes of all images in directories and tar files', async () => {
      const tar = at('some.tar');
      writeTar(tar, { 'a/1.png': 1, 'b/2.png': 2, 'b/notes.txt': 'text' });
      const { code, stdout, stderr } = await cnn([
        ...['predict', '--checkpoint', at('runs/full'), '--json', '--top', '1', '--backend', 'js'],
        ...[join(whole, 'val/class0'), tar, join(whole, 'val/class1/0.png')],
      ]);
      assert.equal(code, 0, stderr);
      const list = JSON.parse(stdout) as { file: string; top: { label: string }[] }[];
      assert.deepEqual(
        list.map(({ file }) => file),
        [
          ...[0, 1, 2].map((index) => join(whole, `val/class0/${index}.png`)),
          `${tar}:a/1.png`,
          `${tar}:b/2.png`,
          join(whole, 'val/class1/0.png'),
        ],
      );
      for (const { top } of list) assert.match(top[0]?.label ?? '', /^class[023]$/);
    });

    it('trains on ILSVRC in tar files and predicts with its words', async () => {
      const files: Record<string, number> = {};
      for (const wnid of ['n01440764', 'n01443537']) {
        for (let index = 0; index < 4; index++) files[`set/train/${wnid}/${index}.JPEG`] = index;
        files[`set/val/${wnid}/0.JPEG`] = 9;
      }
      writeTar(at('imagenet.tar'), files);
      const ended = await train(at('imagenet.tar'), 'tar', '--epochs', '1', '--channels', '3');
      assert.equal(ended.code, 0, ended.stderr);
      const predict = ['predict', '--checkpoint', at('runs/tar'), '--backend', 'js'];
      const { stdout } = await cnn([...predict, join(whole, 'val/class0/0.png')]);
      assert.match(stdout, / % {2}n01440764 {2}tench, Tinca tinca\n/);
      assert.match(stdout, / % {2}n01443537 {2}goldfish, Carassius auratus\n/);
    });
  });
});
