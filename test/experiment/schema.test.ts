import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { openExperiment } from '../../src/experiment/file/experiment.js';
import { editorSchema } from '../../src/experiment/file/format.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';

const EXPERIMENTS = join(PACKAGE_ROOT, 'experiments');

/** The experiment files of the project, each with its directory. */
async function experimentFiles(): Promise<[string, string][]> {
  const entries = await readdir(EXPERIMENTS, { withFileTypes: true });
  const directories = entries.filter((entry) => entry.isDirectory());
  const files = directories.map(async ({ name }): Promise<[string, string][]> => {
    const directory = join(EXPERIMENTS, name);
    const found = (await readdir(directory)).filter((file) => file.endsWith('.yaml'));
    return found.map((file) => [directory, file]);
  });
  return (await Promise.all(files)).flat();
}

describe('the JSON schema of experiment files', () => {
  const schema = z.fromJSONSchema(editorSchema());
  const file = {
    ...{ title: 'a', claim: 'b', source: 'c', seeds: [1] },
    settings: { arch: 'lenet5', lr: 0.1, nesterov: false },
    axes: { lr: [0.1, 0.2], 'batch-size': { small: { 'batch-size': 1 } }, net: { a: { lr: 1 } } },
  };

  it('accepts what is right', () => {
    assert.deepEqual(schema.safeParse(file).error, undefined);
  });

  for (const [what, changed] of [
    ['an unknown key', { seed: 1 }],
    ['no seeds', { seeds: undefined }],
    ['an unknown setting', { settings: { 'batch-sise': 3 } }],
    ['a setting that is no number', { settings: { lr: 'fast' } }],
    ['a setting that an experiment chooses', { settings: { seed: 1 } }],
    ['an unknown choice', { settings: { opt: 'adam' } }],
    ['an impossible value of an axis', { axes: { lr: [0.1, -1] } }],
    ['an empty axis', { axes: { lr: [] } }],
    ['a list of an axis that is no setting', { axes: { net: [1] } }],
    ['an unknown setting in a named value', { axes: { net: { a: { lrr: 1 } } } }],
    ['an unknown measure', { measures: ['speed'] }],
    ['a comparison of three', { compare: [['a', 'b', 'c']] }],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.equal(schema.safeParse({ ...file, ...changed }).success, false);
    });
  }

  it('and the program accept the files of the project, which name the schema', async () => {
    for (const [directory, name] of await experimentFiles()) {
      const text = await readFile(join(directory, name), 'utf8');
      const [first] = text.split('\n');
      assert.equal(
        first,
        '# yaml-language-server: $schema=../../dist/schema/experiment.json',
        `${directory}/${name}`,
      );
      assert.deepEqual(schema.safeParse(parse(text)).error, undefined, `${directory}/${name}`);
      await openExperiment(directory, name);
    }
  });
});
