import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { imagesToFloat } from '../../src/network/images.js';
import { assertClose, liveTensors, onEachBackend } from './backends.js';

describe('Bytes become images', () => {
  onEachBackend((backend) => {
    const tolerance = backend.precision === 'bf16' ? 5e-3 : 1e-5;
    for (const channels of [1, 3]) {
      it(`of ${channels} channels, normalised, mirrored and moved in colour where asked`, () => {
        const live = liveTensors();
        const shape: [number, number, number, number] = [2, 3, 5, channels];
        const bytes = Uint8Array.from({ length: 30 * channels }, (_, index) => (index * 37) % 256);
        const mean = [0.485, 0.456, 0.406].slice(0, channels);
        const std = [0.229, 0.224, 0.225].slice(0, channels);
        const tensor = tf.tensor4d(bytes, shape, 'bool');
        const offsets = Float32Array.from(
          [0, 0, 0, 0.1, -0.2, 0.05].slice(3 - channels, 3 + channels),
        );
        const images = imagesToFloat(tensor, Uint8Array.of(0, 1), { mean, std }, offsets);
        const expected = Array.from({ length: bytes.length }, (_, index) => {
          const channel = index % channels;
          const pixel = Math.floor(index / channels);
          const column = pixel % 5;
          const from = index >= 15 * channels ? pixel - column + (4 - column) : pixel;
          const byte = bytes[from * channels + channel] as number;
          const offset = offsets[index >= 15 * channels ? channels + channel : channel] as number;
          return (byte / 255 + offset - (mean[channel] as number)) / (std[channel] as number);
        });
        assert.deepEqual([images.shape, images.dtype], [shape, 'float32']);
        assertClose(images.dataSync(), expected, tolerance, 'images');
        tf.dispose([tensor, images]);
        assert.deepEqual(liveTensors(), live);
      });
    }

    it('with one mean for three channels, and the mean of three for one', () => {
      const run = (channels: number, mean: number[]) => {
        const bytes = tf.tensor4d(new Uint8Array(channels).fill(255), [1, 1, 1, channels], 'bool');
        const images = imagesToFloat(bytes, Uint8Array.of(0), { mean, std: [0.5] });
        const values = [...images.dataSync()];
        tf.dispose([bytes, images]);
        return values;
      };
      assertClose(run(3, [0.25]), [1.5, 1.5, 1.5], tolerance, 'grey to colour');
      assertClose(run(1, [0.1, 0.2, 0.3]), [1.6], tolerance, 'colour to grey');
    });
  });
});
