import assert from 'node:assert/strict';
import stringWidth from 'string-width';
import { COMMAND_GROUPS, COMMAND_OPTIONS } from '../../src/settings/commands.js';
import { OPTIONS } from '../../src/settings/options.js';
import { cnn } from '../commands/program.js';

const COMMANDS = [
  ['train', 'train'],
  ['eval', 'eval'],
  ['predict', 'predict'],
  ['summary', 'summary'],
  ['data preview', 'data-preview'],
  ['bench train', 'bench'],
] as const;

describe('the help', () => {
  it('has a heading for every option, and one only', () => {
    const grouped = Object.values(COMMAND_GROUPS).flat();
    assert.deepEqual(grouped.toSorted(), Object.keys(OPTIONS).toSorted());
  });

  it('of a command has every option and fits 80 columns', async () => {
    for (const [command, options] of COMMANDS) {
      const { code, stdout } = await cnn([...command.split(' '), '--help']);
      assert.equal(code, 0);
      const lines = stdout.split('\n');
      for (const line of lines) assert.ok(stringWidth(line) <= 80, `${command}: ${line}`);
      for (const name of COMMAND_OPTIONS[options]) {
        assert.match(stdout, new RegExp(`^ .*--${name}\\b`, 'm'), `${command} --${name}`);
      }
      assert.match(stdout, /^Every command:$/m);
      assert.match(stdout, /^\s+-h, --help/m);
    }
  });
});
