import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { withFormerNames } from '../src/former-names.js';
import { writeImages } from './commands/images.js';
import { cnn, temporaryDirectory } from './commands/program.js';

describe('former names of keys', () => {
  const schema = withFormerNames(z.object({ images: z.int() }), { images: 'pictures' });

  it('are read', () => {
    assert.deepEqual(schema.parse({ pictures: 3 }), { images: 3 });
  });

  it('yield to the names of today', () => {
    assert.deepEqual(schema.parse({ images: 4, pictures: 3 }), { images: 4 });
  });

  it('do not hide that a key is missing', () => {
    assert.throws(() => schema.parse({ pixels: 3 }), z.ZodError);
    assert.throws(() => schema.parse(null), z.ZodError);
  });
});

describe('a run of version 0.1.0', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();

  it('is resumed as if it had been made today', async () => {
    const data = join(directory.path, 'data');
    await writeImages(data);
    const at = (...names: string[]) => join(directory.path, ...names);
    const fresh = ['--arch', 'lenet5', '--input-size', '12', '--batch-size', '4', '--epochs', '1'];
    const machine = ['--backend', 'js', '--workers', '1', '--print-freq', '1'];
    const names = ['old', 'new'];
    for (const name of names) {
      const place = ['--data', data, '--output', directory.path, '--experiment', name];
      const ended = await cnn(['train', ...place, ...fresh, ...machine, '--max-steps', '1']);
      assert.equal(ended.code, 0, ended.stderr);
    }
    const file = at('old/checkpoints/last/state.json');
    const state = JSON.parse(await readFile(file, 'utf8'));
    const { images: pictures, ...progress } = state.progress;
    assert.equal(pictures, 4);
    await writeFile(file, JSON.stringify({ ...state, progress: { ...progress, pictures } }));
    for (const name of names) {
      const ended = await cnn(['train', '--resume', at(name), '--max-steps', '3']);
      assert.equal(ended.code, 0, ended.stderr);
    }
    const [old, today] = await Promise.all(
      names.map((name) => readFile(at(name, 'checkpoints/last/weights.bin'))),
    );
    assert.deepEqual(old, today);
  });
});
