import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../src/package-root.js';

/**
 * What Biome prints with the project's rules on a project of these files; empty where it finds
 * nothing.
 */
function lint(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'cnn-test-'));
  try {
    copyFileSync(join(PACKAGE_ROOT, 'biome.json'), join(root, 'biome.json'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const program = join(PACKAGE_ROOT, 'node_modules/.bin/biome');
    const args = ['lint', '--vcs-enabled=false', '--error-on-warnings', '.'];
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
    return status === 0 ? '' : stdout + stderr;
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The folders of src/, each followed by those that must not import it. */
const FORBIDDEN: readonly (readonly [string, readonly string[]])[] = [
  ['pickle', ['system']],
  ['data', ['pickle', 'archs', 'system']],
  ['backend', ['archs', 'augment', 'data', 'settings', 'weights']],
  ['network', ['archs', 'augment', 'data', 'backend', 'settings', 'weights']],
  ['session', ['archs', 'data', 'network', 'backend', 'settings', 'weights']],
  ['distributed', ['session', 'runs', 'evaluate', 'network', 'backend']],
  ['runs', ['session', 'distributed', 'network', 'data', 'settings']],
  ['loggers', ['runs', 'session', 'evaluate', 'measure']],
  ['evaluate', ['runs', 'session', 'data', 'network']],
  ['train', ['evaluate', 'runs', 'session', 'export']],
  ['measure', ['train', 'evaluate', 'runs', 'session', 'export']],
  ['experiment', ['train', 'evaluate', 'runs', 'settings', 'terminal']],
  ['explain', ['experiment', 'report', 'network', 'settings', 'archs', 'terminal']],
  ['demo', ['experiment', 'explain', 'report', 'export', 'evaluate', 'runs', 'terminal']],
  ['export', ['train', 'measure', 'evaluate', 'runs']],
  ['report', ['export', 'measure', 'train', 'evaluate', 'runs', 'terminal']],
  [
    'commands',
    ['train', 'measure', 'export', 'evaluate', 'runs', 'session', 'settings', 'network'],
  ],
];

describe('imports', () => {
  for (const [target, folders] of FORBIDDEN) {
    it(`of src/${target} from ${folders.map((name) => `src/${name}`).join(', ')} are refused`, () => {
      for (const folder of folders) {
        const text = `import type { A } from '../${target}/a.js';\n\nexport type B = A;\n`;
        const found = lint({ [`src/${folder}/b.ts`]: text });
        assert.match(found, /noRestrictedImports/, `src/${folder} imports src/${target}`);
      }
    });
  }

  it('of a folder from a file that every folder uses are refused', () => {
    const text = "import type { A } from './data/a.js';\n\nexport type B = A;\n";
    assert.match(lint({ 'src/errors.ts': text }), /noRestrictedImports/);
  });

  it('downwards are allowed', () => {
    const text = "import type { A } from '../network/a.js';\n\nexport type B = A;\n";
    assert.equal(lint({ 'src/session/b.ts': text }), '');
  });

  it('in a circle are refused, of types only too', () => {
    const found = lint({
      'src/data/a.ts': "import type { B } from './b.js';\n\nexport type A = B[];\n",
      'src/data/b.ts': "import type { A } from './a.js';\n\nexport type B = A | string;\n",
    });
    assert.match(found, /noImportCycles/);
  });
});
