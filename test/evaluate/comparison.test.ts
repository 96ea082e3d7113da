import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Answers, readAnswers } from '../../src/evaluate/answers.js';
import { compare } from '../../src/evaluate/comparison.js';
import { Outcomes } from '../../src/evaluate/outcomes.js';
import { readRealLabels, realScores } from '../../src/evaluate/real-labels.js';
import { writeResultFiles } from '../../src/evaluate/result-files.js';
import { temporaryDirectory } from '../commands/program.js';

const CLASSES = ['a "cat"', 'dog, brown', 'emu', 'fox', 'gnu', 'hen'];
const PROTOCOL = 'centre crop of 8×8, short side 8';

/** Four images, of which the last cannot be read; the best class of each is given. */
function outcomesOf(best: readonly number[]): Outcomes {
  const outcomes = new Outcomes(Int32Array.of(0, 1, 5, 2));
  for (const [image, label] of best.entries()) {
    const probabilities = Float64Array.from(CLASSES, (_, at) => (at === label ? 0.5 : 0.1));
    outcomes.add(image, probabilities, 0.25);
  }
  return outcomes;
}

describe('the results of an evaluation', () => {
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  const NONE = { predictions: null, perClass: null, confusion: null };

  async function written(
    name: string,
    best: readonly number[],
    protocol = PROTOCOL,
  ): Promise<Answers> {
    const named = {
      classes: CLASSES,
      nameOf: (image: number) => `val/${image}.png`,
      reasonOf: () => 'the file is empty',
    };
    const settings = {
      ...NONE,
      predictions: at(name),
      perClass: at(`${name}.classes`),
      confusion: at(`${name}.confusion`),
    };
    await writeResultFiles(settings, [{ protocol, outcomes: outcomesOf(best) }], named);
    return readAnswers(at(name));
  }

  it('count every image once, one that could not be read as wrong', () => {
    const outcomes = outcomesOf([0, 0, 1]);
    // Of equal probabilities the class of the lower number is first: 5 is after 1, 0, 2, 3 and 4.
    assert.deepEqual([...outcomes.rank], [0, 1, 5, -1]);
    assert.deepEqual(outcomes.topOf(1), [0, 1, 2, 3, 4]);
    assert.deepEqual(outcomes.topOf(3), []);
    assert.deepEqual(outcomes.scores(), { loss: 0.25, top1: 25, top5: 50, images: 4 });
  });

  it('are read back as they were written', async () => {
    const { protocols } = await written('written.csv', [0, 0, 1]);
    assert.deepEqual(
      [...(protocols.get(PROTOCOL) ?? [])],
      [
        ['val/0.png', { label: 'a "cat"', top1: true, top5: true }],
        ['val/1.png', { label: 'dog, brown', top1: false, top5: true }],
        ['val/2.png', { label: 'hen', top1: false, top5: false }],
        ['val/3.png', { label: 'emu', top1: false, top5: false }],
      ],
    );
  });

  it('of two networks are compared image by image', async () => {
    const [first, second] = [await written('a.csv', [0, 0, 1]), await written('b.csv', [1, 1, 5])];
    const [found] = compare(first, second, false);
    assert.equal(found?.images, 4);
    const { only_first, only_second, p } = found.top1;
    assert.deepEqual({ only_first, only_second, p }, { only_first: 1, only_second: 2, p: 1 });
    assert.deepEqual([found.top1.first, found.top1.second, found.top1.difference], [25, 50, 25]);
    assert.deepEqual([found.top5.only_first, found.top5.only_second], [0, 1]);
  });

  it('of an ensemble are compared with those of one network, by the same views', async () => {
    const together = `${PROTOCOL}, softmax averaged over 2 networks`;
    const answers = [
      await written('one.csv', [0, 0, 1]),
      await written('two.csv', [0, 1, 1], together),
    ];
    const [found, ...others] = compare(...(answers as [Answers, Answers]), false);
    assert.deepEqual(
      [found?.protocol, found?.images, found?.top1.only_second, others.length],
      [`${PROTOCOL} against ${together}`, 4, 1, 0],
    );
  });

  it('are refused where they are not of the same protocol, images or labels', async () => {
    const first = await written('a.csv', [0, 0, 1]);
    const other = await written('c.csv', [0, 0, 1], 'ten crops');
    assert.throws(() => compare(first, other, false), /a\.csv was evaluated by "centre crop/);
    assert.equal(compare(first, other, true)[0]?.protocol, `${PROTOCOL} against ten crops`);
    const fewer = new Map([...(first.protocols.get(PROTOCOL) ?? [])].slice(1));
    const short = { source: 'short', protocols: new Map([[PROTOCOL, fewer]]) };
    assert.throws(
      () => compare(first, short, false),
      /image val\/0\.png as .* short does not have it/,
    );
    assert.throws(() => compare(short, first, false), /a\.csv has the image val\/0\.png/);
    assert.equal(compare(first, short, true)[0]?.images, 3);
    const elsewhere = { ...first, fingerprint: 'x' };
    assert.throws(
      () => compare(elsewhere, { ...first, fingerprint: 'y' }, false),
      /images of .* are not the same/,
    );
  });

  it('are refused where the file is another one', async () => {
    await writeFile(at('other.csv'), 'epoch,train_loss\n1,2\n');
    await assert.rejects(readAnswers(at('other.csv')), /to be of cnn eval --predictions/);
    await assert.rejects(readAnswers(at('none.csv')), /Cannot read the predictions/);
  });

  it('count several right classes, and leave out images without one', async () => {
    const outcomes = outcomesOf([0, 0, 1]);
    const found = realScores(outcomes, [[3, 0], [2], [], [2]]);
    assert.deepEqual([found.images, found.top1, found.top5], [3, 100 / 3, 200 / 3]);
  });

  it("take ReaL's labels by the numbers of the images, and others in order", async () => {
    const dataset = (names: readonly string[]) => {
      const images = {
        length: names.length,
        name: (index: number) => names[index] as string,
        locate: () => assert.fail(),
      };
      return {
        root: '/data',
        classes: CLASSES,
        val: { images, labels: Int32Array.from(names, (_, index) => index) },
      };
    };
    const file = at('real.json');
    const ilsvrc = [
      '/data/val/n1/ILSVRC2012_val_00000002.JPEG',
      '/data/val/n2/ILSVRC2012_val_00000001.JPEG',
    ];
    await writeFile(file, '[[1], [0, 2], []]');
    assert.deepEqual(await readRealLabels(file, dataset(ilsvrc)), [[0, 2], [1]]);
    await writeFile(file, '[[0], [1, 2], []]');
    assert.deepEqual(await readRealLabels(file, dataset(['x', 'y', 'z'])), [[0], [1, 2], []]);
    await assert.rejects(
      readRealLabels(file, dataset(['x', 'y'])),
      /each of the 2 validation images/,
    );
    await writeFile(file, '[[1], [0], [1, 2]]');
    await assert.rejects(readRealLabels(file, dataset(['x', 'y', 'z'])), /only 33 % of the images/);
    await writeFile(file, '[[0], [6]]');
    await assert.rejects(
      readRealLabels(file, dataset(['x', 'y'])),
      /classes of 0 to 5 but it has 6/,
    );
    for (const text of ['{}', '[0, 1]', '[[-1], []]', 'x']) {
      await writeFile(file, text);
      await assert.rejects(readRealLabels(file, dataset(['x', 'y'])), /to be a JSON list/, text);
    }
  });
});
