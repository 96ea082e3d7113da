import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PACKAGE_ROOT } from '../../src/package-root.js';

/** The files that npm would pack of this clone, built or not. */
function packedFiles(): string[] {
  const options = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const done = spawnSync('npm', options, { cwd: PACKAGE_ROOT, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  const found = JSON.parse(done.stdout);
  const [{ files }] = Array.isArray(found) ? found : (Object.values(found) as [never]);
  return files.map(({ path }: { path: string }) => path);
}

describe('the npm package', () => {
  const files = packedFiles();

  it('has what it runs and what it is built from', () => {
    for (const path of ['bin/cnn.js', 'bin/setup', 'setup/wheels.sh', 'native/CMakeLists.txt']) {
      assert.ok(files.includes(path), path);
    }
  });

  it('has no test, no result of a benchmark and nothing that only the compiler reads', () => {
    const needless =
      /^(test|bench|experiments|docs)\/|\.test\.|\.tsbuildinfo$|^native\/cuda\/(emulated|plans)\//;
    assert.deepEqual(
      files.filter((path) => needless.test(path)),
      [],
    );
  });
});
