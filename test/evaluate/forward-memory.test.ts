/** What is estimated for an evaluation is what backend cpu takes for it, and too much is refused. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { kernelNames } from '../../src/backend/addon.js';
import { registerKernels } from '../../src/backend/kernels/index.js';
import { loadAddon } from '../../src/backend/load-addon.js';
import { NativeBackend } from '../../src/backend/native-backend.js';
import { UsageError } from '../../src/errors.js';
import { Averages } from '../../src/evaluate/averages.js';
import {
  checkBatchFits,
  checkMapsFit,
  type Evaluated,
  forwardBytes,
} from '../../src/evaluate/forward-memory.js';
import { Outcomes } from '../../src/evaluate/outcomes.js';
import { protocolsOf } from '../../src/evaluate/protocols/protocol.js';
import { ViewRunner } from '../../src/evaluate/view-runner.js';
import { networkCard } from '../../src/session/network-card.js';
import { openSession } from '../../src/session/session.js';
import { testImage } from '../data/images.js';

/** Of its own, so that no other test has left scratch memory in it. */
const BACKEND = 'forward-memory';
const CLASSES = ['a', 'b', 'c'];
const SETTINGS = { scales: null, mirror: null, resizeSize: null } as const;

describe('the estimated memory of an evaluation', function () {
  this.timeout(60_000);
  afterEach(() => {
    if (tf.findBackend(BACKEND) !== null) tf.removeBackend(BACKEND);
  });

  function evaluated(arch: string): Evaluated {
    const architecture = findArchitecture(arch);
    const card = networkCard(architecture, { classes: CLASSES, inputSize: 32, channels: 3 });
    return { architecture, session: { card } };
  }

  /** The peak of the views of two images of this size, and the bytes of the weights. */
  async function measure(
    { architecture, session: { card } }: Evaluated,
    precision: 'f32' | 'bf16',
    crops: '10' | 'dense',
    [width, height]: readonly [number, number],
  ) {
    const addon = loadAddon();
    const threads = availableParallelism();
    const device = new NativeBackend(
      addon.openCpu(threads, false),
      kernelNames(addon),
      threads,
      precision,
    );
    tf.registerBackend(BACKEND, () => device);
    registerKernels(BACKEND);
    await tf.setBackend(BACKEND);
    const session = openSession(architecture, card, 0);
    const short = Math.min(width, height);
    const settings = {
      ...SETTINGS,
      crops: [crops],
      ...(crops === 'dense' ? { scales: [short] } : { resizeSize: short }),
    };
    const protocols = protocolsOf(settings, architecture, { ...card.transform, resize: short });
    const labels = Int32Array.of(0, 1);
    const averages = protocols.map(({ views }) => new Averages(new Outcomes(labels), views));
    const runner = new ViewRunner({ architecture, session, protocols }, 10, averages, 1, String);
    const image = testImage(width, height, 3);
    for (const index of labels.keys()) await runner.add(index, new Map([[short, image]]));
    await runner.finish();
    await device.sync();
    runner.dispose();
    const { peakBytes } = device.memory();
    const little = 4 * session.model.countParams();
    session.network.dispose();
    session.model.dispose();
    return { peakBytes, little };
  }

  for (const [arch, precision, crops, width, height] of [
    ['resnet20-cifar', 'f32', '10', 36, 36],
    ['resnet20-cifar', 'bf16', 'dense', 48, 40],
    ['lenet5', 'f32', 'dense', 96, 64],
    ['lenet5', 'f32', '10', 36, 36],
  ] as const) {
    it(`is that of ${arch} with --crops ${crops} of ${width}×${height} in ${precision}`, async () => {
      const dense = crops === 'dense';
      const shown = dense ? { count: 2, height, width } : { count: 10, height: 32, width: 32 };
      const device = { name: 'cpu', precision } as const;
      const estimate = await forwardBytes(evaluated(arch), device, { ...shown, dense });
      const { peakBytes, little } = await measure(evaluated(arch), precision, crops, [
        width,
        height,
      ]);
      const message = `estimated ${estimate} bytes, measured ${peakBytes}`;
      assert.ok(Math.abs(estimate - peakBytes) < little, message);
    });
  }

  const refused = (pattern: RegExp) => (error: Error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, pattern);
    return true;
  };

  it('of more than there is is refused with a batch that fits', async () => {
    const network = evaluated('lenet5');
    const limit = (memoryBytes: number) =>
      ({ name: 'cpu', precision: 'f32', memoryBytes }) as const;
    const square = { count: 100, height: 32, width: 32, dense: false };
    const bytes = await forwardBytes(network, limit(0), square);
    await checkBatchFits(network, limit(bytes), 100);
    await assert.rejects(
      checkBatchFits(network, limit(bytes - 1), 100),
      refused(/^A batch of 100 images of 32×32 needs .*: --batch-size (72|80) fits by estimate$/),
    );
    await assert.rejects(
      checkBatchFits(network, limit(1000), 1),
      refused(/^An image of 32×32 needs .*: choose a smaller --crop-size$/),
    );
  });

  it('of maps that are too large is refused when their size is known', async () => {
    const network = evaluated('lenet5');
    const { architecture, session } = network;
    const settings = { ...SETTINGS, crops: ['dense'], scales: [40, 64] } as const;
    const protocols = protocolsOf(settings, architecture, session.card.transform);
    const limit = (memoryBytes: number) =>
      ({ name: 'cpu', precision: 'f32', memoryBytes }) as const;
    const map = { count: 2, height: 64, dense: true };
    const wide = await forwardBytes(network, limit(0), { ...map, width: 100 });
    const check = await checkMapsFit(network, limit(Math.ceil(1.01 * wide)), protocols);
    check(100, 64);
    assert.throws(
      () => check(128, 64),
      refused(/^A map of 128×64 pixels and its mirrored one need .*: choose smaller --scales$/),
    );
    const square = await forwardBytes(network, limit(0), { ...map, width: 64 });
    await assert.rejects(checkMapsFit(network, limit(square - 1), protocols), UsageError);
  });
});
