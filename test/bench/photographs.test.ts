import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { temporaryDirectory } from '../data/images.js';

describe('the photographs of the benchmarks', () => {
  const directory = temporaryDirectory();

  for (const count of [2, 5, 10]) {
    it(`have the same classes in both parts where they are ${count}`, async () => {
      const from = join(directory(), `photographs-${count}`);
      mkdirSync(from);
      for (const name of ['a', 'b', 'c']) {
        const create = { width: 800, height: 800, channels: 3, background: 'grey' } as const;
        await sharp({ create })
          .jpeg()
          .toFile(join(from, `${name}.jpg`));
      }
      const out = join(directory(), `set-${count}`);
      const args = ['tsx', 'bench/photographs.ts', '--from', from, '--out', out, '--count', count];
      const made = spawnSync('npx', args.map(String), { cwd: PACKAGE_ROOT, encoding: 'utf8' });
      assert.equal(made.status, 0, made.stderr);
      const classes = readdirSync(join(out, 'val'));
      assert.equal(classes.length, Math.min(3, Math.floor(count / 2)));
      assert.deepEqual(readdirSync(join(out, 'train')), classes);
      const files = readdirSync(out, { recursive: true }).filter((file) => /JPEG$/.test(`${file}`));
      assert.equal(files.length, count);
    });
  }
});
