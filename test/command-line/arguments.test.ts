import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readArguments } from '../../src/command-line/arguments.js';
import { closest } from '../../src/did-you-mean.js';
import { COMMAND_OPTIONS } from '../../src/settings/commands.js';
import { namesOf } from '../../src/settings/options/index.js';
import { hasColours, isInteractive, paint } from '../../src/terminal/colour.js';
import { table, wrapLines } from '../../src/terminal/table.js';
import { temporaryDirectory } from '../commands/program.js';

async function read(line: string): Promise<string> {
  return (await readArguments(line.split(' '))).join(' ');
}

describe('arguments', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['help train', 'train --help'],
    ['help data check', 'data check --help'],
    ['data help check', 'data check --help'],
    ['train --lr -h', 'train --help'],
    ['--version train', 'train --version'],
    ['train lenet5 mnist', 'train --arch=lenet5 --data=mnist'],
    ['train mnist lenet5', 'train --data=mnist --arch=lenet5'],
    [
      'train --lr 0.1 mnist -b 3 LeNet_5',
      'train --lr=0.1 --batch-size=3 --data=mnist --arch=LeNet_5',
    ],
    ['train minst lenet5', 'train --arch=lenet5 --data=minst'],
    ['train lenet6 mnist', 'train --data=mnist --arch=lenet6'],
    ['train ./mnist lenet5', 'train --arch=lenet5 --data=./mnist'],
    ['train --arch lenet5 photographs', 'train --arch=lenet5 --data=photographs'],
    ['train --nesterov lenet5 mnist', 'train --nesterov=true --arch=lenet5 --data=mnist'],
    ['train --nesterov false lenet5', 'train --nesterov=false --arch=lenet5'],
    ['train --no-nesterov lenet5', 'train --nesterov=false --arch=lenet5'],
    [
      'train --verbose --config a.json lenet5',
      'train --verbose=true --config=a.json --arch=lenet5',
    ],
    ['train --model=vgg16 --data-path x', 'train --arch=vgg16 --data=x'],
    [
      'train --data_dir x --img-size 64 --smoothing 0.1',
      'train --data=x --input-size=64 --label-smoothing=0.1',
    ],
    ['train --lr 1 --learning-rate 2', 'train --lr=2'],
    ['train --lr -1', 'train --lr=-1'],
    ['train -b8', 'train --batch-size=8'],
    ['train --data=-x', 'train --data=-x'],
    ['train --scale 0.08 1 --ratio 0.75 1.33', 'train --scale=0.08,1 --ratio=0.75,1.33'],
    ['train --mean 0.1 0.2 0.3 lenet5', 'train --mean=0.1,0.2,0.3 --arch=lenet5'],
    ['train --mean 0.1 lenet5', 'train --mean=0.1 --arch=lenet5'],
    ['train --mean 0.1,0.2,0.3 lenet5', 'train --mean=0.1,0.2,0.3 --arch=lenet5'],
    [
      'data preview --pictures 6 alexnet synthetic',
      'data preview --images=6 --arch=alexnet --data=synthetic',
    ],
    ['eval --scales 256 384 x', 'eval --scales=256,384 --checkpoint=x'],
    ['eval --crops 1 10 dense mnist', 'eval --crops=1,10,dense --data=mnist'],
    ['eval --crops 1,10 144 mnist', 'eval --crops=1,10,144 --data=mnist'],
    ['eval mnist --ensemble a b --json', 'eval --ensemble=a,b --json=true --data=mnist'],
    ['data check mnist --json', 'data check --json=true --data=mnist'],
    ['bench train resnet18', 'bench train --arch=resnet18'],
    ['summary vgg16 --csv', 'summary --csv=true --arch=vgg16'],
    ['predict a.png --checkpoint x b/c.png', 'predict --checkpoint=x a.png b/c.png'],
    ['predict --checkpoint x -- -a.png', 'predict --checkpoint=x ./-a.png'],
    ['--verbose train lenet5', 'train --verbose=true --arch=lenet5'],
  ];
  for (const [line, expected] of cases) {
    it(`"${line}" are those of "${expected}"`, async () => {
      assert.equal(await read(line), expected);
    });
  }

  it('have no synonym that means two options of a command', () => {
    for (const [command, names] of Object.entries(COMMAND_OPTIONS)) {
      const words = names.flatMap((name) => namesOf(name));
      const twice = words.filter((word, at) => words.indexOf(word) !== at);
      assert.deepEqual(twice, [], command);
    }
  });

  it('refuse a word that has no place', async () => {
    await assert.rejects(read('train lenet5 vgg16 mnist'), /"vgg16".*--arch is given already/);
    await assert.rejects(read('train --arch lenet5 --data mnist x'), /"x".*all are given already/);
  });

  describe('of an evaluation or prediction', () => {
    const directory = temporaryDirectory();

    it('may be a run and what it looks at', async () => {
      const run = join(directory.path, 'run');
      await mkdir(run);
      await writeFile(join(run, 'run.json'), '{}');
      assert.equal(await read(`eval mnist ${run}`), `eval --data=mnist --checkpoint=${run}`);
      assert.equal(await read('eval runs/x mnist'), 'eval --data=mnist --checkpoint=runs/x');
      assert.equal(await read(`predict ${run} a.png`), `predict --checkpoint=${run} a.png`);
    });
  });
});

describe('suggestions', () => {
  it('are the closest name of more than one letter', () => {
    assert.equal(closest('bacth-size', ['b', 'batch-size', 'data']), 'batch-size');
    assert.equal(closest('-h', ['a', 'p', 'help']), undefined);
    assert.equal(closest('gpu', ['p', 'lr', 'wd']), undefined);
    assert.equal(closest('LENET6', ['lenet5', 'vgg16']), 'lenet5');
    assert.equal(closest('anything', []), undefined);
  });
});

describe('colours', () => {
  const terminal = { isTTY: true };
  const cases: readonly [string, { isTTY?: boolean }, NodeJS.ProcessEnv, boolean][] = [
    ['on a terminal', terminal, { TERM: 'xterm' }, true],
    ['in a file', {}, { TERM: 'xterm' }, false],
    ['with NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['with an empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
    ['in CI', terminal, { CI: 'true' }, false],
    ['on a dumb terminal', terminal, { TERM: 'dumb' }, false],
    ['with FORCE_COLOR in a file', {}, { FORCE_COLOR: '1', CI: '1' }, true],
    ['with FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
  ];
  for (const [where, stream, env, expected] of cases) {
    it(`are ${expected ? 'used' : 'not used'} ${where}`, () => {
      assert.equal(hasColours(stream, env), expected);
    });
  }

  it('leave text in a file as it is', () => {
    if (process.env['FORCE_COLOR'] !== undefined) return;
    assert.equal(paint({}, 'error', 'error:'), 'error:');
  });

  it('and bars are for terminals that a person watches', () => {
    assert.equal(isInteractive(terminal, { CI: 'false', TERM: 'xterm' }), true);
    assert.equal(isInteractive(terminal, { CI: '1' }), false);
    assert.equal(isInteractive(terminal, { TERM: 'dumb' }), false);
    assert.equal(isInteractive({}, {}), false);
  });
});

describe('a table', () => {
  const rows = [
    ['name', 'year', 'parameters'],
    ['lenet5', '1998', '61,706'],
    ['alexnet', '2012', '60,965,224'],
  ];

  it('is aligned', () => {
    assert.deepEqual(table(rows, { alignment: ['left'] }), [
      'name     year  parameters',
      'lenet5   1998      61,706',
      'alexnet  2012  60,965,224',
    ]);
  });

  it('leaves out columns that do not fit, and names them', () => {
    assert.deepEqual(table(rows, { alignment: ['left'], leaveOut: [1, 2], width: 20 }), [
      'name     parameters',
      'lenet5       61,706',
      'alexnet  60,965,224',
      '(a wider terminal shows year too)',
    ]);
  });

  it('cuts the widest column in the end', () => {
    const lines = table([['a', 'abcdefghijklmnop']], { alignment: ['left', 'left'], width: 13 });
    assert.deepEqual(lines, ['a  abcdefghi…']);
  });

  it('counts the columns of a terminal, not characters', () => {
    const wide = [
      ['猫', '1'],
      ['dog', '2'],
      ['👩‍🔬', '3'],
    ];
    assert.deepEqual(table(wide, { alignment: ['left'] }), ['猫   1', 'dog  2', '👩‍🔬   3']);
  });

  it('has sentences around it that break between words', () => {
    assert.deepEqual(wrapLines(['  one two three four'], 12), ['  one two', '  three four']);
    assert.deepEqual(wrapLines(['/a/very/long/path x'], 8), ['/a/very/long/path', 'x']);
    assert.deepEqual(wrapLines(['stays whole'], undefined), ['stays whole']);
  });
});
