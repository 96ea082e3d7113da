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
import { PACKAGE_ROOT } from '../src/package-root.js';

/** What bin/setup may count on; compilers and package managers are not among them. */
const TOOLS = ['bash', 'cat', 'dirname', 'env', 'grep', 'mkdir', 'node', 'rm', 'stat', 'tail'];

/**
 * A clone of nothing but bin/setup and two package files, on a machine that has TOOLS and the
 * programs it is given: shell scripts by name. Each of them writes its call to `calls`.
 */
class Machine {
  readonly root = mkdtempSync(join(tmpdir(), 'cnn-setup-'));
  readonly #programs = join(this.root, 'programs');

  constructor(programs: Readonly<Record<string, string>>) {
    for (const folder of ['programs', 'bin', 'native']) mkdirSync(join(this.root, folder));
    for (const part of ['bin/setup', 'setup']) {
      cpSync(join(PACKAGE_ROOT, part), join(this.root, part), { recursive: true });
    }
    this.write('package.json', JSON.stringify({ engines: { node: '>=20.19' } }));
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

  has(name: string): boolean {
    return existsSync(join(this.root, name));
  }

  setUp(...options: string[]) {
    const calls = join(this.root, 'calls');
    writeFileSync(calls, '');
    const env = { PATH: this.#programs, CALLS: calls, PROGRAMS: this.#programs };
    const done = spawnSync(join(this.root, 'bin/setup'), options, { env, encoding: 'utf8' });
    return { ...done, calls: readFileSync(calls, 'utf8') };
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}

const PACKAGES = {
  '': { version: '1.0.0' },
  'node_modules/needed': { integrity: 'sha512-one' },
  'node_modules/for-another-platform': { integrity: 'sha512-two', optional: true },
};
/** npm that installs, and builds when a file is missing. */
const NPM = `
case "$*" in
  --version) echo 11.0.0 ;;
  ci) mkdir -p node_modules && echo '${JSON.stringify({
    packages: { 'node_modules/needed': { integrity: 'sha512-one' } },
  })}' > node_modules/.package-lock.json ;;
  'run build:native') [ -e build/cnn.node ] || echo > build/cnn.node ;;
  'run build:ts') mkdir -p dist; [ -e dist/.tsbuildinfo ] || echo > dist/.tsbuildinfo ;;
esac`;
const COMPILER = 'cat > /dev/null';
const COMPILER_WITHOUT_ONEDNN = 'cat > /dev/null; exit 1';
const COMPILER_WITHOUT_JPEG = '! grep -q jpeglib';
const TOOLCHAIN = { 'c++': COMPILER, cmake: '', make: '' };

function locate(tool: string): string {
  if (tool === 'node') return process.execPath;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, tool)).find((file) => existsSync(file));
  assert.ok(found, `${tool} is not on the PATH`);
  return found;
}

describe('bin/setup', () => {
  let machine: Machine;
  afterEach(() => machine.remove());

  it('builds everything and asks apt-get for nothing where the toolchain is there', () => {
    machine = new Machine({ ...TOOLCHAIN, 'apt-get': '', sudo: '"$@"' });
    const { status, stdout, stderr, calls } = machine.setUp();
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^addon +built$/m);
    assert.match(stdout, /^typescript +built$/m);
    assert.doesNotMatch(calls, /apt-get/);
    assert.match(calls, /^npm ci$/m);
  });

  it('finds nothing to do the second time', () => {
    machine = new Machine(TOOLCHAIN);
    machine.setUp();
    const { status, stdout, calls } = machine.setUp();
    assert.equal(status, 0);
    assert.match(stdout, /^addon +up to date$/m);
    assert.match(stdout, /^typescript +up to date$/m);
    assert.doesNotMatch(calls, /^npm ci$/m);
  });

  it('installs npm packages again when package-lock.json has changed', () => {
    machine = new Machine(TOOLCHAIN);
    machine.setUp();
    const changed = { ...PACKAGES, 'node_modules/needed': { integrity: 'sha512-newer' } };
    machine.write('package-lock.json', JSON.stringify({ packages: changed }));
    assert.match(machine.setUp().calls, /^npm ci$/m);
  });

  it('installs only the system packages that are missing', () => {
    machine = new Machine({ 'c++': COMPILER, make: '', id: 'echo 0' });
    machine.program(
      'apt-get',
      '[ "$1" = update ] || { echo > "$PROGRAMS/cmake"; /bin/chmod +x "$PROGRAMS/cmake"; }',
    );
    const { status, stdout, calls } = machine.setUp();
    assert.equal(status, 0);
    assert.match(stdout, /^system +installed cmake$/m);
    assert.match(calls, /apt-get update\n.*apt-get install -y --no-install-recommends cmake\n/s);
    assert.match(stdout, /^addon +built$/m);
  });

  it('asks sudo where it is not root', () => {
    machine = new Machine({ 'c++': COMPILER, make: '', 'apt-get': '', sudo: 'exec "$@"' });
    assert.match(machine.setUp().calls, /^sudo apt-get update$/m);
  });

  it('names each missing package with the command that fixes it, and builds the rest', () => {
    machine = new Machine({ 'c++': COMPILER_WITHOUT_ONEDNN, 'apt-get': '' });
    const { status, stdout, stderr, calls } = machine.setUp();
    assert.equal(status, 0);
    for (const name of ['libdnnl-dev', 'cmake', 'make']) {
      assert.match(stdout, new RegExp(`missing: ${name} .*apt-get install -y ${name}$`, 'm'));
    }
    assert.match(stderr, /without a working addon .* networks run on --backend js/);
    assert.match(stdout, /^typescript +built$/m);
    assert.doesNotMatch(calls, /apt-get|build:native/);
    assert.ok(machine.has('dist/.tsbuildinfo'));
  });

  it('builds the addon without libjpeg-turbo, which it names', () => {
    machine = new Machine({ ...TOOLCHAIN, 'c++': COMPILER_WITHOUT_JPEG });
    const { status, stdout } = machine.setUp();
    assert.equal(status, 0);
    assert.match(stdout, /missing: libjpeg62-turbo-dev .*apt-get install -y libjpeg62-turbo-dev$/m);
    assert.match(stdout, /^addon +built$/m);
  });

  it('continues without packages that apt-get cannot install', () => {
    machine = new Machine({ ...TOOLCHAIN, 'c++': COMPILER_WITHOUT_ONEDNN, id: 'echo 0' });
    machine.program(
      'apt-get',
      '[ "$1" = update ] || { echo "Unable to locate package"; exit 100; }',
    );
    const { status, stdout, stderr } = machine.setUp();
    assert.equal(status, 0);
    assert.match(stderr, /Unable to locate package/);
    assert.match(stdout, /missing: libdnnl-dev/);
  });

  it('fails with the end of the log when a build breaks', () => {
    machine = new Machine(TOOLCHAIN);
    machine.program(
      'npm',
      `[ "$*" = "run build:native" ] && { echo "pool.cc:1: error"; exit 1; }\n${NPM}`,
    );
    const { status, stdout, stderr } = machine.setUp();
    assert.equal(status, 1);
    assert.match(stderr, /pool\.cc:1: error/);
    assert.match(stdout, /^typescript +built$/m);
  });

  it('fails when npm cannot install the packages', () => {
    machine = new Machine(TOOLCHAIN);
    machine.program('npm', '[ "$1" = ci ] && { echo "npm error network"; exit 1; }; echo 11.0.0');
    const { status, stderr } = machine.setUp();
    assert.equal(status, 1);
    assert.match(stderr, /npm error network/);
  });

  for (const argument of ['--gpu', '--tensorflow=1', '-h', 'tensorflow', '']) {
    it(`refuses "${argument}" in one sentence, and does nothing`, () => {
      machine = new Machine(TOOLCHAIN);
      const { status, stdout, stderr, calls } = machine.setUp('--cuda', argument);
      assert.equal(status, 2);
      assert.equal(
        stderr,
        `bin/setup has no "${argument}": it takes --cuda, --tensorflow and --help\n`,
      );
      assert.equal(stdout + calls, '');
    });
  }

  it('prints its options with --help, and does nothing', () => {
    machine = new Machine(TOOLCHAIN);
    const { status, stdout, stderr, calls } = machine.setUp('--tensorflow', '--help');
    assert.equal(status, 0);
    for (const option of ['--cuda', '--tensorflow', '--help']) {
      assert.match(stdout, new RegExp(`^  ${option} `, 'm'));
    }
    assert.equal(stderr + calls, '');
  });

  it('fails where Node.js is too old', () => {
    machine = new Machine(TOOLCHAIN);
    machine.write('package.json', JSON.stringify({ engines: { node: '>=999.1' } }));
    const { status, stderr } = machine.setUp();
    assert.equal(status, 1);
    assert.match(stderr, /Node\.js >=999\.1 is needed, but .* is v\d+/);
  });
});
