import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bashScript } from '../../../src/commands/completion/bash.js';
import { fishScript } from '../../../src/commands/completion/fish.js';
import { completions } from '../../../src/commands/completion/table.js';
import { zshScript } from '../../../src/commands/completion/zsh.js';
import { commands } from '../../../src/commands/index.js';
import { temporaryDirectory } from '../program.js';

const table = completions(commands);

/** A shell with the script loaded, which writes what it offers for $LINE into $FOUND. */
const SHELLS = {
  // Bash's own division into words, which breaks at an equals sign.
  bash: `
    ${bashScript(table)}
    read -ra COMP_WORDS <<< "\${LINE//=/ = }"
    [[ $LINE == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
    _cnn
    printf '%s\\n' "\${COMPREPLY[@]}" > $FOUND`,
  fish: `
    ${fishScript(table)}
    complete -C "$LINE" | string split -f1 \\t > $FOUND; or true`,
  // zsh completes in its line editor only: an inner zsh at a pseudo-terminal notes all candidates.
  zsh: `
    zmodload zsh/zpty
    zpty inner zsh -f -i
    zpty -w inner 'PS1= ; autoload -U compinit; compinit -u -d $SCRIPT.dump; source $SCRIPT'
    zpty -w inner 'compadd() {
      if [[ \${@[1,(i)(-|--)]} != *-[OAD](| )* ]]; then
        local -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >> $FOUND
      fi
      builtin compadd "$@"
    }'
    zpty -w inner 'finish() { print -r -- @end >> $FOUND; BUFFER= }; zle -N finish'
    zpty -w inner "bindkey '^X' finish; print RE''ADY"
    zpty -r inner seen '*READY*'
    zpty -n -w inner "$LINE"$'\\t\\x18'
    until grep -q @end $FOUND 2> /dev/null; do sleep 0.05; done`,
};

describe('completion in a shell', () => {
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory.path, name);

  before(async () => {
    for (const name of ['first', 'the second']) {
      await mkdir(at(`runs/${name}`), { recursive: true });
      await writeFile(at(`runs/${name}/run.json`), '{}');
    }
    await writeFile(at('my weights.pth'), '');
    await writeFile(at('cnn.zsh'), zshScript(table));
  });

  for (const [shell, program] of Object.entries(SHELLS)) {
    const installed = spawnSync(shell, ['--version']).status === 0;
    // bash is where bin/setup has run; the stored scripts stand for the others where they are not.
    const tried = installed || shell === 'bash' ? describe : describe.skip;

    tried(`in ${shell}${installed ? '' : ', which is not installed here,'}`, () => {
      async function offered(line: string): Promise<string[]> {
        const found = at('found');
        await rm(found, { force: true });
        const clean = { bash: '--norc', fish: '--no-config', zsh: '-f' }[shell] as string;
        const { status, stderr } = spawnSync(shell, [clean, '-c', program], {
          cwd: directory.path,
          env: { ...process.env, LINE: line, FOUND: found, SCRIPT: at('cnn.zsh'), TERM: 'vt100' },
          encoding: 'utf8',
          timeout: 50_000,
        });
        assert.equal(status, 0, stderr);
        assert.equal(stderr, '');
        const words = (await readFile(found, 'utf8')).replaceAll('\\ ', ' ').split('\n');
        return words.map((word) => word.trimEnd().replace(/\/$/, '')).filter(isCandidate);
      }
      const isCandidate = (word: string) => word !== '' && word.trim() !== '@end';
      async function has(line: string, ...expected: string[]): Promise<void> {
        const found = await offered(line);
        for (const word of expected) assert.ok(found.includes(word), `${line} → ${found}`);
      }
      async function hasOnly(line: string, ...expected: string[]): Promise<void> {
        const found = (await offered(line)).map((word) => word.trim());
        assert.deepEqual([...new Set(found)].toSorted(), expected.toSorted());
      }

      it('completes commands', async () => {
        await hasOnly('cnn tr', 'train');
        await has('cnn ', 'train', 'eval', 'data', 'completion');
        await hasOnly('cnn data ', 'check', 'pack', 'preview', 'stats', 'suspects', 'verify');
        await hasOnly('cnn help tra', 'train');
      });

      it('completes flags of the command', async () => {
        await hasOnly('cnn train --arc', '--arch', '--arch-options');
        await hasOnly('cnn train --no-', '--no-nesterov');
        await hasOnly('cnn archs --epo');
        await hasOnly('cnn data pack --qual', '--quality');
      });

      it('completes choices', async () => {
        await hasOnly('cnn train --precision ', 'auto', 'bf16', 'f32', 'tf32');
        await hasOnly('cnn summary --module incept', 'inception', 'inception-naive');
        await hasOnly('cnn completion ', 'bash', 'fish', 'zsh');
      });

      it('completes networks and datasets, after flags and without them', async () => {
        await has('cnn train --arch resnet5', 'resnet50', 'resnet56-cifar');
        await has('cnn train lene', 'lenet5', 'lenet5-1998');
        await has('cnn train --lr 0.1 lenet5 mn', 'mnist');
        await has('cnn train --data ', 'mnist', 'synthetic');
      });

      it('completes the value after an equals sign', async () => {
        const found = await offered('cnn train --arch=lenet5-');
        assert.deepEqual(
          found.map((word) => word.replace('--arch=', '')),
          ['lenet5-1998'],
        );
      });

      it('completes runs', async () => {
        await has('cnn train --resume ', 'runs/first', 'runs/the second');
        await has('cnn eval --checkpoint runs/f', 'runs/first');
        await has('cnn export runs/f', 'runs/first');
        await has('cnn predict ', 'runs/first', 'my weights.pth');
        assert.ok(!(await offered('cnn train --resume ')).includes('my weights.pth'));
      });

      it('completes files where files are expected, and only there', async () => {
        await has('cnn eval --weights ', 'my weights.pth');
        await has('cnn train --config ', 'my weights.pth');
        await hasOnly('cnn train --epochs ');
      });
    });
  }
});
