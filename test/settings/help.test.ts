import assert from 'node:assert/strict';
import stringWidth from 'string-width';
import { optionsOf } from '../../src/commands/command.js';
import { commands } from '../../src/commands/index.js';
import { GROUPS, optionRow } from '../../src/settings/options/index.js';
import { cnn } from '../commands/program.js';

describe('the help', () => {
  for (const entry of commands.flatMap((top) => ('members' in top ? top.members : [top]))) {
    const group = commands.find((top) => 'members' in top && top.members.includes(entry));
    const words = [...(group === undefined ? [] : [group.name]), entry.name];

    it(`of cnn ${words.join(' ')} has every option under its heading and fits 80 columns`, async () => {
      const { code, stdout } = await cnn([...words, '--help']);
      assert.equal(code, 0);
      for (const line of stdout.split('\n')) assert.ok(stringWidth(line) <= 80, line);
      const sections = new Map(
        stdout.split('\n\n').map((section) => [section.split('\n')[0], section]),
      );
      for (const name of optionsOf(entry)) {
        const heading = `${GROUPS[optionRow(name).group]}:`;
        assert.match(sections.get(heading) ?? '', new RegExp(`^ .*--${name}\\b`, 'm'), name);
      }
      assert.match(sections.get('Every command:') ?? '', /^ +-h, --help/m);
    });
  }

  it('says how other programs call an option', async () => {
    const { stdout } = await cnn(['train', '--help']);
    assert.match(
      stdout.replace(/\s+/g, ' '),
      /--arch .*also --model\).*also --data-dir, --data-path/,
    );
  });

  it('of a group is that of "cnn help GROUP" and of "cnn GROUP help"', async () => {
    const { stdout } = await cnn(['data', '--help']);
    assert.match(stdout, /cnn data check \[dataset\]/);
    assert.equal((await cnn(['help', 'data'])).stdout, stdout);
    assert.equal((await cnn(['data', 'help'])).stdout, stdout);
  });
});
