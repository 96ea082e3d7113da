import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ADDON_PATH } from '../../src/addon.js';
import type { Addon } from '../../src/backend/addon.js';
import { checkAddon, loadAddon } from '../../src/backend/load-addon.js';
import { onNative } from './compare.js';

/** Opens the addon in a thread of its own and tells the numbers whose squares it got wrong. */
const SQUARES = `
  const { parentPort, workerData } = require('node:worker_threads');
  const addon = require(workerData.addon);
  const queue = addon.openCpu(1, true);
  const square = addon.kernels().indexOf('Square') / 2;
  const words = new Int32Array(queue.commands());
  const wrong = [];
  for (let number = 1; number <= workerData.rounds; number++) {
    queue.write(0, 0, Float32Array.of(number));
    // The kernel, its inputs, outputs and parameters; slot 0; slot 1 of one float32.
    words.set([square, 1, 1, 0, 0, 1, 0, 1]);
    queue.submit(8);
    const [found] = (into => (queue.readSync(1, into), into))(new Float32Array(1));
    if (found !== number * number) wrong.push(number);
  }
  parentPort.postMessage(wrong);
`;

/** What the addon would report if it had been built from sources in which something else stands. */
function built(change: (report: readonly string[], kernel: boolean) => string[]): Partial<Addon> {
  const addon = loadAddon();
  const kernels = change(addon.kernels(), true);
  const facts = change(addon.facts(), false);
  return { ...addon, kernels: () => kernels, facts: () => facts };
}

/** An addon whose kernel has other parameters. */
function withParameters(kernel: string, change: (fields: string) => string): Partial<Addon> {
  return built((report) =>
    report.map((text, index) => (report[index - 1] === kernel ? change(text) : text)),
  );
}

describe('an addon', () => {
  onNative(() => {
    it('is taken that was built from these sources', () => {
      checkAddon(loadAddon());
    });

    it('is refused for two parameters in another order', () => {
      const swapped = withParameters('FusedConv2D', (fields) =>
        fields.replace('strideHeight, strideWidth', 'strideWidth, strideHeight'),
      );
      assert.throws(
        () => checkAddon(swapped),
        /cnn\.node was built from other sources: expected parameters of FusedConv2D to be "int32 batch, .*" but found "int32 batch, .*strideWidth, strideHeight/,
      );
    });

    it('is refused for any two neighbours in another order, in every kernel', () => {
      const report = loadAddon().kernels();
      let swaps = 0;
      for (let index = 0; index < report.length; index += 2) {
        const [kernel, fields] = report.slice(index, index + 2) as [string, string];
        for (const [pair, a, b] of fields.matchAll(/(?<=[ ,])([\w[\]]+), ([\w[\]]+)/g)) {
          const swapped = withParameters(kernel, (text) => text.replace(pair, `${b}, ${a}`));
          assert.throws(() => checkAddon(swapped), new RegExp(`parameters of ${kernel} `));
          swaps++;
        }
      }
      assert.ok(swaps > 100, `${swaps}`);
    });

    it('is refused for a whole number in the place of a float', () => {
      const changed = withParameters('LRN', (fields) =>
        fields.replace('radius; float32 bias, ', 'radius, bias; float32 '),
      );
      assert.throws(() => checkAddon(changed), /parameters of LRN /);
    });

    it('is refused for a kernel too many, one too few, and any other number', () => {
      const more = built((report, kernel) => (kernel ? [...report, 'Softplus', ''] : [...report]));
      assert.throws(() => checkAddon(more), /parameters of Softplus to be absent but found none/);
      const fewer = built((report, kernel) => report.slice(kernel ? 2 : 0));
      assert.throws(() => checkAddon(fewer), /parameters of .* but found absent/);
      const facts = loadAddon().facts();
      for (let place = 1; place < facts.length; place += 2) {
        const other = built((report, kernel) =>
          report.map((text, index) => (!kernel && index === place ? `${text}0` : text)),
        );
        assert.throws(() => checkAddon(other), new RegExp(`expected ${facts[place - 1]} to be`));
      }
    });

    it('is opened by several threads at once, each of which computes', async () => {
      const workers = Array.from({ length: 4 }, () => {
        return new Worker(SQUARES, { eval: true, workerData: { addon: ADDON_PATH, rounds: 200 } });
      });
      const results = await Promise.all(workers.map((worker) => once(worker, 'message')));
      assert.deepEqual(results, new Array(4).fill([[]]));
      await Promise.all(workers.map((worker) => worker.terminate()));
    });

    it('is refused that reports nothing, as one of an older version', () => {
      const { kernels: _kernels, facts: _facts, ...older } = loadAddon();
      assert.throws(() => checkAddon(older), /was built from other sources/);
    });
  });
});
