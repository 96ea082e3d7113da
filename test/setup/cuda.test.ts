import assert from 'node:assert/strict';
import { Machine, NPM, TOOLCHAIN } from './machine.js';

/** pip that makes the folder it is asked for. */
const PYTHON = `
[ "$*" = "-m pip --version" ] && exit
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/nvidia"`;
/** npm whose CMake says what it says about CUDA. */
const npmSaying = (line: string) =>
  `[ "$*" = "run build:native" ] && echo '-- CUDA: ${line}'${NPM}`;
const MACHINE = { ...TOOLCHAIN, python3: PYTHON, npm: npmSaying('/w/nvcc, 13.0, for 80;90') };

describe('bin/setup --cuda', () => {
  let machine: Machine;
  afterEach(() => machine.remove());

  it('fetches the pinned packages before it builds, and says their size first', () => {
    machine = new Machine(MACHINE);
    const { status, stdout, stderr, calls } = machine.setUp('--cuda');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^cuda +fetching 946 MiB of NVIDIA's packages.*licences/m);
    assert.match(stdout, /^cuda +\d.* in build\/cuda after \d+ s$/m);
    assert.match(stdout, /^cuda +\/w\/nvcc, 13\.0, for 80;90$/m);
    assert.match(calls, /python3 -m pip install .*--no-deps.*\n.*npm run build:native/s);
    assert.equal(machine.read('build/cuda/pins.txt'), machine.read('setup/cuda-wheels.txt'));
  });

  it('fetches nothing the second time, and all again after a pin has changed', () => {
    machine = new Machine(MACHINE);
    machine.setUp('--cuda');
    const second = machine.setUp('--cuda');
    assert.match(second.stdout, /^cuda +packages are in step with setup\/cuda-wheels\.txt$/m);
    assert.doesNotMatch(second.calls, /pip install/);
    machine.write('setup/cuda-wheels.txt', 'nvidia-cuda-nvcc==13.0.99 # 7');
    assert.match(machine.setUp('--cuda').calls, /pip install/);
  });

  for (const [where, programs, environment] of [
    ['CUDA_HOME names a toolkit', {}, { CUDA_HOME: '/opt/cuda' }],
    ['a toolkit is installed', { cmake: 'echo "-- CUDA: /usr/local/cuda/bin/nvcc, 13.0"' }, {}],
  ] as const) {
    it(`fetches nothing where ${where}`, () => {
      machine = new Machine({ ...MACHINE, ...programs });
      Object.assign(machine.environment, environment);
      const { status, stdout, calls } = machine.setUp('--cuda');
      assert.equal(status, 0);
      assert.match(stdout, /^cuda .*nothing is fetched$/m);
      assert.doesNotMatch(calls, /pip install/);
    });
  }

  it('does not fetch unasked', () => {
    machine = new Machine(MACHINE);
    const { stdout, calls } = machine.setUp();
    assert.doesNotMatch(stdout, /^cuda/m);
    assert.doesNotMatch(calls, /python3|nvidia-smi/);
  });

  for (const [name, python, said] of [
    ['pip is missing', 'exit 1', /^cuda +pip for Python 3 is missing$/m],
    [
      'pip fails',
      '[ "$*" = "-m pip --version" ] || { echo "No matching distribution"; exit 1; }',
      /^cuda +pip could not fetch what setup\/cuda-wheels\.txt names$/m,
    ],
  ] as const) {
    it(`builds for the CPU and fails at the end where ${name}`, () => {
      machine = new Machine({
        ...MACHINE,
        python3: python,
        npm: npmSaying('not built in, because'),
      });
      const { status, stdout, stderr } = machine.setUp('--cuda');
      assert.equal(status, 1);
      assert.match(stdout, said);
      assert.match(stdout, /^addon +built$/m);
      assert.match(stderr, /Not everything could be set up/);
      assert.equal(machine.has('build/cuda'), false);
      assert.equal(machine.has('build/cuda.new'), false);
    });
  }

  it('installs pip by apt-get where it may', () => {
    machine = new Machine({ ...MACHINE, python3: 'exit 1', id: 'echo 0', 'apt-get': '' });
    assert.match(machine.setUp('--cuda').calls, /apt-get install .* python3-pip$/m);
  });

  for (const [gpu, said] of [
    [
      'NVIDIA H100, 580.65.06, 9.0',
      /^cuda +NVIDIA H100, driver 580\.65\.06, compute capability 9\.0$/m,
    ],
    ['NVIDIA A100, 535.104, 8.0', /^cuda +driver 535\.104 is too old .*580 or newer/m],
    ['Tesla T4, 580.65.06, 7.5', /^cuda +Tesla T4 is older than Ampere/m],
  ] as const) {
    it(`says what it thinks of ${gpu}`, () => {
      machine = new Machine({ ...MACHINE, 'nvidia-smi': `echo "${gpu}"` });
      const { status, stdout } = machine.setUp('--cuda');
      assert.equal(status, 0);
      assert.match(stdout, said);
    });
  }
});
