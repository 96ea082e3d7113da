import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';

/** What bin/setup may count on; compilers and package managers are not among them. */
const TOOLS = 'awk bash cat cmp cp cut dirname du env find grep mkdir mv node rm stat tail'.split(
  ' ',
);

/**
 * A clone of nothing but bin/setup and two package files, on a machine that has TOOLS and the
 * programs it is given: shell scripts by name. Each of them writes its call to `calls`.
 */
export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), 'cnn-setup-'));
  readonly #programs = join(this.root, 'programs');

  constructor(programs: Readonly<Record<string, string>>) {
    for (const folder of ['programs', 'bin', 'native']) mkdirSync(join(this.root, folder));
    for (const part of ['bin/setup', 'setup']) {
      cpSync(join(PACKAGE_ROOT, part), join(this.root, part), { recursive: true });
    }
    const peerDependencies = { '@tensorflow/tfjs-node-gpu': '4.22.0' };
    this.write('package.json', JSON.stringify({ engines: { node: '>=20.19' }, peerDependencies }));
    this.write('package-lock.json', JSON.stringify({ packages: PACKAGES }));
    for (const tool of TOOLS) symlinkSync(locate(tool), join(this.#programs, tool));
    for (const [name, script] of Object.entries({ npm: NPM, id: 'echo 1000', ...programs })) {
      this.program(name, script);
    }
  }

  program(name: string, script: string): void {
    const file = join(this.#programs, name);
    writeFileSync(file, `#!/bin/bash\necho "${name} $*" >> "$CALLS"\n${script}\n`);
    chmodSync(file, 0o755);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.root, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.root, name), 'utf8');
  }

  has(name: string): boolean {
    return existsSync(join(this.root, name));
  }

  readonly environment: Record<string, string> = {};

  setUp(...options: string[]) {
    const calls = join(this.root, 'calls');
    writeFileSync(calls, '');
    const env = {
      ...this.environment,
      PATH: this.#programs,
      CALLS: calls,
      PROGRAMS: this.#programs,
    };
    const done = spawnSync(join(this.root, 'bin/setup'), options, { env, encoding: 'utf8' });
    return { ...done, calls: readFileSync(calls, 'utf8') };
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}

export const PACKAGES = {
  '': { version: '1.0.0' },
  'node_modules/needed': { integrity: 'sha512-one' },
  'node_modules/for-another-platform': { integrity: 'sha512-two', optional: true },
};
/** npm that installs, and builds when a file is missing. */
export const NPM = `
case "$*" in
  --version) echo 11.0.0 ;;
  ci) mkdir -p node_modules && echo '${JSON.stringify({
    packages: { 'node_modules/needed': { integrity: 'sha512-one' } },
  })}' > node_modules/.package-lock.json ;;
  'run build:native') [ -e build/cnn.node ] || echo > build/cnn.node ;;
  'run build:ts') mkdir -p dist; [ -e dist/.tsbuildinfo ] || echo > dist/.tsbuildinfo ;;
esac`;
export const COMPILER = 'cat > /dev/null';
export const COMPILER_WITHOUT_ONEDNN = 'cat > /dev/null; exit 1';
export const COMPILER_WITHOUT_JPEG = '! grep -q jpeglib';
export const TOOLCHAIN = { 'c++': COMPILER, cmake: '', make: '' };

function locate(tool: string): string {
  if (tool === 'node') return process.execPath;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, tool)).find((file) => existsSync(file));
  assert.ok(found, `${tool} is not on the PATH`);
  return found;
}
