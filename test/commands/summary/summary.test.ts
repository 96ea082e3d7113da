import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LayerCost } from '../../../src/archs/index.js';
import { build, cnn } from '../program.js';

interface Summary {
  layers: LayerCost[];
  parameters: number;
  macs: number;
  activations: number;
  activationBytes: number;
  macsWithPooling?: number;
  weightsPerChannelPair?: number;
  training?: { bytes: Record<string, number> };
}

async function summary(...args: string[]): Promise<Summary> {
  const { code, stdout, stderr } = await cnn(['summary', '--json', ...args]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

// biome-ignore format: CS231n's table of VGG-16, which leaves biases out: memory and parameters
const VGG16 = [
  ['image',   [224, 224, 3],    150_528,           0],
  ['conv1_1', [224, 224, 64], 3_211_264,       1_728],
  ['conv1_2', [224, 224, 64], 3_211_264,      36_864],
  ['pool1',   [112, 112, 64],   802_816,           0],
  ['conv2_1', [112, 112, 128], 1_605_632,     73_728],
  ['conv2_2', [112, 112, 128], 1_605_632,    147_456],
  ['pool2',   [56, 56, 128],    401_408,           0],
  ['conv3_1', [56, 56, 256],    802_816,     294_912],
  ['conv3_2', [56, 56, 256],    802_816,     589_824],
  ['conv3_3', [56, 56, 256],    802_816,     589_824],
  ['pool3',   [28, 28, 256],    200_704,           0],
  ['conv4_1', [28, 28, 512],    401_408,   1_179_648],
  ['conv4_2', [28, 28, 512],    401_408,   2_359_296],
  ['conv4_3', [28, 28, 512],    401_408,   2_359_296],
  ['pool4',   [14, 14, 512],    100_352,           0],
  ['conv5_1', [14, 14, 512],    100_352,   2_359_296],
  ['conv5_2', [14, 14, 512],    100_352,   2_359_296],
  ['conv5_3', [14, 14, 512],    100_352,   2_359_296],
  ['pool5',   [7, 7, 512],       25_088,           0],
  ['fc6',     [4096],             4_096, 102_760_448],
  ['fc7',     [4096],             4_096,  16_777_216],
  ['fc8',     [1000],             1_000,   4_096_000],
] as const;

/** Of the memory of a training step, as JSON names them. */
const PARTS = 'activations average copies gradients optimizer peak weights'.split(' ');

describe('cnn summary', function () {
  this.timeout(60_000);
  before(build);

  it('has the memory and parameters of the VGG-16 table', async () => {
    const { layers, ...total } = await summary('--arch', 'vgg16');
    const rows = layers
      .filter(({ kind }) => kind !== 'Flatten' && kind !== 'Dropout')
      .map(({ name, outputShape, activations, weights }) => [
        name,
        outputShape,
        activations,
        weights,
      ]);
    assert.deepEqual(rows, VGG16);
    assert.equal(total.parameters, 138_357_544);
    assert.equal(total.macs, 15_470_264_320);
    const activations = VGG16.reduce((sum, [, , values]) => sum + values, 0);
    assert.equal(total.activations, activations);
    assert.equal(total.activationBytes, 4 * activations);
    const first = layers.find(({ name }) => name === 'conv1_1');
    assert.deepEqual([first?.weights, first?.biases, first?.parameters], [1728, 64, 1792]);
    assert.equal(first?.macs, 224 * 224 * 1728);
  });

  it('shows the same to people', async () => {
    const { stdout } = await cnn(['summary', '--arch', 'vgg16']);
    assert.match(stdout, /^conv1_1 +Conv2D +224×224×64 +3\.2M +1,728 +64 +1,792 +86,704,128$/m);
    assert.match(stdout, /^fc6 .* 102,760,448 +4,096 +102,764,544 +102,760,448$/m);
    assert.match(stdout, /^total +15\.\dM +138,344,128 +13,416 +138,357,544 +15,470,264,320$/m);
  });

  it('takes under two seconds: it draws no weights and opens no device', async () => {
    const seconds = async (start: () => Promise<unknown>) => {
      const before = performance.now();
      await start();
      return (performance.now() - before) / 1000;
    };
    const own = await seconds(() => cnn(['summary', '--arch', 'vgg19', '--batch-size', '64']));
    // Node alone starts in 0.05 s; a busy or slow machine delays both by the same factor.
    const node = await seconds(() => promisify(execFile)(process.execPath, ['-e', '0']));
    const limit = 2 * Math.max(1, node / 0.05);
    assert.ok(own < limit, `took ${own} s, where Node alone takes ${node} s`);
  });

  it('writes all of a long result into a pipe', async () => {
    const { layers, parameters } = await summary('--arch', 'preresnet200');
    assert.equal(layers.at(-1)?.name, 'fc');
    assert.equal(parameters, 64_666_152);
  });

  it('prints CSV', async () => {
    const { stdout } = await cnn(['summary', '--arch', 'lenet5', '--csv']);
    const [header, , conv1, ...others] = stdout.trimEnd().split('\n');
    assert.equal(header, 'name,kind,output_shape,activations,weights,biases,parameters,macs');
    assert.equal(conv1, 'conv1,Conv2D,28x28x6,4704,150,6,156,117600');
    assert.equal(others.length, 7);
  });

  it('takes other sizes, channels, classes and precisions', async () => {
    const size = ['--input-size', '32', '--channels', '3', '--num-classes', '7'];
    const result = await summary('--arch', 'lenet5', ...size, '--precision', 'bf16');
    assert.deepEqual(result.layers.at(0)?.outputShape, [32, 32, 3]);
    assert.deepEqual(result.layers.at(-1)?.outputShape, [7]);
    assert.equal(result.activationBytes, 2 * result.activations);
  });

  it('counts the auxiliary heads on request', async () => {
    const plain = await summary('--arch', 'googlenet');
    const heads = await summary('--arch', 'googlenet', '--auxiliary');
    assert.deepEqual([plain.parameters, plain.macs], [6_998_552, 1_582_671_872]);
    assert.deepEqual([heads.parameters, heads.macs], [13_378_280, 1_591_044_096]);
  });

  it('counts the pooling of a module separately', async () => {
    const naive = await summary('--module', 'inception-naive');
    assert.equal(naive.macsWithPooling, 854_396_928);
    const { stdout } = await cnn(['summary', '--module', 'inception-naive']);
    assert.match(stdout, /854,196,224 multiply-adds/);
    assert.match(stdout, /854,396,928 with the pooling's 200,704/);
  });

  it('compares weights for a pair of channels at any number of channels', async () => {
    const pair = async (...args: string[]) => (await summary(...args)).weightsPerChannelPair;
    assert.equal(await pair('--module', '3x3-stack'), 18);
    assert.equal(await pair('--module', '5x5'), 25);
    assert.equal(await pair('--module', '3x3-stack-of-3', '--in-channels', '7'), 27);
    assert.equal(await pair('--module', '7x7', '--in-channels', '7', '--input-size', '9'), 49);
    assert.equal(await pair('--module', 'inception'), undefined);
  });

  const refused: readonly [string, readonly string[], RegExp][] = [
    ['no network', [], /--arch is missing.*--module inception/],
    [
      'an unknown network',
      ['--arch', 'alexnt'],
      /Unknown network "alexnt"\. Did you mean "alexnet"/,
    ],
    ['an unknown module', ['--module', 'incepton'], /"incepton"\. Did you mean "inception"\?/],
    [
      'images that are too small',
      ['--arch', 'lenet5', '--input-size', '8'],
      /layer "conv2" would turn 4×4×6 into 0×0×16: choose a larger one/,
    ],
    ['both', ['--arch', 'lenet5', '--module', 'inception'], /Expected --arch without --module/],
    ['CSV and JSON at once', ['--arch', 'lenet5', '--csv', '--json'], /--csv or --json, not both/],
    [
      'an optimizer without a batch',
      ['--arch', 'lenet5', '--opt', 'lamb'],
      /Expected --opt with --batch-size/,
    ],
    ['heads that a network has not', ['--arch', 'lenet5', '--auxiliary'], /lenet5 has no/],
    [
      'groups that do not divide the channels',
      ['--module', 'grouped-convolution', '--in-channels', '3'],
      /Expected --in-channels that 2 groups can share but received 3/,
    ],
  ];
  for (const [what, args, message] of refused) {
    it(`ends with exit code 2 on ${what}`, async () => {
      const { code, stdout, stderr } = await cnn(['summary', ...args]);
      assert.match(stderr, message);
      assert.equal(code, 2);
      assert.equal(stdout, '');
    });
  }

  describe('estimates the memory of a training step', () => {
    for (const [arch, size, batch, precision] of [
      ['alexnet', '67', '64', 'f32'],
      ['googlenet', '96', '16', 'f32'],
      ['resnet18', '64', '32', 'f32'],
      ['resnet18', '64', '32', 'bf16'],
      ['densenet40-k12', '32', '32', 'f32'],
    ] as const) {
      it(`of ${arch} in ${precision}, as what backend cpu takes`, async () => {
        const network = ['--arch', arch, '--input-size', size, '--precision', precision];
        const { training } = await summary(...network, '--num-classes', '1000', '-b', batch);
        const count = ['--steps', '2', '--warmup', '0', '--num-classes', '1000', '-b', batch];
        const { stdout } = await cnn([
          'bench',
          'train',
          '--backend',
          'cpu',
          // What is chosen by measurement may take less or more.
          '--no-autotune',
          ...network,
          ...count,
          '--json',
        ]);
        const measured = JSON.parse(stdout).peak_bytes;
        assert.deepEqual(Object.keys(training?.bytes ?? {}).sort(), PARTS);
        const { peak = 0, copies = 0 } = training?.bytes ?? {};
        // Copies that kernels keep after an evaluation, which this benchmark has not; those in bf16
        // are of every step.
        const least = peak - copies;
        const most = precision === 'f32' ? least : peak;
        assert.ok(
          measured > 0.999 * least && measured < 1.001 * most,
          `estimated ${least} to ${most} bytes, measured ${measured}`,
        );
      });
    }

    it('without what kernels take for themselves where there is no addon to ask', async () => {
      const args = ['summary', '--arch', 'lenet5', '-b', '8'];
      const own = process.env['CNN_ADDON'];
      process.env['CNN_ADDON'] = '/nowhere/cnn.node';
      const { code, stdout } = await cnn(args).finally(() => {
        if (own === undefined) delete process.env['CNN_ADDON'];
        else process.env['CNN_ADDON'] = own;
      });
      assert.equal(code, 0);
      assert.match(stdout, /weights +0\.\d MB\n[\s\S]*at most at any time +not known\n/);
      assert.match(stdout, /not known without the native addon \(.*nowhere.*\)\. Run bin\/setup/);
    });

    it('refuses a batch that no array of bytes can hold', async () => {
      const { code, stderr } = await cnn(['summary', '--arch', 'resnet50', '-b', '1000000000']);
      assert.match(stderr, /^error: Expected --batch-size to be at most \d+ at 224×224×3 but/m);
      assert.equal(code, 2);
    });

    it('from parts that are the parameters', async () => {
      const { training, parameters } = await summary('--arch', 'lenet5', '-b', '1');
      const { weights, optimizer, average, gradients } = training?.bytes ?? {};
      const bytes = 4 * parameters;
      assert.deepEqual([weights, optimizer, average, gradients], [bytes, bytes, 0, bytes]);
    });

    it('with both moments of an optimizer, the sums of groups and the averaged weights', async () => {
      const options = ['--opt', 'adamw', '--grad-accum-steps', '2', '--ema-decay', '0.9'];
      const { training, parameters } = await summary('--arch', 'lenet5', '-b', '1', ...options);
      const { optimizer, average } = training?.bytes ?? {};
      assert.deepEqual([optimizer, average], [12 * parameters, 4 * parameters]);
    });
  });
});

describe('cnn archs', () => {
  before(build);

  it('lists networks by family and name, with protocols below', async () => {
    const { stdout } = await cnn(['archs', 'alexnet-', 'lenet']);
    assert.match(
      stdout,
      /^alexnet-torchvision .* 61,100,840 +0\.714 +56\.52 +79\.07 +(\w)\n[\s\S]*\n\1 {2}ILSVRC-2012 val, centre crop/m,
    );
    assert.match(stdout, /^lenet5 /m);
    assert.doesNotMatch(stdout, /^alexnet /m);
  });

  it('fits on a terminal of 100 columns', async () => {
    const { stdout } = await cnn(['archs']);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
  });

  it('suggests a family or a network for an unknown one', async () => {
    const { code, stderr } = await cnn(['archs', 'resnte']);
    assert.match(stderr, /No network or family "resnte"\. Did you mean "resnet"\?/);
    assert.equal(code, 2);
  });
});
