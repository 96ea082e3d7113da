import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { Machine, NPM, TOOLCHAIN } from './machine.js';

/** pip that makes the folder it is asked for, with what the wheel has and what only Python needs. */
const PYTHON = `
[ "$*" = "-m pip --version" ] && exit
while [ "$1" != --target ]; do shift; done
for file in libtensorflow_cc.so.2 THIRD_PARTY_NOTICES.txt include/tensorflow/c/c_api.h \\
  include/Eigen/Core python/keras.py; do
  mkdir -p "$(dirname "$2/tensorflow/$file")" && echo > "$2/tensorflow/$file"
done`;
const NPM_WITH_PACKAGES = `
[ "$1" != pack ] || { [ "$2" = --ignore-scripts ] && echo > "$4/package.tgz"; exit; }${NPM}`;
/** A compiler whose product Node can load: the addon stands for the binding. */
const COMPILER = `
while [ $# != 0 ] && [ "$1" != -o ]; do shift; done
[ $# = 0 ] && cat > /dev/null || cp '${join(PACKAGE_ROOT, 'build/cnn.node')}' "$2"`;
const MACHINE = {
  ...TOOLCHAIN,
  'c++': COMPILER,
  npm: NPM_WITH_PACKAGES,
  python3: PYTHON,
  tar: '',
  uname: 'echo Linux x86_64',
};

describe('bin/setup --tensorflow', () => {
  let machine: Machine;
  before(function () {
    // Which wheels are fetched depends on it, and a test cannot hide it.
    if (existsSync('/proc/driver/nvidia')) this.skip();
  });
  afterEach(() => machine.remove());

  it('fetches wheels and packages, says the sizes first, builds the binding and loads it', () => {
    machine = new Machine(MACHINE);
    const { status, stdout, stderr, calls } = machine.setUp('--tensorflow');
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /^tensorflow +fetching 261 MiB, without CUDA.* 1700 MiB .* 860 in the end$/m,
    );
    assert.match(stdout, /^tensorflow +TensorFlow .* without CUDA, as there is no NVIDIA driver$/m);
    assert.match(calls, /pip install .*--requirement setup\/tensorflow-wheels\.txt .*--no-deps/);
    const packs = calls.match(/^npm pack --ignore-scripts .*$/gm) ?? [];
    assert.equal(packs.length, 2);
    assert.match(packs[0] ?? '', /@tensorflow\/tfjs-node-gpu@4\.22\.0$/);
    assert.doesNotMatch(calls, /npm (install|rebuild)/);
    assert.ok(machine.has('build/tensorflow/tfjs_binding.node'));
  });

  it('keeps of the wheel what is not for Python', () => {
    machine = new Machine(MACHINE);
    machine.setUp('--tensorflow');
    const kept = (file: string) => machine.has(`build/tensorflow/library/tensorflow/${file}`);
    const files = [
      'libtensorflow_cc.so.2',
      'THIRD_PARTY_NOTICES.txt',
      'include/tensorflow/c/c_api.h',
    ];
    assert.deepEqual(files.filter(kept), files);
    assert.deepEqual(['include/Eigen', 'python'].filter(kept), []);
  });

  it('fetches and builds nothing the second time, and after npm ci', () => {
    machine = new Machine(MACHINE);
    machine.setUp('--tensorflow');
    machine.write('node_modules/.package-lock.json', '{ "packages": {} }');
    const { status, calls } = machine.setUp('--tensorflow');
    assert.equal(status, 0);
    assert.match(calls, /^npm ci$/m);
    assert.doesNotMatch(calls, /pip install|npm pack|c\+\+ .*tfjs/);
  });

  for (const [what, change, again] of [
    [
      'wheels',
      () => machine.write('setup/tensorflow-wheels.txt', 'tensorflow-cpu==2.99 # 7'),
      /pip install.*c\+\+ .*tfjs/s,
    ],
    [
      'npm package',
      () => machine.write('package.json', machine.read('package.json').replace('4.22', '4.99')),
      /npm pack .*tfjs-node-gpu@4\.99\.0.*c\+\+ .*tfjs/s,
    ],
  ] as const) {
    it(`builds the binding again for other ${what}`, () => {
      machine = new Machine(MACHINE);
      machine.setUp('--tensorflow');
      change();
      assert.match(machine.setUp('--tensorflow').calls, again);
    });
  }

  it('fetches CUDA too where there is a driver, and instead of what was there without', () => {
    machine = new Machine(MACHINE);
    machine.setUp('--tensorflow');
    machine.program('nvidia-smi', '');
    const { status, stdout, calls } = machine.setUp('--tensorflow');
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^tensorflow +fetching 3223 MiB, with CUDA 12, as there is an NVIDIA driver/m,
    );
    assert.match(calls, /--requirement setup\/tensorflow-cuda-wheels\.txt/);
    assert.match(calls, /c\+\+ .*tfjs/);
  });

  it('does nothing of it unasked', () => {
    machine = new Machine(MACHINE);
    const { stdout, calls } = machine.setUp();
    assert.doesNotMatch(stdout, /^tensorflow/m);
    assert.doesNotMatch(calls, /python3|npm pack/);
  });

  it('says what the disk lacks before it fetches anything', () => {
    machine = new Machine(MACHINE);
    const script = machine.read('setup/tensorflow.sh').replace('space=1700', 'space=999999999');
    machine.write('setup/tensorflow.sh', script);
    const { status, stdout, calls } = machine.setUp('--tensorflow');
    assert.equal(status, 1);
    assert.match(stdout, /^tensorflow +999999999 MiB are needed .* has only \d+$/m);
    assert.doesNotMatch(calls, /pip install/);
  });

  for (const [what, programs, said] of [
    ['pip is missing', { python3: 'exit 1' }, 'pip for Python 3 is missing'],
    [
      'pip fails',
      { python3: '[ "$*" = "-m pip --version" ] || exit 1' },
      'pip could not fetch what setup/tensorflow-wheels.txt names',
    ],
    [
      'npm fails',
      { npm: `[ "$1" != pack ] || exit 1${NPM}` },
      'npm could not fetch @tensorflow/tfjs-node-gpu@4.22.0',
    ],
    [
      'the compiler fails',
      { 'c++': `case "$*" in *tfjs_binding*) exit 1 ;; esac${COMPILER}` },
      'the binding of @tensorflow/tfjs-node-gpu could not be built',
    ],
    [
      'the binding does not load',
      {
        'c++': `case "$*" in *tfjs_binding.node*) echo > build/tensorflow/tfjs_binding.node ;; *) cat > /dev/null ;; esac`,
      },
      'TensorFlow does not load',
    ],
    [
      'this is no Linux on x86-64',
      { uname: 'echo Darwin arm64' },
      'it is set up on Linux x86_64 only, and this is Darwin arm64',
    ],
  ] as const) {
    it(`says so in one sentence, and builds the rest, where ${what}`, () => {
      machine = new Machine({ ...MACHINE, ...programs });
      const { status, stdout, stderr } = machine.setUp('--tensorflow');
      assert.equal(status, 1);
      assert.equal(
        stdout
          .match(/^tensorflow +(.*)$/gm)
          ?.at(-1)
          ?.replace(/^tensorflow +/, ''),
        said,
      );
      assert.match(stdout, /^typescript +built$/m);
      assert.match(stderr, /Not everything could be set up/);
    });
  }
});
