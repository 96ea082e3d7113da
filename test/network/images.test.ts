import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { imagesToFloat, type MixedBox, mixImages } from '../../src/network/images.js';
import { assertClose, liveTensors, numbers, onEachBackend } from './backends.js';

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

    it('with a box of each mixed with another image, or of zeros', () => {
      const live = liveTensors();
      for (const channels of [1, 3]) {
        const shape: [number, number, number, number] = [3, 5, 7, channels];
        const values = numbers(3 * 5 * 7 * channels);
        const images = tf.tensor4d(values, shape);
        const boxes = [
          { partner: 2, left: 0, top: 0, right: 7, bottom: 5, share: 0.75 },
          { partner: 0, left: 2, top: 1, right: 6, bottom: 4, share: 0 },
          { partner: -1, left: 6, top: 0, right: 7, bottom: 2, share: 0 },
        ];
        const mixed = mixImages(images, boxes);
        const size = 35 * channels;
        const expected = Array.from(values, (value, index) => {
          const image = Math.floor(index / size);
          const pixel = Math.floor((index % size) / channels);
          const [x, y] = [pixel % 7, Math.floor(pixel / 7)];
          const { partner, left, top, right, bottom, share } = boxes[image] as MixedBox;
          if (x < left || x >= right || y < top || y >= bottom) return value;
          const other = partner < 0 ? 0 : (values[partner * size + (index % size)] as number);
          return share * value + (1 - share) * other;
        });
        assertClose(mixed.dataSync(), expected, tolerance, 'mixed images');
        tf.dispose([images, mixed]);
      }
      assert.deepEqual(liveTensors(), live);
    });

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
