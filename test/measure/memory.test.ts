/** The memory that is estimated for a training is what backend cpu takes for it. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { findArchitecture } from '../../src/archs/index.js';
import { kernelNames } from '../../src/backend/addon.js';
import { withCountingBackend } from '../../src/backend/counting-backend.js';
import { registerKernels } from '../../src/backend/kernels/index.js';
import { loadAddon } from '../../src/backend/load-addon.js';
import { NativeBackend } from '../../src/backend/native-backend.js';
import { estimateMemory } from '../../src/measure/memory.js';
import { WeightAverage } from '../../src/network/average.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { networkCard } from '../../src/session/network-card.js';
import { disposeBatch, evaluateStep, openSession, upload } from '../../src/session/session.js';
import { freezeLayers } from '../../src/train/start/freeze.js';
import type { MemorySettings } from '../../src/train/start/request.js';
import { trainStep } from '../../src/train/step.js';

/** Of its own, so that no other test has left scratch memory in it. */
const BACKEND = 'memory';

describe('the estimated memory of a training', function () {
  this.timeout(60_000);
  afterEach(() => {
    if (tf.findBackend(BACKEND) !== null) tf.removeBackend(BACKEND);
  });

  /** The peak of two epochs of two steps. */
  async function measure(arch: string, precision: 'f32' | 'bf16', settings: MemorySettings) {
    const addon = loadAddon();
    const threads = availableParallelism();
    const queue = addon.openCpu(threads, false);
    const device = new NativeBackend(queue, kernelNames(addon), threads, precision);
    tf.registerBackend(BACKEND, () => device);
    registerKernels(BACKEND);
    await tf.setBackend(BACKEND);
    const architecture = findArchitecture(arch);
    const { batchSize, inputSize, channels, freeze, emaDecay, gradAccumSteps = 1 } = settings;
    const classes = Array.from({ length: settings.numClasses }, (_, index) => String(index));
    const card = networkCard(architecture, { classes, inputSize, channels });
    const trainingSize = settings.trainCropSize ?? inputSize;
    const prepare = (model: LayersModel) => {
      if (freeze != null) freezeLayers(model, freeze);
    };
    const session = openSession(architecture, card, 0, prepare, trainingSize);
    const optimizer = new Optimizer(session.network.weights, {
      ...architecture.recipe,
      ...settings,
    });
    const average = emaDecay == null ? undefined : new WeightAverage(session.model);
    const batch = (size: number) => {
      const uploaded = {
        images: new Uint8Array(batchSize * size ** 2 * channels),
        labels: new Int32Array(batchSize),
        mirror: new Uint8Array(batchSize),
        offsets: new Float32Array(batchSize * channels),
        count: batchSize,
        release: () => {},
      };
      return upload(session, uploaded, { size });
    };
    const evaluate = async () => {
      const input = batch(inputSize);
      evaluateStep(session, input).dispose();
      disposeBatch(input);
    };
    for (let step = 0; step < 4; step++) {
      const input = batch(trainingSize);
      const place = { first: step % 2 === 0, last: step % 2 === 1, labels: 1, labelsSoFar: 1 };
      const group = gradAccumSteps > 1 ? { group: place } : {};
      const options = { lr: 0.01, smoothing: 0, seed: 0, step, auxiliaryWeight: 1, ...group };
      trainStep(session, optimizer, input, options).dispose();
      disposeBatch(input);
      if (emaDecay != null) average?.update(emaDecay);
      // As where decoding and computing take turns: no batch is uploaded ahead.
      await device.sync();
      if (step % 2 === 0) continue;
      await evaluate();
      await average?.during(evaluate);
    }
    await device.sync();
    const { peakBytes } = device.memory();
    // Kernels that take little for themselves are not asked; a state of an optimizer takes four times this.
    const little = session.model.countParams();
    session.network.dispose();
    session.training.network.dispose();
    session.model.dispose();
    tf.dispose([optimizer.state, average?.variables ?? []]);
    return { peakBytes, little };
  }

  const network = { batchSize: 8, inputSize: 32, channels: 3, numClasses: 10 } as const;
  const cases: readonly (readonly [string, Partial<MemorySettings>, ('f32' | 'bf16')?, string?])[] =
    [
      ['sgd', {}],
      ['sgd and an average', { emaDecay: 0.9 }],
      ['sgd in groups of two', { gradAccumSteps: 2 }],
      ['adamw', { opt: 'adamw' }],
      ['adamw, an average and groups', { opt: 'adamw', emaDecay: 0.9, gradAccumSteps: 2 }],
      ['adamw and an average', { opt: 'adamw', emaDecay: 0.9 }, 'bf16'],
      ['lamb with a limit of gradients', { opt: 'lamb', clipGradNorm: 1, emaDecay: 0.9 }],
      ['rmsprop', { opt: 'rmsprop' }],
      ['frozen convolutions and an average', { freeze: 'conv', emaDecay: 0.9 }],
      ['lamb and an average', { opt: 'lamb', emaDecay: 0.9 }, 'f32', 'resnet20-cifar'],
      [
        'evaluations of larger images',
        { inputSize: 96, trainCropSize: 32 },
        'f32',
        'resnet20-cifar',
      ],
      ['evaluations of smaller images', { trainCropSize: 64 }, 'bf16', 'resnet20-cifar'],
    ];
  for (const [what, given, precision = 'f32', arch = 'lenet5'] of cases) {
    it(`is that of ${arch} with ${what} in ${precision}`, async () => {
      const settings = { ...network, ...given };
      const { stepBytes } = await estimateMemory(
        findArchitecture(arch),
        { name: 'cpu', precision },
        settings,
      );
      const { peakBytes, little } = await measure(arch, precision, settings);
      const message = `estimated ${stepBytes} bytes, measured ${peakBytes}`;
      const most = Math.max(little, 0.03 * peakBytes);
      assert.ok(Math.abs((stepBytes ?? 0) - peakBytes) < most, message);
    });
  }

  it('counts tensors alone where the addon is for GPUs alone', async () => {
    const addon = { ...loadAddon(), hasCpu: () => false, measure: () => assert.fail('measured') };
    const bytes = await withCountingBackend(
      'f32',
      (device) => {
        tf.dispose(tf.ones([1000]));
        return device.count().peakBytes;
      },
      addon,
    );
    assert.ok(bytes >= 4000);
  });

  it('is refused where a tensor has more values than a command can count', async () => {
    const settings = { ...network, inputSize: 28, channels: 1, batchSize: 460_000 } as const;
    const estimate = estimateMemory(
      findArchitecture('lenet5'),
      { name: 'cpu', precision: 'f32' },
      settings,
    );
    await assert.rejects(
      estimate,
      /at most 2,147,483,647 values but one would have 460000×28×28×6:/,
    );
  });
});
