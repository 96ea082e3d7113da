import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { openWeightsFile } from '../../src/weights/index.js';
import { cnn, temporaryDirectory } from '../commands/program.js';
import { needsTorchvision, python } from '../parity/torch.js';

const SCRIPT = fileURLToPath(new URL('torch_files.py', import.meta.url));

describe('files that PyTorch wrote', function () {
  this.timeout(120_000);
  needsTorchvision();
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  let expected: Record<string, Record<string, [number[], number[]]>> = {};

  before(async () => {
    await python([SCRIPT, 'write', directory.path]);
    expected = JSON.parse(await readFile(at('expected.json'), 'utf8'));
  });

  for (const file of ['types', 'module', 'parallel', 'state_dict', 'model']) {
    it(`are read: ${file}.pth`, async () => {
      const { tensors, close } = await openWeightsFile(at(`${file}.pth`));
      const known = expected[`${file}.pth`] ?? {};
      assert.deepEqual([...tensors.keys()], Object.keys(known));
      for (const [name, tensor] of tensors) {
        const [shape, values = []] = known[name] ?? [];
        assert.deepEqual(tensor.shape, shape, name);
        assert.deepEqual(await tensor.read(), Float32Array.from(values), name);
      }
      await close();
    });
  }

  it('are refused where they hold objects, or have the form from before 1.6', async () => {
    const object = openWeightsFile(at('object.pth'));
    await assert.rejects(object, /asks for "torch\.nn\.modules\.container\.Sequential"/);
    const old = openWeightsFile(at('old.pth'));
    await assert.rejects(old, /the form that torch\.save had before PyTorch 1\.6; convert it/);
  });

  it('come back to PyTorch bit for bit', async () => {
    const [pth, out] = [at('resnet18.pth'), at('resnet18.safetensors')];
    const network = ['--arch', 'resnet18-torchvision', '--weights', pth];
    const { code, stderr } = await cnn(['export', ...network, '--output', out]);
    assert.equal(code, 0, stderr);
    await python([SCRIPT, 'compare', pth, out, 'resnet18']);
    const { classes, close } = await openWeightsFile(out);
    assert.equal(classes, undefined);
    await close();
  });

  it("name the classes as ILSVRC's where a network of torchvision has 1000", async () => {
    const image = at('grey.png');
    const background = { r: 99, g: 99, b: 99 };
    await sharp({ create: { width: 32, height: 32, channels: 3, background } }).toFile(image);
    const network = ['--arch', 'resnet18-torchvision', '--weights', at('resnet18.pth')];
    const size = ['--resize-size', '32', '--crop-size', '32'];
    const { stdout, stderr } = await cnn(['predict', ...network, ...size, '--json', image]);
    const [{ top }] = JSON.parse(stdout || stderr);
    assert.equal(top.length, 5);
    for (const { label, words } of top) {
      assert.match(label, /^n\d{8}$/);
      assert.match(words, /\w/);
    }
  });
});
