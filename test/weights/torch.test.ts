import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { findArchitecture } from '../../src/archs/index.js';
import { openWeightsFile } from '../../src/weights/index.js';
import { cnn, temporaryDirectory } from '../commands/program.js';
import { writeHashedWeights } from '../parity/hashed-weights.js';

/** Files that torch_files.py made. */
const FOLDER = fileURLToPath(new URL('torch', import.meta.url));
const EXPECTED: Readonly<Record<string, Readonly<Record<string, [number[], number[]]>>>> =
  JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8'));

describe('files that PyTorch wrote', () => {
  // The same tensors, as torch.save wrote them before PyTorch 1.6.
  const files = { ...EXPECTED, 'old.pth': EXPECTED['module.pth'] ?? {} };
  for (const [file, known] of Object.entries(files)) {
    it(`are read: ${file}`, async () => {
      const { tensors, close } = await openWeightsFile(join(FOLDER, file));
      assert.deepEqual([...tensors.keys()], Object.keys(known));
      for (const [name, tensor] of tensors) {
        const [shape, values = []] = known[name] ?? [];
        assert.deepEqual(tensor.shape, shape, name);
        assert.deepEqual(await tensor.read(), Float32Array.from(values), name);
      }
      await close();
    });
  }

  it('are refused where they hold objects', async () => {
    const object = openWeightsFile(join(FOLDER, 'object.pth'));
    await assert.rejects(object, /asks for "torch\.nn\.modules\.container\.Sequential"/);
  });
});

describe("weights of torchvision's names", function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  let written = new Map<string, Float32Array>();

  before(async () => {
    const architecture = findArchitecture('resnet18-torchvision');
    written = await writeHashedWeights(at('resnet18.safetensors'), architecture, 1000);
  });

  it('are exported as they were read, bit for bit', async () => {
    const [from, out] = [at('resnet18.safetensors'), at('exported.safetensors')];
    const network = ['--arch', 'resnet18-torchvision', '--weights', from];
    const { code, stderr } = await cnn(['export', ...network, '--output', out]);
    assert.equal(code, 0, stderr);
    const content = await readFile(out);
    const start = 8 + Number(content.readBigUInt64LE());
    const { __metadata__, ...header } = JSON.parse(content.toString('utf8', 8, start));
    // What safetensors.torch asks for.
    assert.equal(__metadata__.format, 'pt');
    assert.equal(__metadata__.classes, undefined);
    assert.deepEqual(Object.keys(header).sort(), [...written.keys()].sort());
    for (const [name, values] of written) {
      const { dtype, data_offsets: offsets } = header[name];
      const bytes = content.subarray(start + offsets[0], start + offsets[1]);
      assert.equal(dtype, 'F32');
      assert.ok(bytes.equals(new Uint8Array(values.buffer)), name);
    }
  });

  it("name the classes as ILSVRC's where there are 1000", async () => {
    const image = at('grey.png');
    const background = { r: 99, g: 99, b: 99 };
    await sharp({ create: { width: 32, height: 32, channels: 3, background } }).toFile(image);
    const network = ['--arch', 'resnet18-torchvision', '--weights', at('resnet18.safetensors')];
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
