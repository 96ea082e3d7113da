import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tensorflowOrSkip } from '../network/backends.js';
import { cnn, temporaryDirectory } from './program.js';

describe('cnn on TensorFlow', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const train = (...options: string[]) => [
    ...['train', '--arch', 'lenet5', '--data', 'synthetic', '--output', directory.path],
    ...['--experiment', 'run', '--max-steps', '4', '--backend', 'tensorflow', ...options],
  ];

  it('refuses bf16, and says what has it', async () => {
    const { code, stderr } = await cnn(train('--precision', 'bf16'));
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: The backend tensorflow computes in f32 only\. Use --precision f32, or --backend cpu\.$/m,
    );
  });

  describe('where it is set up', () => {
    before(async function () {
      await tensorflowOrSkip(this);
    });

    it('trains, and evaluates to the same loss; the library prints nothing', async () => {
      const trained = await cnn(train('--threads', '1'));
      assert.equal(trained.code, 0, trained.stderr);
      assert.match(trained.stderr, /^backend tensorflow in f32: it was asked for; TensorFlow 2\./m);
      assert.doesNotMatch(trained.stderr, /oneDNN custom operations|InitializeLog|This TensorFlow/);
      const run = join(directory.path, 'run');
      const record = JSON.parse(await readFile(join(run, 'run.json'), 'utf8'));
      assert.equal(record.backend.threads, 1);
      const backend = ['--backend', 'tensorflow', '--json'];
      const evaluated = await cnn(['eval', '--checkpoint', run, '--data', 'synthetic', ...backend]);
      assert.equal(evaluated.code, 0, evaluated.stderr);
      const summary = await readFile(join(run, 'summary.csv'), 'utf8');
      const loss = Number(summary.trim().split('\n').at(-1)?.split(',')[3]);
      assert.ok(Math.abs(JSON.parse(evaluated.stdout).loss - loss) < 1e-5);
    });

    it('says the version and what computes', async () => {
      const { stdout } = await cnn(['doctor']);
      assert.match(
        stdout,
        /^works {4}tensorflow: TensorFlow 2\.\d+\.\d+ by @tensorflow\/tfjs-node-gpu 4\.22\.0 on (a GPU|the CPU)/m,
      );
    });
  });
});
