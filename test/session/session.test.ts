import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { networkCard } from '../../src/session/network-card.js';
import { openSession, upload } from '../../src/session/session.js';

/** The colours of two plain images. */
const COLOURS = [
  [255, 102, 0],
  [51, 204, 153],
];

describe('the input of a network', () => {
  const architecture = findArchitecture('lenet5');

  before(() => tf.setBackend('cpu'));

  for (const [channels, mean, std, expected] of [
    [
      3,
      [0.2, 0.4, 0.6],
      [0.1, 0.2, 0.4],
      [
        [8, 0, -1.5],
        [0, 2, 0],
      ],
    ],
    [
      3,
      [0.2],
      [0.1],
      [
        [8, 2, -2],
        [0, 6, 4],
      ],
    ],
  ] as const) {
    it(`has --mean ${mean} and --std ${std} taken off each colour by its own`, () => {
      const options = { classes: ['a', 'b'], inputSize: 12, channels, mean, std };
      const card = networkCard(architecture, options);
      const session = openSession(architecture, card, 1);
      const pixels = COLOURS.flatMap((colour) =>
        Array.from({ length: 12 * 12 }, () => colour).flat(),
      );
      const { images, labels } = upload(session, {
        images: Uint8Array.from(pixels),
        labels: Int32Array.of(1, 0),
        mirror: Uint8Array.of(0, 1),
        offsets: new Float32Array(2 * channels),
        count: 2,
        release: () => {},
      });
      const values = images.dataSync();
      for (const [image, colours] of expected.entries()) {
        for (const [channel, colour] of colours.entries()) {
          const value = values[(image * 12 * 12 + 40) * 3 + channel] as number;
          assert.ok(
            Math.abs(value - colour) < 1e-5,
            `image ${image}, channel ${channel}: ${value}`,
          );
        }
      }
      assert.deepEqual([...labels.dataSync()], [1, 0]);
      tf.dispose([images, labels]);
      session.model.dispose();
    });
  }
});
