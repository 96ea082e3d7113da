import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEVICES, plan, whyNoPlans } from '../../bench/cuda/cudnn-plans.js';
import { productCalls, requestLine } from '../../bench/cuda/product-calls.js';
import { findArchitecture } from '../../src/archs/index.js';

describe('bench/cuda: plans of cuDNN without a GPU', () => {
  before(function () {
    // It may have to compile.
    this.timeout(600_000);
    const missing = whyNoPlans();
    if (missing === undefined) return;
    console.log(`      no plans can be made here: ${missing}`);
    this.skip();
  });

  for (const device of DEVICES) {
    it(`every convolution of a training step has one on an ${device}`, async () => {
      const networks = ['lenet5', 'alexnet', 'resnet20-cifar'].map(findArchitecture);
      const calls = (await productCalls(networks, [32], 'bf16'))
        .filter(({ kernel }) => kernel !== 'BatchMatMul')
        .map(requestLine);
      const ways = await plan(device, calls, { compile: false });
      for (const [line, call] of calls.entries()) {
        const own = ways.filter((way) => way.line === line);
        assert.ok(
          own.some(({ way, engine }) => way.startsWith('cublasLt') || engine !== ''),
          call,
        );
      }
    });
  }

  it('a convolution with bias and ReLU is one kernel, which cuDNN compiles', async () => {
    const [way] = await plan('h100', [conv3x3('FusedConv2D bf16 1', 1)], { compile: true });
    assert.equal(way?.way, 'cuDNN forward+bias+relu');
    assert.equal(way?.compiled, 'at run time');
  });

  it('a plan that was compiled is kept for the real GPU, and found again', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'cnn-plans-'));
    try {
      const options = { compile: true, keep: true, env: { ...process.env, CNN_CACHE: cache } };
      const lines = [conv3x3('FusedConv2D bf16 1', 1)];
      const [first] = await plan('a100', lines, options);
      const file = readdirSync(join(cache, 'cuda'))[0] ?? '';
      assert.equal(file, 'NVIDIA-A100-SXM4-80GB-108-cudnn91900-cublas130100.jsonl');
      const [, record = ''] = readFileSync(join(cache, 'cuda', file), 'utf8')
        .trim()
        .split('\n\n');
      const { key, value } = JSON.parse(record);
      assert.match(key, /^plan of engine .* for forward\+bias\+relu of FusedConv2D bf16 1 8 14 14/);
      assert.equal(JSON.parse(value).cudnnVersion, 91900);
      const [again] = await plan('a100', lines, options);
      assert.equal(again?.engine, first?.engine);
      assert.ok((again?.seconds ?? 0) < (first?.seconds ?? 0) / 3);
    } finally {
      rmSync(cache, { recursive: true });
    }
  });

  it('a gradient of an input in float32 of values in bfloat16 has no engine', async () => {
    const lines = [
      conv3x3('Conv2DBackpropFilter bf16-f32 0', 0),
      'Conv2DBackpropFilter bf16-f32 0 8 14 14 64 14 14 64 1 1 1 1 1 1 0 0 1 0',
      'Conv2DBackpropInput bf16-f32 0 8 14 14 64 14 14 64 3 3 1 1 1 1 1 1 1 0',
    ];
    const ways = await plan('h100', lines, { compile: false });
    assert.deepEqual(
      ways.map(({ line, way, engine }) => [line, way, engine !== '']),
      [
        [0, 'cuDNN filter gradient', true],
        [1, 'cublasLt filter gradient', false],
        [1, 'cuDNN filter gradient', true],
        [2, 'cuDNN input gradient', false],
      ],
    );
  });

  it('no plan takes more than 1 GiB beside its tensors', async () => {
    const call = 'FusedConv2D f32 0 256 224 224 64 224 224 64 3 3 1 1 1 1 1 1 1 0';
    const [way] = await plan('h100', [call], { compile: false });
    assert.notEqual(way?.engine, '');
    assert.ok((way?.workspaceBytes ?? Infinity) <= 2 ** 30);
  });

  it('a library that is missing is one sentence', async () => {
    const env = { ...process.env, CNN_CUDA_LIBRARIES: '/nowhere:/and/nowhere/else' };
    await assert.rejects(
      plan('h100', [], { compile: false, env }),
      /Expected libcudnn.so.9 in \/nowhere, \/and\/nowhere\/else, or the system's folders but it is in none: run bin\/setup --cuda, or set CNN_CUDA_LIBRARIES to the folder that has it$/,
    );
  });

  it('a request that is none says so', async () => {
    await assert.rejects(
      plan('h100', ['FusedConv2D bf16 1 8'], { compile: false }),
      /Expected a convolution, such as .*, but found: FusedConv2D bf16 1 8/,
    );
  });
});

/** A convolution of 3×3 on 8 images of 14×14×64. */
function conv3x3(call: string, activation: number): string {
  return `${call} 8 14 14 64 14 14 64 3 3 1 1 1 1 1 1 1 ${activation}`;
}
