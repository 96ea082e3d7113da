/** The questions of experiments/ are files that `cnn experiment run` takes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openExperiment } from '../../src/experiment/file/experiment.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';

const QUESTIONS = join(PACKAGE_ROOT, 'experiments');
const IMAGENET = { values: { data: '/imagenet' }, source: 'flag' } as const;

describe('a question of experiments/', () => {
  const names = readdirSync(QUESTIONS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const asks = (name: string) => existsSync(join(QUESTIONS, name, 'experiment.yaml'));

  for (const name of names.filter(asks)) {
    it(`${name} has cells, three seeds at least, and a README that says what came out`, async () => {
      const directory = join(QUESTIONS, name);
      const small = await openExperiment(directory);
      const large = await openExperiment(directory, 'imagenet.yaml', [IMAGENET]);
      for (const { cells, seeds, pairs, ensembles } of [small, large]) {
        assert.ok(cells.length > 1 && seeds.length > 2);
        assert.ok(pairs.length > 0 || ensembles.length > 0);
      }
      const readme = readFileSync(join(directory, 'README.md'), 'utf8');
      for (const heading of ['## Setting', '## Finding', '## Results']) {
        assert.match(readme, new RegExp(`^${heading}$`, 'm'));
      }
      for (const command of [
        `npx cnn experiment run experiments/${name}`,
        `npx cnn experiment run experiments/${name} --file imagenet.yaml --data /path/to/imagenet`,
      ]) {
        assert.ok(readme.includes(`\n${command}\n`), command);
      }
    });
  }

  it('is in the index', () => {
    const index = readFileSync(join(QUESTIONS, 'README.md'), 'utf8');
    for (const name of names) assert.ok(index.includes(`](${name}/README.md)`), name);
  });
});
