import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { architectures } from '../../../src/archs/index.js';
import { bashScript } from '../../../src/commands/completion/bash.js';
import { fishScript } from '../../../src/commands/completion/fish.js';
import { type Completion, completions } from '../../../src/commands/completion/table.js';
import { zshScript } from '../../../src/commands/completion/zsh.js';
import { commands } from '../../../src/commands/index.js';
import { PACKAGE_ROOT } from '../../../src/package-root.js';
import { cnn, temporaryDirectory } from '../program.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

const nothing = { words: [], runs: false, files: false };

/** Two commands with every kind of value, whose scripts are stored in completion/. */
const SMALL: readonly Completion[] = [
  {
    path: 'train',
    summary: 'Train a network',
    flags: [
      {
        names: ['--arch', '-a'],
        help: 'network',
        values: { ...nothing, words: ['lenet5', 'nin'] },
      },
      { names: ['--resume'], help: "a run's directory", values: { ...nothing, runs: true } },
      { names: ['--weights'], help: 'file [.pth]: weights', values: { ...nothing, files: true } },
      { names: ['--epochs'], help: 'epochs', values: nothing },
      { names: ['--nesterov', '--no-nesterov'], help: 'momentum', values: undefined },
    ],
    words: { words: ['lenet5', 'mnist'], runs: false, files: true },
  },
  { path: 'data check', summary: 'Look', flags: [], words: { ...nothing, runs: true } },
];

describe('completion', () => {
  const directory = temporaryDirectory();
  const table = completions(commands);

  for (const [shell, script] of Object.entries(SCRIPTS)) {
    describe(`for ${shell}`, () => {
      const whole = script(table);

      it('is what the command prints', async () => {
        const { code, stdout } = await cnn(['completion', shell]);
        assert.equal(code, 0);
        assert.equal(stdout, whole);
      });

      it('names every command, flag and network', () => {
        for (const { path, flags } of table) {
          assert.ok(whole.includes(path), path);
          for (const name of flags.flatMap(({ names }) => names)) {
            const spelled = shell === 'fish' ? inFish(name) : name;
            assert.ok(whole.includes(spelled), `${path} ${name}`);
          }
        }
        for (const { name } of architectures) assert.ok(whole.includes(name), name);
      });

      it('is the stored script for two small commands', async () => {
        const file = join(PACKAGE_ROOT, `test/commands/completion/cnn.${shell}`);
        assert.equal(script(SMALL), await readFile(file, 'utf8'));
      });

      const installed = spawnSync(shell, ['--version']).status === 0;
      const parses = installed ? it : it.skip;
      parses(`is a script without errors${installed ? '' : ` (${shell} is missing)`}`, async () => {
        const file = join(directory.path, `cnn.${shell}`);
        await writeFile(file, whole);
        const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
        assert.equal(status, 0, stderr);
        assert.equal(stderr, '');
      });
    });
  }

  it('of another shell is refused', async () => {
    const { code, stderr } = await cnn(['completion', 'tcsh']);
    assert.equal(code, 2);
    assert.match(stderr, /Expected a shell, one of bash, zsh, fish, but received "tcsh"/);
  });
});

/** `--arch` → ` -l arch`. */
function inFish(name: string): string {
  return name.startsWith('--') ? ` -l ${name.slice(2)} ` : ` -s ${name.slice(1)} `;
}
