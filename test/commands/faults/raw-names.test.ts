import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodePng } from '../../../src/data/decode/png.js';
import { PACKAGE_ROOT } from '../../../src/package-root.js';
import { testImage } from '../../data/images.js';
import { build, temporaryDirectory } from '../program.js';

const run = promisify(execFile);

describe('a path on the command line that is not UTF-8', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();

  it('is found, and shown with its bytes', async function () {
    if (process.platform !== 'linux') this.skip();
    await build();
    for (const name of ['train/bee', 'train/k\xe4fer', 'val/bee']) {
      const folder = Buffer.from(join(directory.path, 'd\xfc', name), 'latin1');
      mkdirSync(folder, { recursive: true });
      const file = Buffer.concat([folder, Buffer.from('/\xe4.png', 'latin1')]);
      writeFileSync(file, encodePng(testImage(8, 8, 3)));
    }
    const cnn = `"${process.execPath}" "${join(PACKAGE_ROOT, 'bin/cnn.js')}"`;
    // The shell passes the bytes on; Node cannot start a process with them.
    const check = (from: string, data: string) =>
      run(
        'sh',
        ['-c', `cd "$(printf '${from}')" && ${cnn} data check "$(printf '${data}')" --json`],
        {
          cwd: directory.path,
        },
      );
    for (const [from, data] of [
      ['.', 'd\\374'],
      ['d\\374', '.'],
    ] as const) {
      const { stdout } = await check(from, data);
      const report = JSON.parse(stdout);
      assert.equal(report.root, join(directory.path, 'd\\xFC'));
      assert.equal(report.train.images, 2);
      assert.equal(report.classes[1].name, 'k\\xE4fer');
    }
    await assert.rejects(check('.', 'e\\374'), /No dataset at "e\\xFC"/);
  });
});
