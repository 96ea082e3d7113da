/** The whole program under a scheduler's signal, and when its terminal goes away. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { runTrain } from '../../../src/commands/train.js';
import { SILENT } from '../../../src/session/reporter.js';
import { writeOddDataset } from '../data/odd-dataset.js';
import { build, cnn, PROGRAM, temporaryDirectory } from '../program.js';

/** What a terminal of its own is made with. */
const SCRIPT = '/usr/bin/script';

describe('a training', function () {
  this.timeout(180_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  before(async () => {
    await build();
    await writeOddDataset(at('data'), 0);
  });

  const settings = (experiment: string, epochs: string) => ({
    ...{ arch: 'lenet5', data: at('data'), 'input-size': '12', channels: '3', 'batch-size': '3' },
    ...{ backend: 'cpu', precision: 'f32', workers: '1', output: at('runs'), experiment, epochs },
    // Ends a training that nothing else ended.
    'max-minutes': '3',
  });
  const flags = (given: Readonly<Record<string, string>>) =>
    Object.entries(given).map(([name, value]) => `--${name}=${value}`);
  const stepOf = async (run: string) => {
    const state = JSON.parse(
      await readFile(at('runs', run, 'checkpoints/last/state.json'), 'utf8'),
    );
    return state.progress.step as number;
  };

  it('that a scheduler stops ends with exit code 75 and goes on to the same bits', async () => {
    let told = false;
    // So many epochs that it is still training when the signal comes.
    const long = '100000';
    const stopped = await cnn(['train', ...flags(settings('stopped', long))], (child, stderr) => {
      if (told || !/^epoch 2\//m.test(stderr)) return;
      told = true;
      child.kill('SIGUSR1');
    });
    assert.equal(stopped.code, 75, stopped.stderr);
    assert.match(stopped.stderr, /SIGUSR1: saving after this step/);
    const steps = String((await stepOf('stopped')) + 6);
    const run = at('runs', 'stopped');
    await runTrain({ resume: run, 'max-steps': steps }, SILENT);
    tf.disposeVariables();
    await runTrain({ ...settings('whole', long), 'max-steps': steps }, SILENT);
    tf.disposeVariables();
    for (const file of ['weights.bin', 'optimizer.bin']) {
      const [resumed, whole] = await Promise.all(
        ['stopped', 'whole'].map((name) => readFile(at('runs', name, 'checkpoints/last', file))),
      );
      assert.ok(whole && resumed?.equals(whole), `${file} after step ${steps}`);
    }
  });

  /** Runs a command in a terminal, closes that after the second epoch, and returns the exit code. */
  async function codeAfterClosing(command: string, name: string): Promise<number> {
    const [log, code] = [at(`${name}.log`), at(`${name}.code`)];
    // As a shell that somebody works in: it hands the signal on to what it started.
    const shell = `trap 'kill -HUP $!' HUP; ${command} 2> '${log}' <&0 & wait $!; wait $!; `;
    const line = `${shell} echo $? > '${code}'`;
    const child = spawn(SCRIPT, ['-qec', line, '/dev/null'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, SHELL: '/bin/bash' },
    });
    const until = async (done: () => boolean) => {
      for (let tries = 0; !done(); tries++) {
        assert.ok(tries < 3000, existsSync(log) ? readFileSync(log, 'utf8') : 'it has not begun');
        await wait(20);
      }
    };
    await until(() => existsSync(log) && /^epoch 2\//m.test(readFileSync(log, 'utf8')));
    child.kill('SIGKILL');
    await until(() => existsSync(code) && readFileSync(code, 'utf8').endsWith('\n'));
    return Number(readFileSync(code, 'utf8'));
  }

  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ');
  const trainIn = (name: string, epochs: string) =>
    quoted([process.execPath, PROGRAM, 'train', ...flags(settings(name, epochs))]);

  describe('whose terminal is closed', () => {
    before(function () {
      try {
        execFileSync(SCRIPT, ['-qec', 'true', '/dev/null']);
      } catch {
        this.skip();
      }
    });

    it('is saved and ends with exit code 129', async () => {
      assert.equal(await codeAfterClosing(trainIn('closed', '100000'), 'closed'), 129);
      assert.match(readFileSync(at('closed.log'), 'utf8'), /SIGHUP: saving after this step/);
      assert.ok((await stepOf('closed')) >= 8);
    });

    it('goes on under nohup', async () => {
      const command = `nohup ${trainIn('kept', '30')} > /dev/null`;
      assert.equal(await codeAfterClosing(command, 'kept'), 0);
      assert.equal(await stepOf('kept'), 120);
    });
  });
});
