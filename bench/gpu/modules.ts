/** Copies what the program needs of node_modules, and no more. */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { PACKAGE_ROOT } from '../../src/package-root.js';

/** The files of this package and of node_modules that the entry points import, and they. */
export async function importedFiles(entryPoints: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: PACKAGE_ROOT,
    entryPoints: [...entryPoints],
    outdir: join(PACKAGE_ROOT, 'build/nothing'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'bundle',
    // Fetched or built where it is wanted, which is not here.
    external: [
      '@tensorflow/tfjs-node',
      '@tensorflow/tfjs-node-gpu',
      '*.node',
      'esbuild',
      'tsx',
      'mocha',
      // Of Keras's weights, which are not read there.
      'h5wasm/node',
      // Of reports, which are not made there.
      'vega',
      'vega-lite',
      '@dagrejs/dagre',
    ],
    logLevel: 'error',
  });
  return Object.keys(metafile.inputs);
}

/** Copies those of the files that are in node_modules, and the package.json of their packages. */
export function copyModules(files: readonly string[], to: string): void {
  for (const path of files) {
    if (!path.startsWith('node_modules/')) continue;
    copy(path, to);
    for (let folder = dirname(path); folder !== 'node_modules'; folder = dirname(folder)) {
      if (existsSync(join(PACKAGE_ROOT, folder, 'package.json')))
        copy(join(folder, 'package.json'), to);
    }
  }
}

/** Copies whole packages and those that they depend on. */
export function copyPackages(names: readonly string[], to: string): void {
  const known = new Set<string>();
  const visit = (name: string, from: string) => {
    const folder = packageFolder(name, from);
    if (folder === undefined || known.has(folder)) return;
    known.add(folder);
    cpSync(join(PACKAGE_ROOT, folder), join(to, folder), {
      recursive: true,
      filter: (source) => !/\.(d\.[cm]?ts|map|md)$/.test(source),
    });
    const text = readFileSync(join(PACKAGE_ROOT, folder, 'package.json'), 'utf8');
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(text);
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) {
      visit(needed, folder);
    }
  };
  for (const name of names) visit(name, '.');
}

/** Where a package in the folder `from` finds another; undefined for one of another platform. */
function packageFolder(name: string, from: string): string | undefined {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(PACKAGE_ROOT, folder, 'package.json'))) return folder;
  return from === '.' ? undefined : packageFolder(name, dirname(from));
}

function copy(path: string, to: string): void {
  const target = join(to, path);
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(PACKAGE_ROOT, path), target);
}
