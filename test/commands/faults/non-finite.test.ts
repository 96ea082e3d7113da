/** A network that gives no numbers ends in an error that says where, never in a result. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../../src/archs/index.js';
import { openBackend } from '../../../src/backend/index.js';
import { namedTensors, safetensorsParts } from '../../../src/weights/index.js';
import { writeImages } from '../images.js';
import { cnn, temporaryDirectory } from '../program.js';

const CLASSES = ['class0', 'class1', 'class2'];
const SIZE = 24;
const BACKENDS = [
  ['--backend', 'js'],
  ['--backend', 'cpu', '--precision', 'f32'],
  ['--backend', 'cpu', '--precision', 'bf16'],
];

describe('a network that gives no numbers', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);

  /** A file of initial weights of a network, one of which has its values changed. */
  async function writeChanged(
    arch: string,
    changed: string,
    change: (value: number) => number,
  ): Promise<string[]> {
    await openBackend('js', { precision: 'f32' });
    const architecture = findArchitecture(arch);
    const { channels } = architecture;
    const model = architecture.build({ classes: 3, size: SIZE, channels, seed: 1 });
    const tensors = namedTensors(model, architecture).map((tensor) => ({
      ...tensor,
      read: async () => {
        const values = Float32Array.from(await tensor.read());
        return tensor.name === changed ? values.map(change) : values;
      },
    }));
    assert.ok(
      tensors.some(({ name }) => name === changed),
      changed,
    );
    const file = at(`${arch}.safetensors`);
    await writeFile(file, safetensorsParts(tensors, CLASSES));
    tf.disposeVariables();
    return ['--arch', arch, '--weights', file, '--crop-size', String(SIZE)];
  }

  before(() => writeImages(at('data'), { size: SIZE, train: 1 }));

  async function assertNamed(layer: string, args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await cnn(args);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      new RegExp(
        `^error: The outputs of the network are not finite numbers: ${layer} is the first layer ` +
          'with such an output \\(\\d+ of \\d+ values of a batch, the first is (NaN|-?Infinity), ' +
          'for .*0\\.png\\)',
        'm',
      ),
    );
    assert.equal(code, 1);
  }

  for (const backend of BACKENDS) {
    it(`is not evaluated, and the layer is named: ${backend.join(' ')}`, async () => {
      const weights = await writeChanged('simple-cnn', 'conv2/kernel', (value) => value + 3e38);
      const data = ['--data', at('data'), '--json'];
      await assertNamed('conv2', ['eval', ...weights, ...data, ...backend]);
      const images = [at('data/val/class1/0.png'), at('data/val/class1/1.png')];
      await assertNamed('conv2', ['predict', ...weights, ...backend, '--json', ...images]);
    });
  }

  it('names a batch normalisation whose variance is below 0', async () => {
    const weights = await writeChanged('resnet20-cifar', 'bn1/moving_variance', () => -1);
    await assertNamed('bn1', ['eval', ...weights, '--data', at('data'), '--backend', 'cpu']);
  });

  it('is not opened where its weights are not finite', async () => {
    const weights = await writeChanged('simple-cnn', 'fc8/bias', () => Number.NaN);
    const data = ['--data', at('data'), '--backend', 'js'];
    for (const args of [
      ['eval', ...weights, ...data],
      ['predict', ...weights, '--backend', 'js', at('data/val/class1/0.png')],
      [
        'train',
        ...weights.slice(0, 4),
        ...data,
        '--input-size',
        String(SIZE),
        '-b',
        '3',
        '--output',
        at('runs'),
      ],
      ['export', ...weights.slice(0, 4), '--input-size', String(SIZE), '--output', at('out')],
    ]) {
      const { code, stdout, stderr } = await cnn(args);
      assert.match(
        stderr,
        /^error: The weights .*simple-cnn\.safetensors cannot be used:\n1 tensor is not finite: fc8\/bias \(3 of 3 values, the first is NaN\)$/m,
      );
      assert.equal(code, 3, args[0]);
      assert.equal(stdout, '');
    }
  });
});
