import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { givenPath } from './given-path.js';
import { PACKAGE_ROOT } from './package-root.js';

/** The build of this folder, which comes first: who builds it wants what the package has not. */
const BUILT = join(PACKAGE_ROOT, 'build/cnn.node');

/** The package with an addon for this platform, which npm installs where there is one. */
const PLATFORM_PACKAGE = `cnn-${process.platform}-${process.arch}`;

/**
 * The compiled part of the project (native/). The environment variable CNN_ADDON names another
 * build of it.
 */
export const ADDON_PATH = givenPath('CNN_ADDON') ?? findAddon();

/**
 * The addon whose backend cuda is emulated by the processor, for tests; CNN_EMULATED_ADDON names
 * another build of it.
 */
export const EMULATED_ADDON_PATH =
  givenPath('CNN_EMULATED_ADDON') ?? join(PACKAGE_ROOT, 'build/cnn-emulated.node');

/** With CNN_CUDA_EMULATED=1 the processor computes what a GPU would; for tests. */
export function gpuIsEmulated(): boolean {
  return process.env['CNN_CUDA_EMULATED'] === '1';
}

/** The addon of backend cuda. */
export function cudaAddonPath(): string {
  return gpuIsEmulated() ? EMULATED_ADDON_PATH : ADDON_PATH;
}

/**
 * The addon's functions, whose types the callers know; throws what the dynamic loader says where it
 * is missing or does not fit this machine.
 */
export function requireAddon(path = ADDON_PATH): unknown {
  if (path === BUILT && !existsSync(path)) {
    throw new Error(`neither ${path} nor the package ${PLATFORM_PACKAGE} is there`);
  }
  return createRequire(import.meta.url)(path);
}

/** The build of this folder or that of the platform's package; `root` is for tests. */
export function findAddon(root = PACKAGE_ROOT): string {
  const built = join(root, 'build/cnn.node');
  if (existsSync(built)) return built;
  try {
    return createRequire(join(root, 'package.json')).resolve(`${PLATFORM_PACKAGE}/cnn.node`);
  } catch {
    return built;
  }
}
