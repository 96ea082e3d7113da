import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../src/errors.js';
import { readConfig } from '../../src/settings/config-file.js';
import { resolveSettings } from '../../src/settings/resolve.js';
import { temporaryDirectory } from '../commands/program.js';

describe('the file of --config', () => {
  const directory = temporaryDirectory();

  async function config(text: string) {
    const file = join(directory.path, 'config');
    await writeFile(file, text);
    return { file, source: () => readConfig('train', file) };
  }

  for (const [language, text] of [
    ['JSON', '{\n\t"batch_size": 6,\n\t"mean": [0.1,\n 0.2, 0.3],\n\t"lr": 1e-3\n}\n'],
    ['YAML', '# quick\nbatch-size: 6\n\nmean: [0.1, 0.2, 0.3]\nlr: 1e-3\n'],
  ] as const) {
    it(`is ${language}, and the line of each setting is kept`, async () => {
      const { file, source } = await config(text);
      const { provenance } = resolveSettings('train', [await source()]);
      const found = (['batch-size', 'mean', 'lr', 'epochs'] as const).map((name) => {
        return [provenance[name]?.value, provenance[name]?.where];
      });
      assert.deepEqual(found, [
        [6, `${file}:2`],
        [[0.1, 0.2, 0.3], `${file}:${language === 'JSON' ? 3 : 4}`],
        [0.001, `${file}:5`],
        [null, undefined],
      ]);
    });
  }

  for (const [what, text, message] of [
    ['text that is cut off', '{"lr": 0.1,\n"epochs": 3', /YAML or JSON in .*config:2:12: Flow map/],
    ['a doubled setting', '{"lr": 0.1,\n"lr": 0.2}', /config:2:1: Map keys must be unique/],
    ['two names of one setting', 'lr: 1\nlearning-rate: 2', /config:2 is another name of "lr"/],
    ['a list', '[1, 2]', /Expected settings such as .* in .*config$/],
    ['nothing', '', /in .*config: it is empty$/],
    ['a value of another kind', 'lr: 0.1\nepochs: many', /"epochs" in .*config:2 to be a whole/],
    ['an unknown setting', 'lr: 0.1\nepoch: 2', /"epoch" in .*config:2\. Did you mean "epochs"/],
    ['a tag of a program', 'lr: !!js/function x', /"lr" in .*config:1 to be a number/],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.replace(/./g, (letter) => {
        const before = String.fromCharCode(letter.charCodeAt(0) - 1);
        return `${letter}: &${letter} [${Array(9).fill(`*${before}`)}]\n`;
      })}`,
      /Cannot read .*config: Excessive alias count/,
    ],
  ] as const) {
    it(`with ${what} is refused with its line`, async () => {
      const { source } = await config(text);
      await assert.rejects(source(), (error: Error) => {
        assert.ok(error instanceof UsageError, String(error.stack));
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
