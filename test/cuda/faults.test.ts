/** What goes wrong with a GPU is one sentence; the emulated one fails where CNN_EMULATED_GPU says. */
import assert from 'node:assert/strict';
import { EMULATED_ADDON_PATH } from '../../src/addon.js';
import { loadAddon } from '../../src/backend/load-addon.js';
import { cnn, temporaryDirectory } from '../commands/program.js';
import { emulatedOrSkip, withEmulatedGpu } from './emulated.js';

describe('backend cuda', function () {
  this.timeout(300_000);
  before(function () {
    emulatedOrSkip(this);
  });

  const refusals: [what: string, gpu: string, message: RegExp, device?: number][] = [
    ['no driver', 'driver=none', /^no NVIDIA driver is installed$/],
    ['an old driver', 'driver=old', /supports CUDA 12\.2, but 13\.0 is needed \(driver 580/],
    ['no GPU', 'devices=0', /the NVIDIA driver finds no GPU/],
    ['an old GPU', 'capability=7.5', /Emulated GPU has compute capability 7\.5, but 8\.0/],
    ['a GPU that is not there', 'devices=2', /a GPU from 0 to 1 but received 2/, 2],
  ];
  for (const [what, gpu, message, device = 0] of refusals) {
    it(`says in one sentence that there is ${what}`, () =>
      withEmulatedGpu(gpu, () => {
        const addon = loadAddon(EMULATED_ADDON_PATH);
        assert.throws(() => addon.openCuda(device, false, true), { message });
      }));
  }

  it('counts the GPUs that CUDA_VISIBLE_DEVICES leaves', async () => {
    const earlier = process.env['CUDA_VISIBLE_DEVICES'];
    const addon = loadAddon(EMULATED_ADDON_PATH);
    const open = () => addon.openCuda(1, false, true);
    try {
      await withEmulatedGpu('devices=3', () => {
        process.env['CUDA_VISIBLE_DEVICES'] = '2,1';
        assert.deepEqual(
          addon.describeCuda().map((line) => line.split(',')[0]),
          ['Emulated GPU 2', 'Emulated GPU 1'],
        );
        process.env['CUDA_VISIBLE_DEVICES'] = '1';
        const range =
          /from 0 to 0 among those that CUDA_VISIBLE_DEVICES="1" leaves but received 1$/;
        assert.throws(open, { message: range });
        process.env['CUDA_VISIBLE_DEVICES'] = '';
        const none = /finds no GPU among those that CUDA_VISIBLE_DEVICES="" leaves$/;
        assert.throws(open, { message: none });
      });
    } finally {
      if (earlier === undefined) delete process.env['CUDA_VISIBLE_DEVICES'];
      else process.env['CUDA_VISIBLE_DEVICES'] = earlier;
    }
  });

  it('says how to mend it', async () => {
    const args = ['bench', 'train', '--arch', 'lenet5', '--backend', 'cuda'];
    const { code, stderr } = await withEmulatedGpu('driver=none', () => cnn(args));
    assert.match(
      stderr,
      /Backend cuda does not work here \(no NVIDIA driver is installed\)\. Use --backend cpu, or see "cnn doctor"/,
    );
    assert.equal(code, 1);
    const doctor = await withEmulatedGpu('driver=old', () => cnn(['doctor']));
    assert.match(doctor.stdout, /missing {2}cuda: .*12\.2.*\n.*install NVIDIA driver 580 or newer/);
  });

  describe('while it trains', () => {
    const directory = temporaryDirectory();
    const ARGUMENTS = ['--data', 'synthetic', '--backend', 'cuda', '--output'];

    async function train(gpu: string, more?: readonly string[]) {
      const given = [directory.path, ...(more ?? ['--arch', 'lenet5', '--max-steps', '6'])];
      return withEmulatedGpu(gpu, () => cnn(['train', ...ARGUMENTS, ...given]));
    }

    it('ends with a sentence where the device is lost', async () => {
      const { code, stderr } = await train('lose=300');
      assert.match(stderr, /^error: The GPU failed in .*: the device was lost\. "cnn doctor"/m);
      assert.equal(code, 1);
    });

    it('refuses a batch that does not fit into the memory, and names one that does', async () => {
      const network = ['--arch', 'simple-cnn', '--max-steps', '2'];
      const { code, stderr } = await train('memory=128', [...network, '--batch-size', '500']);
      const fits =
        /^error: A step of 500 images needs \d+ MiB by estimate, more than the 128 MiB of the GPU: --batch-size (\d+) fits/m;
      const [, batch] = fits.exec(stderr) ?? assert.fail(stderr);
      assert.equal(code, 2);
      const fitting = await train('memory=128', [...network, '--batch-size', batch as string]);
      assert.equal(fitting.code, 0, fitting.stderr);
    });

    it('ends with a sentence where one growth of the memory fails', async () => {
      const { code, stderr } = await train('fail=2');
      assert.match(stderr, /^error: .*(memory|GPU)/m);
      assert.doesNotMatch(stderr, /fault of cnn/);
      assert.equal(code, 1);
    });

    it('computes the same where copies are late, and without graphs', async () => {
      const losses = async (gpu: string) => {
        const { code, stdout, stderr } = await train(gpu, [
          '--arch',
          'lenet5',
          '--max-steps',
          '6',
          '--json',
        ]);
        assert.equal(code, 0, stderr);
        const { train_loss, eval_loss } = JSON.parse(stdout);
        return { train_loss, eval_loss };
      };
      const wanted = await losses('');
      assert.deepEqual(await losses('delay=3000'), wanted);
      // From the third step on they run as one.
      process.env['CNN_CUDA_GRAPHS'] = '0';
      try {
        assert.deepEqual(await losses(''), wanted);
      } finally {
        delete process.env['CNN_CUDA_GRAPHS'];
      }
    });
  });
});
