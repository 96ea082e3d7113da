import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findAddon } from '../src/addon.js';

describe('the addon that is loaded', () => {
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'cnn-addon-')));
    write('package.json', '{}');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(path: string, text = ''): string {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  const platformFile = `node_modules/cnn-${process.platform}-${process.arch}/cnn.node`;

  it("is that of the platform's package where nothing was built", () => {
    const file = write(platformFile);
    assert.equal(findAddon(root), file);
  });

  it('is the one that was built, for who builds wants it', () => {
    write(platformFile);
    const file = write('build/cnn.node');
    assert.equal(findAddon(root), file);
  });

  it('is looked for in build/ where there is neither', () => {
    assert.equal(findAddon(root), join(root, 'build/cnn.node'));
  });
});
