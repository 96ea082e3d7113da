import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients that the reference needs
import { crossEntropy, lossWithoutGradient, softmaxCrossEntropy } from '../../src/network/loss.js';
import { registerTwins } from '../../src/network/twins/index.js';
import { assertClose, liveTensors, numbers, onEachBackend, onReference } from './backends.js';

/** Stats and dLogits of rows of logits. */
function run(
  rows: number[][],
  labels: number[],
  smoothing = 0,
  settings = { weight: 1, hits: true },
) {
  const inputs = [tf.tensor2d(rows), tf.tensor1d(labels, 'int32')] as const;
  const { stats, dLogits } = softmaxCrossEntropy(...inputs, { smoothing, ...settings });
  const result = { stats: [...stats.dataSync()], dLogits: [...dLogits.dataSync()] };
  tf.dispose([...inputs, stats, dLogits]);
  return result;
}

describe('Softmax cross-entropy', () => {
  onEachBackend(() => {
    // Logits, loss and counters stay float32 in bf16 too.
    const tolerance = 1e-4;
    before(() => registerTwins(tf.getBackend()));

    for (const smoothing of [0, 0.1, 0.5]) {
      for (const [count, classes] of [
        [1, 2],
        [7, 10],
        [5, 1000],
      ] as const) {
        it(`agrees with tfjs for ${count} × ${classes} logits and a smoothing of ${smoothing}`, () => {
          const values = numbers(count * classes).map((value) => 8 * value);
          const labels = Array.from({ length: count }, (_, row) => (row * 7) % classes);
          const rows = labels.map((_, row) => [
            ...values.slice(row * classes, (row + 1) * classes),
          ]);
          const expected = onReference(() => {
            const oneHot = tf.oneHot(tf.tensor1d(labels, 'int32'), classes);
            const loss = (logits: tf.Tensor) =>
              tf.losses.softmaxCrossEntropy(oneHot, logits, 1, smoothing) as tf.Scalar;
            const { value, grad } = tf.valueAndGrad(loss)(tf.tensor2d(rows));
            const hits = (k: number) =>
              rows.filter((row, at) => top(row, k).includes(labels[at] as number)).length;
            const stats = [(value.dataSync()[0] as number) * count, hits(1), hits(5), count];
            return { stats, dLogits: grad.dataSync() };
          });
          const { stats, dLogits } = run(rows, labels, smoothing);
          assertClose(stats.slice(0, 1), expected.stats.slice(0, 1), tolerance, 'loss');
          assert.deepEqual(stats.slice(1), expected.stats.slice(1));
          assertClose(dLogits, expected.dLogits, tolerance, 'dLogits');
        });
      }
    }

    it('of mixed images is that of targets of two classes', () => {
      for (const loss of ['softmax', 'sigmoid'] as const) {
        for (const [smoothing, shares] of [
          [0, [0.7, 0.3, 0.5, 0.5, 1, 0]],
          [0.1, [0.7, 0.3, 0.5, 0.5, 1, 0]],
          ...(loss === 'sigmoid' ? ([[0, [1, 1, 1, 0, 1, 1]]] as const) : []),
        ] as const) {
          const [count, classes] = [3, 9];
          const values = numbers(count * classes).map((value) => 8 * value);
          const [labels, others] = [
            [0, 8, 4],
            [3, 1, -1],
          ];
          const expected = onReference(() => {
            const own = tf.oneHot(tf.tensor1d(labels, 'int32'), classes);
            const other = tf.oneHot(tf.tensor1d(others, 'int32'), classes);
            const part = (place: number) =>
              tf.tensor2d(
                labels.map((_, row) => (row === 2 ? 1 - place : shares[2 * row + place]) as number),
                [count, 1],
              );
            const whole = tf.add(tf.mul(own, part(0)), tf.mul(other, part(1)));
            const targets = tf.add(tf.mul(whole, 1 - smoothing), smoothing / classes);
            const ofLogits = (logits: tf.Tensor) =>
              loss === 'softmax'
                ? tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits))))
                : tf.div(tf.sum(tf.sub(tf.softplus(logits), tf.mul(targets, logits))), classes);
            const mean = (logits: tf.Tensor) => tf.div(ofLogits(logits), count) as tf.Scalar;
            const { value, grad } = tf.valueAndGrad(mean)(tf.tensor2d(values, [count, classes]));
            return { loss: (value.dataSync()[0] as number) * count, dLogits: grad.dataSync() };
          });
          tf.tidy(() => {
            const { stats, dLogits } = crossEntropy(
              loss,
              tf.tensor2d(values, [count, classes]),
              {
                labels: tf.tensor1d(labels, 'int32'),
                mixed: {
                  others: tf.tensor1d(others, 'int32'),
                  shares: tf.tensor2d([...shares], [count, 2]),
                },
              },
              { smoothing, weight: 1, hits: true },
            );
            assertClose(stats.dataSync().slice(0, 1), [expected.loss], tolerance, loss);
            assert.equal(stats.dataSync()[3], count);
            assertClose(dLogits.dataSync(), expected.dLogits, tolerance, `${loss} dLogits`);
          });
        }
      }
    });

    it('by sigmoids leaves out labels below 0 and is finite for logits far apart', () => {
      tf.tidy(() => {
        const logits = tf.tensor2d([
          [1000, -1000, 0],
          [Number.NaN, 1, 2],
        ]);
        const labels = tf.tensor1d([1, -1], 'int32');
        const settings = { smoothing: 0, weight: 1, hits: true };
        const { stats, dLogits } = crossEntropy('sigmoid', logits, { labels }, settings);
        assertClose(stats.dataSync(), [(2000 + Math.LN2) / 3, 0, 1, 1], 1e-6, 'stats');
        assertClose(dLogits.dataSync(), [1 / 3, -1 / 3, 1 / 6, 0, 0, 0], 1e-6, 'dLogits');
      });
    });

    it('leaves out labels below 0, whatever their logits', () => {
      const rows = [
        [1, 2, 3],
        [Number.NaN, Number.POSITIVE_INFINITY, 0],
        [3, 2, 2.5],
        [0, 9, 0],
      ];
      const some = run(rows, [2, -1, 1, -1], 0.1);
      const kept = run([rows[0], rows[2]] as number[][], [2, 1], 0.1);
      assertClose(some.stats, kept.stats, 1e-6, 'stats');
      assertClose(some.dLogits.slice(0, 3), kept.dLogits.slice(0, 3), 1e-6, 'first row');
      assertClose(some.dLogits.slice(6, 9), kept.dLogits.slice(3, 6), 1e-6, 'third row');
      assert.ok([3, 4, 5, 9, 10, 11].every((index) => some.dLogits[index] === 0));
    });

    for (const smoothing of [0, 0.1]) {
      it(`of an auxiliary head is weighted and counts the loss alone, smoothing ${smoothing}`, () => {
        const rows = [
          [1, 2, 3],
          [3, 2, 2.5],
          [0, 9, 0],
        ];
        const whole = run(rows, [2, 0, -1], smoothing);
        const head = run(rows, [2, 0, -1], smoothing, { weight: 0.3, hits: false });
        assertClose(head.stats, [0.3 * (whole.stats[0] as number), 0, 0, 0], 1e-6, 'stats');
        const expected = whole.dLogits.map((value) => 0.3 * value);
        assertClose(head.dLogits, expected, 1e-6, 'dLogits');
      });
    }

    it('gives zeros when no label counts', () => {
      const { stats, dLogits } = run(
        [
          [1, 2],
          [3, 4],
        ],
        [-1, -1],
      );
      assert.deepEqual(stats, [0, 0, 0, 0]);
      assert.deepEqual(dLogits, [0, 0, 0, 0]);
    });

    it('counts no hits for equal logits but the first classes', () => {
      const equal = new Array<number>(8).fill(0.5);
      assert.deepEqual(run([equal, equal, equal, equal], [0, 1, 4, 5]).stats.slice(1), [1, 3, 4]);
    });

    it('counts no hit where logits are not numbers', () => {
      const row = new Array<number>(6).fill(Number.NaN);
      assert.deepEqual(run([row], [0]).stats.slice(1), [0, 0, 1]);
      assert.deepEqual(run([[Number.NaN, 1, 2]], [0]).stats.slice(1), [0, 0, 1]);
    });

    it('is finite for logits far apart', () => {
      const { stats, dLogits } = run([[1000, -1000, 0]], [1]);
      assert.equal(stats[0], 2000);
      assertClose(dLogits, [1, -1, 0], 1e-6, 'dLogits');
    });

    it('evaluates without a gradient and leaves nothing behind', () => {
      const live = liveTensors();
      const logits = tf.tensor2d([
        [0, 1],
        [1, 0],
      ]);
      const labels = tf.tensor1d([1, 1], 'int32');
      const stats = lossWithoutGradient(logits, labels);
      assertClose(stats.dataSync(), [0.3133 + 1.3133, 1, 2, 2], 1e-4, 'stats');
      tf.dispose([logits, labels, stats]);
      assert.deepEqual(liveTensors(), live);
    });
  });
});

function top(row: readonly number[], k: number): number[] {
  return row
    .map((_, index) => index)
    .sort((a, b) => (row[b] as number) - (row[a] as number) || a - b)
    .slice(0, k);
}
