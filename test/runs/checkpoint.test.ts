import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import '@tensorflow/tfjs-backend-cpu';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { openCheckpoint } from '../../src/runs/checkpoint/open.js';
import { copyCheckpoint, saveCheckpoint } from '../../src/runs/checkpoint/save.js';
import type { NamedTensor } from '../../src/runs/checkpoint/tensor-values.js';
import { loadTensors, loadWeights } from '../../src/runs/checkpoint/tensors.js';
import { temporaryDirectory } from '../commands/program.js';
import { STATE, smallModel } from './small-checkpoint.js';

const bytesOf = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);
const valuesOf = (named: readonly NamedTensor[]) => bytesOf(named.map(({ tensor }) => tensor));

/** Variables of the same names, made from those given. */
function mapped(
  named: readonly NamedTensor[],
  make: (tensor: tf.Tensor) => tf.Tensor,
): NamedTensor<tf.Variable>[] {
  return named.map(({ name, tensor }) => ({ name, tensor: tf.variable(make(tensor)) }));
}

describe('a checkpoint', () => {
  const directory = temporaryDirectory();
  const run = () => join(directory.path, 'run');
  const last = () => join(run(), 'checkpoints', 'last');
  let saved: LayersModel;
  let momenta: NamedTensor<tf.Variable>[];

  before(async () => {
    await tf.setBackend('cpu');
    saved = smallModel();
    momenta = [
      {
        name: 'momentum/fc/kernel',
        tensor: tf.variable(tf.randomNormal([16, 2], 0, 1, 'float32', 1)),
      },
      { name: 'momentum/fc/bias', tensor: tf.variable(tf.tensor1d([1, -2])) },
    ];
    await mkdir(join(run(), 'checkpoints'), { recursive: true });
    await saveCheckpoint(last(), saved, momenta, STATE);
  });

  it('gives back weights, momenta and state with the same bits', async () => {
    const checkpoint = await openCheckpoint(run());
    assert.equal(checkpoint.directory, last());
    const { files: _, tensors, ...state } = checkpoint.state;
    assert.deepEqual(state, STATE);
    assert.deepEqual(tensors, [
      { name: 'momentum/fc/kernel', shape: [16, 2] },
      { name: 'momentum/fc/bias', shape: [2] },
    ]);
    const other = smallModel();
    await loadWeights(other, checkpoint);
    assert.deepEqual(bytesOf(other.getWeights()), bytesOf(saved.getWeights()));
    const more = { name: 'ema/fc/bias', tensor: tf.variable(tf.tensor1d([5, 6])) };
    const others = [more, ...mapped(momenta, tf.zerosLike).reverse()];
    const before = tf.memory().numTensors;
    assert.deepEqual(await loadTensors(others, checkpoint), ['ema/fc/bias']);
    assert.deepEqual(valuesOf(others), [[5, 6], ...valuesOf(momenta).reverse()]);
    assert.equal(tf.memory().numTensors, before);
  });

  it('of the first runs, which holds momenta without names, is read', async () => {
    const place = join(run(), 'checkpoints', 'first');
    await saveCheckpoint(place, saved, momenta, STATE);
    const file = join(place, 'state.json');
    const { tensors: _, ...state } = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify(state));
    const others = mapped(momenta, tf.zerosLike);
    assert.deepEqual(await loadTensors(others, await openCheckpoint(place)), []);
    assert.deepEqual(valuesOf(others), valuesOf(momenta));
    await rm(place, { recursive: true });
  });

  it('is a model that stock tfjs loads', async () => {
    const json = JSON.parse(await readFile(join(last(), 'model.json'), 'utf8'));
    const { buffer, byteOffset, byteLength } = await readFile(join(last(), 'weights.bin'));
    const [group] = json.weightsManifest;
    assert.deepEqual(group.paths, ['weights.bin']);
    const loaded = await loadLayersModel(
      tf.io.fromMemory({
        modelTopology: json.modelTopology,
        weightSpecs: group.weights,
        weightData: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer,
      }),
    );
    assert.deepEqual(bytesOf(loaded.getWeights()), bytesOf(saved.getWeights()));
  });

  it('is replaced as a whole, and a copy of it stays as it was', async () => {
    const best = join(run(), 'checkpoints', 'best');
    await copyCheckpoint(last(), best);
    await saveCheckpoint(last(), saved, momenta, { ...STATE, seed: 8 });
    assert.equal((await openCheckpoint(best)).state.seed, 7);
    assert.equal((await openCheckpoint(last())).state.seed, 8);
    assert.deepEqual(await readdir(join(run(), 'checkpoints')), ['best', 'last']);
  });

  it('and a copy of it are in blocks of their own', async () => {
    const copy = join(run(), 'checkpoints', 'copy');
    await copyCheckpoint(last(), copy);
    // Where a disk goes bad, it changes what is there: it does not write a new file.
    const handle = await open(join(last(), 'weights.bin'), 'r+');
    const [before] = (await handle.read(Buffer.alloc(4), 0, 4, 40)).buffer;
    await handle.write(Buffer.from([(before as number) ^ 1]), 0, 1, 40);
    await assert.rejects(openCheckpoint(last()), /content of weights.bin is not what was written/);
    assert.equal((await openCheckpoint(copy)).directory, copy);
    await handle.write(Buffer.from([before as number]), 0, 1, 40);
    await handle.close();
    await rm(copy, { recursive: true });
  });

  it('is found where the program ended while it was replaced', async () => {
    await rename(last(), `${last()}.previous`);
    assert.equal((await openCheckpoint(run())).directory, `${last()}.previous`);
    assert.equal((await openCheckpoint(last())).directory, `${last()}.previous`);
    await rename(`${last()}.previous`, last());
  });

  it('does not fit a model with other weights', async () => {
    const checkpoint = await openCheckpoint(run());
    const before = tf.memory().numTensors;
    const other = smallModel(3);
    const built = tf.memory().numTensors;
    await assert.rejects(
      loadWeights(other, checkpoint),
      /do not fit lenet5: expected .*fc\/kernel \(16, 3\).*found .*fc\/kernel \(16, 2\)/,
    );
    assert.equal(tf.memory().numTensors, built);
    assert.ok(built > before);
  });

  it('is not written when a weight is no longer a number', async () => {
    const other = smallModel();
    other.setWeights(other.getWeights().map((weight) => tf.fill(weight.shape, Number.NaN)));
    const place = join(run(), 'checkpoints', 'other');
    await assert.rejects(saveCheckpoint(place, other, momenta, STATE), /no longer numbers/);
    await assert.rejects(stat(place));
  });

  it('is not written when a momentum is no longer a number', async () => {
    const others = mapped(momenta, ({ shape }) => tf.fill(shape, Infinity));
    const place = join(run(), 'checkpoints', 'other');
    await assert.rejects(saveCheckpoint(place, saved, others, STATE), /no longer numbers/);
    await assert.rejects(stat(place));
  });

  it('names its values that are not finite, and is not loaded', async () => {
    const place = join(run(), 'checkpoints', 'broken');
    await saveCheckpoint(place, saved, momenta, STATE);
    await putIn(place, 'weights.bin', { 3: Number.NaN, 5: Infinity });
    await putIn(place, 'optimizer.bin', { 33: -Infinity });
    const checkpoint = await openCheckpoint(place);
    const other = smallModel();
    const before = bytesOf(other.getWeights());
    await assert.rejects(
      loadWeights(other, checkpoint),
      /checkpoints\/broken cannot be used:\n1 tensor is not finite: fc\/kernel \(2 of 32 values, the first is NaN\)$/,
    );
    assert.deepEqual(bytesOf(other.getWeights()), before);
    const others = mapped(momenta, tf.zerosLike);
    await assert.rejects(
      loadTensors(others, checkpoint),
      /1 tensor is not finite: momentum\/fc\/bias \(1 of 2 values, the first is -Infinity\)$/,
    );
  });
});

/** Changes numbers of a file of a checkpoint, which stays whole. */
async function putIn(
  directory: string,
  name: string,
  values: Readonly<Record<number, number>>,
): Promise<void> {
  const content = await readFile(join(directory, name));
  for (const [place, value] of Object.entries(values)) {
    content.writeFloatLE(value, 4 * Number(place));
  }
  await writeFile(join(directory, name), content);
  const state = JSON.parse(await readFile(join(directory, 'state.json'), 'utf8'));
  state.files[name].sha256 = createHash('sha256').update(content).digest('hex');
  await writeFile(join(directory, 'state.json'), JSON.stringify(state));
}
