import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { openBackend } from '../../src/backend/index.js';
import { openWeightsFile } from '../../src/weights/index.js';
import { writeImages } from './images.js';
import { cnn, temporaryDirectory } from './program.js';

const SMALL = ['--arch', 'lenet5', '--input-size', '12', '--batch-size', '4', '--epochs', '1'];
const QUICK = ['--backend', 'js', '--workers', '1'];
const NETWORK = ['--arch', 'lenet5', '--crop-size', '12'];

describe('weights on the command line', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const train = (experiment: string, data: string, ...more: string[]) =>
    cnn([
      ...['train', '--data', at(data), '--output', at('runs'), '--experiment', experiment],
      ...[...SMALL, ...QUICK, ...more],
    ]);
  const predict = async (...args: string[]) => {
    const image = at('data/val/class1/0.png');
    const ended = await cnn(['predict', ...args, '--backend', 'js', '--json', '--logits', image]);
    assert.equal(ended.code, 0, ended.stderr);
    return JSON.parse(ended.stdout)[0] as { logits: number[]; top: { label: string }[] };
  };
  async function tensorsOf(file: string): Promise<Map<string, string>> {
    const { tensors, close } = await openWeightsFile(at(file));
    const values = new Map<string, string>();
    for (const [name, tensor] of tensors) values.set(name, String(await tensor.read()));
    await close();
    return values;
  }

  before(async () => {
    await writeImages(at('data'));
    await writeImages(at('two'), { classes: 2 });
    const ended = await train('run', 'data', '--weights-out', at('out.safetensors'));
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /^weights of step 4 in .*out\.safetensors$/m);
  });

  it('are those of the run, in evaluation and prediction, with its classes', async () => {
    const weights = [...NETWORK, '--weights', at('out.safetensors')];
    const evaluate = (...args: string[]) =>
      cnn(['eval', ...args, '--data', at('data'), ...QUICK, '--json']);
    const [run, file] = await Promise.all([
      evaluate('--checkpoint', at('runs/run')),
      evaluate(...weights),
    ]);
    const [ofRun, ofFile] = [run, file].map(({ stdout, stderr }) => {
      assert.notEqual(stdout, '', stderr);
      return JSON.parse(stdout);
    });
    assert.equal(ofFile.loss, ofRun.loss);
    assert.equal(ofFile.weights, at('out.safetensors'));
    assert.deepEqual(await predict(...weights), await predict('--checkpoint', at('runs/run')));
  });

  it('are exported from a run, and from another file', async () => {
    const out = at('exported.safetensors');
    const { code, stderr, stdout } = await cnn(['export', at('runs/run'), '--output', out]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^lenet5 with 3 classes in .*exported\.safetensors$/m);
    assert.ok((await readFile(out)).equals(await readFile(at('out.safetensors'))));
    const again = ['--arch', 'lenet5', '--input-size', '12', '--weights', out];
    const copy = await cnn(['export', ...again, '--output', at('copy.safetensors')]);
    assert.equal(copy.code, 0, copy.stderr);
    assert.ok((await readFile(at('copy.safetensors'))).equals(await readFile(out)));
  });

  it('are exported as a graph that stock tfjs runs, with what it needs to know', async () => {
    const args = ['export', at('runs/run'), '--format', 'tfjs', '--output', at('graph')];
    const ended = await cnn(args);
    assert.equal(ended.code, 0, ended.stderr);
    const names = await readdir(at('graph'));
    assert.deepEqual(names.sort(), ['group1-shard1of1.bin', 'model.json']);
    const { userDefinedMetadata } = JSON.parse(await readFile(at('graph/model.json'), 'utf8'));
    const { architecture, classes, mean, accuracy, resize, input } = userDefinedMetadata;
    assert.deepEqual([architecture, mean], ['lenet5', [0.1307]]);
    assert.deepEqual(classes, ['class0', 'class1', 'class2']);
    assert.deepEqual([input.height, input.channels, input.colours], [12, 1, 'grey']);
    assert.equal(resize.crop, 12);
    const state = JSON.parse(await readFile(at('runs/run/checkpoints/best/state.json'), 'utf8'));
    assert.equal(accuracy.top1, state.progress.last.top1);
    assert.match(accuracy.protocol, /12×12/);
    const again = await cnn(args);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /new or empty directory but .*graph holds /);
  });

  it('are exported as layers that stock tfjs reads', async () => {
    const args = ['export', at('runs/run'), '--format', 'tfjs-layers', '--output', at('tfjs')];
    assert.equal((await cnn(args)).code, 0);
    await openBackend('js', { precision: 'f32' });
    const { modelTopology, weightsManifest } = JSON.parse(
      await readFile(at('tfjs/model.json'), 'utf8'),
    );
    const bytes = await readFile(at('tfjs/weights.bin'));
    const model = await loadLayersModel(
      tf.io.fromMemory({
        modelTopology,
        weightSpecs: weightsManifest[0].weights,
        weightData: new Uint8Array(bytes).buffer,
      }),
    );
    assert.deepEqual(model.outputs[0]?.shape, [null, 3]);
    const written = await tensorsOf('out.safetensors');
    for (const weight of model.weights) {
      assert.equal(String(weight.read().dataSync()), written.get(weight.originalName));
    }
    model.dispose();
  });

  it('start a training on other classes, all but the head; the rest may be frozen', async () => {
    const weights = ['--weights', at('out.safetensors'), '--weights-out', at('tuned.safetensors')];
    const { code, stderr } = await train('tuned', 'two', ...weights, '--freeze', '^conv|^fc3$');
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /out\.safetensors was trained on 3 classes but the data has 2: reinitialised fc5\/kernel, fc5\/bias$/m,
    );
    assert.match(stderr, /^frozen: 3 of 5 layers with weights, /m);
    const [before, after] = [
      await tensorsOf('out.safetensors'),
      await tensorsOf('tuned.safetensors'),
    ];
    const same = [...before].filter(([name, values]) => after.get(name) === values);
    assert.deepEqual(
      same.map(([name]) => name),
      ['conv1/kernel', 'conv1/bias', 'conv2/kernel', 'conv2/bias', 'fc3/kernel', 'fc3/bias'],
    );
    const record = JSON.parse(await readFile(at('runs/tuned/run.json'), 'utf8'));
    assert.deepEqual(record.settings.freeze, { value: '^conv|^fc3$', source: 'flag' });
    const resumed = await cnn([
      'train',
      '--resume',
      at('runs/tuned'),
      '--epochs',
      '2',
      '--weights-out',
      at('on.safetensors'),
    ]);
    assert.equal(resumed.code, 0, resumed.stderr);
    const on = await tensorsOf('on.safetensors');
    assert.equal(on.get('conv1/kernel'), before.get('conv1/kernel'));
    assert.notEqual(on.get('fc4/kernel'), after.get('fc4/kernel'));
  });

  it('see the image as --crop-size, --resize-size, --mean and --std say', async () => {
    const run = ['--checkpoint', at('runs/run')];
    const plain = await predict(...run);
    assert.deepEqual(await predict(...run, '--resize-size', '12', '--crop-size', '12'), plain);
    for (const change of [
      ['--resize-size', '20'],
      ['--mean', '0.5'],
      ['--std', '0.2'],
    ]) {
      assert.notDeepEqual((await predict(...run, ...change)).logits, plain.logits, change.join());
    }
    // Mean and deviation of grey are those of three colours.
    const colours = ['--mean', '0.1307,0.1307,0.1307', '--std', '0.3081,0.3081,0.3081'];
    const [logits, expected] = [(await predict(...run, ...colours)).logits, plain.logits];
    logits.forEach((logit, index) => {
      assert.ok(Math.abs(logit - (expected[index] as number)) < 1e-5);
    });
  });

  describe('are refused', () => {
    const image = () => at('data/val/class1/0.png');
    const cases: readonly [string, () => string[], number, RegExp][] = [
      [
        'in a damaged file',
        () => ['predict', ...NETWORK, '--weights', at('cut.safetensors'), image()],
        3,
        /^error: Cannot read the weights .*cut\.safetensors: it is cut short/m,
      ],
      [
        'for another network',
        () => ['predict', '--arch', 'resnet20-cifar', '--weights', at('out.safetensors'), image()],
        3,
        /do not fit resnet20-cifar:\n\d+ tensors are missing/,
      ],
      [
        'for other classes than the data has',
        () => ['eval', ...NETWORK, '--weights', at('out.safetensors'), '--data', at('two')],
        3,
        /was trained on 3 classes but .*two has 2/,
      ],
      [
        'without the name of the network',
        () => ['predict', '--weights', at('out.safetensors'), image()],
        2,
        /--arch is missing/,
      ],
      [
        'beside a checkpoint',
        () => ['predict', '--checkpoint', at('runs/run'), ...NETWORK, '--weights', 'x', image()],
        2,
        /--checkpoint or --weights but received both/,
      ],
      [
        'where they cannot be written',
        () => ['export', at('runs/run'), '--output', at('none/x')],
        2,
        /Cannot write --output .*none\/x/,
      ],
      [
        'where a directory is',
        () => ['export', at('runs/run'), '--output', at('data')],
        2,
        /--output to be a file but .*data is a directory/,
      ],
      ['without a place to write them', () => ['export', at('runs/run')], 2, /--output is missing/],
      [
        'with channels that the run has not',
        () => ['predict', '--checkpoint', at('runs/run'), '--channels', '3', image()],
        2,
        /--channels to be 1, as .* but received 3/,
      ],
      [
        'with a crop larger than the image',
        () => [
          'predict',
          '--checkpoint',
          at('runs/run'),
          '--resize-size',
          '10',
          '--crop-size',
          '12',
          image(),
        ],
        2,
        /crop of 12 pixels does not fit/,
      ],
      [
        'with two colours',
        () => ['predict', '--checkpoint', at('runs/run'), '--mean', '0.5,0.5', image()],
        2,
        /--mean to be one number or three of at least 0 and of at most 1 but received "0\.5,0\.5"/,
      ],
      [
        'with colours that are no numbers',
        () => ['predict', '--checkpoint', at('runs/run'), '--std', 'a,b,c', image()],
        2,
        /--std to be one number or three above 0 but received "a,b,c"/,
      ],
      [
        'where nothing is frozen by --freeze',
        () => ['train', ...SMALL, '--data', at('data'), '--output', at('runs'), '--freeze', 'bn'],
        2,
        /Expected --freeze to match a layer/,
      ],
      [
        'with other frozen layers in a resumed run',
        () => ['train', '--resume', at('runs/run'), '--freeze', 'conv'],
        2,
        /--freeze cannot change/,
      ],
    ];
    before(async () => {
      const whole = await readFile(at('out.safetensors'));
      await writeFile(at('cut.safetensors'), whole.subarray(0, -1));
    });
    for (const [what, args, exitCode, message] of cases) {
      it(what, async () => {
        const { code, stderr, stdout } = await cnn([
          ...args(),
          ...(args()[0] === 'export' ? [] : ['--backend', 'js']),
        ]);
        assert.match(stderr, message);
        assert.equal(code, exitCode);
        assert.equal(stdout, '');
      });
    }
  });
});
