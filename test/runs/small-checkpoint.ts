/** A network of one layer, and the state of its checkpoint. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import type { CheckpointState } from '../../src/runs/state.js';
import { startProgress } from '../../src/train/progress.js';

export const STATE: Omit<CheckpointState, 'files' | 'tensors'> = {
  format: 1,
  seed: 7,
  network: {
    arch: 'lenet5',
    classes: ['a', 'b'],
    inputSize: 4,
    channels: 1,
    auxiliary: false,
    transform: { resize: 4, crop: 'centre', size: 4, mirror: 0, pad: 0 },
    mean: [0.5],
    std: [0.5],
  },
  progress: { ...startProgress(), epoch: 2, step: 9 },
};

export function smallModel(units = 2): LayersModel {
  const images = input({ shape: [4, 4, 1], name: 'images' });
  const flat = layers.flatten({ name: 'flatten' }).apply(images) as SymbolicTensor;
  const dense = layers.dense({ units, name: 'fc' });
  return model({ inputs: images, outputs: dense.apply(flat) as SymbolicTensor });
}

/** What run.json of its run holds. */
export const RECORD = {
  started: '2026-01-01T00:00:00.000Z',
  settings: {
    arch: { value: 'lenet5', source: 'flag' },
    'batch-size': { value: 4, source: 'flag' },
    'weights-out': { value: '/etc/passwd', source: 'flag' },
  },
  data: { name: 'd', root: '/nowhere', fingerprint: 'f', training: 4, classes: ['a', 'b'] },
  resumed: [],
};

/** Replaces a file of a checkpoint by one for which state.json vouches. */
export function putFile(directory: string, name: string, content: string | Uint8Array): void {
  writeFileSync(join(directory, name), content);
  const file = join(directory, 'state.json');
  const state = JSON.parse(readFileSync(file, 'utf8'));
  const hash = createHash('sha256').update(content).digest('hex');
  state.files[name] = { bytes: Buffer.byteLength(content), sha256: hash };
  writeFileSync(file, JSON.stringify(state));
}
