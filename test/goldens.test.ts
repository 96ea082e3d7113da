import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** What goldens.sh recorded: the SHA-256 of scripts and of the files that they wrote. */
const DIGESTS: ReadonlyMap<string, string> = new Map(
  readFileSync(join(FOLDER, 'goldens.sha256'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => [line.slice(66), line.slice(0, 64)]),
);

/** Scripts that a named npm script runs each time, and of which nothing is stored. */
const RUN_EACH_TIME = ['data/layouts/containers/', 'export/programs/', 'weights/programs/'];

describe('what Python wrote for the tests', () => {
  const scripts = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => {
    return name.endsWith('.py') && !RUN_EACH_TIME.some((folder) => name.startsWith(folder));
  });

  it('is recorded with every script', () => {
    const recorded = [...DIGESTS.keys()].filter((name) => name.endsWith('.py'));
    assert.deepEqual(recorded.sort(), scripts.sort());
  });

  it('is of the scripts as they are, and as they wrote it', () => {
    for (const [name, digest] of DIGESTS) {
      const found = createHash('sha256')
        .update(readFileSync(join(FOLDER, name)))
        .digest('hex');
      assert.equal(found, digest, `test/${name} has changed: run test/goldens.sh write`);
    }
  });
});
