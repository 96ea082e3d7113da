/**
 * Scripts that complete the command line in bash, zsh and fish: commands, flags, their choices,
 * names of networks, datasets and runs, and files. Everything but runs and files is written into
 * the script, so that a completion starts no program.
 */
import { UsageError } from '../../errors.js';
import type { Given } from '../../settings/given.js';
import type { Commands, Result } from '../command.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { completions, SHELLS } from './table.js';
import { zshScript } from './zsh.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export async function runCompletion(given: Given, commands: Commands): Promise<Result> {
  const shell = SHELLS.find((name) => name === given['shell']);
  if (shell === undefined) {
    throw new UsageError(
      `Expected a shell, one of ${SHELLS.join(', ')}, but received "${given['shell']}"`,
    );
  }
  const script = SCRIPTS[shell](completions(commands));
  return { lines: script.trimEnd().split('\n'), json: { shell, script } };
}
