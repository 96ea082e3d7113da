import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  COMPILER,
  COMPILER_WITHOUT_JPEG,
  COMPILER_WITHOUT_ONEDNN,
  Machine,
  NPM,
  PACKAGES,
  TOOLCHAIN,
} from './machine.js';

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

  it('builds only the addon of what npm has installed, which has no package-lock.json', () => {
    machine = new Machine(TOOLCHAIN);
    rmSync(join(machine.root, 'package-lock.json'));
    const { status, stdout, calls } = machine.setUp();
    assert.equal(status, 0);
    assert.match(stdout, /^addon +built$/m);
    assert.doesNotMatch(calls, /^npm (ci|run build:ts)$/m);
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
        `bin/setup has no "${argument}": it takes --cuda, --mpi, --tensorflow and --help\n`,
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
