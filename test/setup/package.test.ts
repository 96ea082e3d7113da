import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { temporaryDirectory } from '../commands/program.js';

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
      /^(test|bench|experiments|docs)\/|\.test\.|\.map$|\.tsbuildinfo$|^native\/cuda\/(emulated|plans)\//;
    assert.deepEqual(
      files.filter((path) => needless.test(path)),
      [],
    );
  });

  const directory = temporaryDirectory();
  const made = (name: string) => readFile(join(directory.path, name), 'utf8');

  it('is published with its platforms and the licences of what npm installs with it', async () => {
    await copyFile(join(PACKAGE_ROOT, 'package.json'), join(directory.path, 'package.json'));
    const args = ['packaging/manifest.js', 'main', directory.path, 'linux-x64'];
    const done = spawnSync(process.execPath, args, { cwd: PACKAGE_ROOT, encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    const manifest = JSON.parse(await made('package.json'));
    assert.deepEqual(manifest.optionalDependencies, { 'cnn-linux-x64': manifest.version });
    assert.ok(manifest.files.includes('THIRD_PARTY.md'));
    for (const key of ['private', 'devDependencies', 'allowScripts']) {
      assert.equal(manifest[key], undefined, key);
    }
    const rows = (await made('THIRD_PARTY.md')).split('\n').filter((line) => /^\| /.test(line));
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      const licence = cells.find((row) => row[1] === name && row[2] === version)?.[3];
      assert.match(licence ?? '', /MIT|ISC|BSD|Apache|BlueOak|SEE LICENSE/, name);
    }
    for (const part of ['converter', 'backend-wasm']) {
      assert.ok(
        cells.some((row) => row[1] === `@tensorflow/tfjs-${part}` && row[2] !== ''),
        part,
      );
    }
    assert.deepEqual(
      cells.filter((row) => row[3] === 'not said'),
      [],
    );
  });
});
