import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { version_core } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../package-root.js';

/** The versions that a result depends on. */
export async function describeVersions(): Promise<Record<string, string>> {
  const file = join(PACKAGE_ROOT, 'package.json');
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(file, 'utf8')));
  return { cnn: version, node: process.versions.node, tfjs: version_core };
}

/** The machine that a result was made on. */
export function describeHardware() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()} ${process.arch}`,
  };
}
