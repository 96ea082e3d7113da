import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { build, temporaryDirectory } from '../commands/program.js';

const run = promisify(execFile);
const EXAMPLES = join(PACKAGE_ROOT, 'docs/examples');

describe('the examples of the TypeScript API', function () {
  this.timeout(240_000);
  const directory = temporaryDirectory();

  /** What an example prints when it is run in an empty directory. */
  async function output(name: string, ...args: string[]): Promise<string> {
    await build();
    const tsx = join(PACKAGE_ROOT, 'node_modules/.bin/tsx');
    return (await run(tsx, [join(EXAMPLES, name), ...args], { cwd: directory.path })).stdout;
  }

  it('compile against the declarations of the package', async () => {
    await build();
    await run(join(PACKAGE_ROOT, 'node_modules/.bin/tsc'), ['-p', EXAMPLES]);
  });

  it('train, evaluate and predict', async () => {
    const text = await output('train.ts', 'synthetic', '1');
    const [, trained] = /: ([\d.]+) % after 1 epochs/.exec(text) ?? [];
    const [, again] = /evaluated again: ([\d.]+) % of 100 images/.exec(text) ?? [];
    assert.ok(trained !== undefined, text);
    assert.equal(again, trained);
    const shares = [...text.matchAll(/^.*: ([\d.]+) %$/gm)].map(([, share]) => Number(share));
    assert.equal(shares.length, 3, text);
    assert.ok(
      shares.every((share, index) => share <= (shares[index - 1] ?? 100)),
      text,
    );
  });

  it('train in a loop of their own', async () => {
    const text = await output('training-loop.ts', 'synthetic', '3');
    const losses = [...text.matchAll(/training loss ([\d.]+), validation Acc@1 [\d.]+/g)];
    assert.equal(losses.length, 3, text);
    assert.ok(Number(losses[2]?.[1]) < Number(losses[0]?.[1]), text);
  });
});
