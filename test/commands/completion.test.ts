import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { architectures } from '../../src/archs/index.js';
import { bashScript } from '../../src/commands/completion-bash.js';
import { fishScript } from '../../src/commands/completion-fish.js';
import { completions } from '../../src/commands/completion-table.js';
import { zshScript } from '../../src/commands/completion-zsh.js';
import { commands } from '../../src/commands/index.js';
import { cnn, temporaryDirectory } from './program.js';

const table = completions(commands);
const scripts = { bash: bashScript(table), zsh: zshScript(table), fish: fishScript(table) };

/** Bash's own completion of a line; the last word is the one at the cursor. */
const BASH = `
complete_line() {
  read -ra COMP_WORDS <<< "$1"
  [[ $1 == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
  _cnn
  printf '%s\\n' "\${COMPREPLY[@]}"
}
complete_line "$LINE"
`;

/** How a shell completes a line, with what it needs to do so without a terminal. */
const LIVE = {
  bash: { program: 'bash', args: ['--norc', '-c', `${scripts.bash}\n${BASH}`] },
  fish: {
    program: 'fish',
    args: [
      '--no-config',
      '-c',
      `${scripts.fish}\ncomplete -C "$LINE" | string split -f1 \\t; or true`,
    ],
  },
} as const;

describe('completion', () => {
  const directory = temporaryDirectory();

  before(async () => {
    for (const name of ['first', 'second']) {
      await mkdir(join(directory.path, 'runs', name), { recursive: true });
      await writeFile(join(directory.path, 'runs', name, 'run.json'), '{}');
    }
    await writeFile(join(directory.path, 'weights.pth'), '');
  });

  for (const [shell, script] of Object.entries(scripts)) {
    it(`for ${shell} is what the command prints`, async () => {
      const { code, stdout } = await cnn(['completion', shell]);
      assert.equal(code, 0);
      assert.equal(stdout.trim(), script.trim());
    });

    it(`for ${shell} names every command, flag and network`, () => {
      for (const { path, flags } of table) {
        assert.ok(script.includes(path), path);
        for (const name of flags.flatMap(({ names }) => names)) {
          const spelled = shell === 'fish' ? name.replace(/^-+/, '') : name;
          assert.ok(script.includes(spelled), `${path} ${name}`);
        }
      }
      for (const { name } of architectures) assert.ok(script.includes(name), name);
    });

    const installed = spawnSync(shell, ['--version']).status === 0;
    // bash is on every machine that runs bin/setup; the others are tried where they are.
    if (installed || shell === 'bash') {
      it(`for ${shell} is a script without errors`, async () => {
        const file = join(directory.path, `cnn.${shell}`);
        await writeFile(file, script);
        const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
        assert.equal(status, 0, stderr);
        assert.equal(stderr, '');
      });
    }
    const live = shell === 'zsh' ? undefined : LIVE[shell as keyof typeof LIVE];
    if (live === undefined || !(installed || shell === 'bash')) continue;

    describe(`in ${shell}`, () => {
      function words(line: string): string[] {
        const { status, stdout, stderr } = spawnSync(live?.program ?? '', live?.args ?? [], {
          cwd: directory.path,
          env: { ...process.env, LINE: line },
          encoding: 'utf8',
        });
        assert.equal(status, 0, stderr);
        assert.equal(stderr, '');
        return stdout.split('\n').filter((word) => word !== '');
      }
      const has = (line: string, ...expected: string[]) => {
        const found = words(line);
        for (const word of expected) assert.ok(found.includes(word), `${line} → ${found}`);
        return found;
      };

      it('completes commands', () => {
        assert.deepEqual(has('cnn tr', 'train'), ['train']);
        has('cnn ', 'train', 'eval', 'data', 'completion');
        assert.deepEqual(has('cnn data ', 'check').toSorted(), [
          'check',
          'pack',
          'preview',
          'stats',
          'verify',
        ]);
      });

      it('completes flags and their choices', () => {
        assert.deepEqual(has('cnn train --arc', '--arch'), ['--arch']);
        assert.deepEqual(has('cnn train --precision ', 'auto').toSorted(), ['auto', 'bf16', 'f32']);
        assert.deepEqual(words('cnn archs --epo'), []);
      });

      it('completes networks, datasets and runs', () => {
        has('cnn train --arch resnet5', 'resnet50', 'resnet56-cifar');
        has('cnn train lene', 'lenet5', 'lenet5-1998');
        has('cnn train --data ', 'mnist', 'synthetic');
        has('cnn train --resume ', 'runs/first', 'runs/second');
        has('cnn eval --checkpoint ', 'runs/first');
      });

      it('completes files where files are expected, and only there', () => {
        has('cnn eval --weights ', 'weights.pth');
        assert.ok(!words('cnn train --epochs ').includes('weights.pth'));
      });
    });
  }

  it('of another shell is refused', async () => {
    const { code, stderr } = await cnn(['completion', 'tcsh']);
    assert.equal(code, 2);
    assert.match(stderr, /Expected a shell, one of bash, zsh, fish, but received "tcsh"/);
  });
});
