import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { version_core } from '@tensorflow/tfjs-core';
import { packageVersion } from '../package-root.js';

/** The versions that a result depends on. */
export function describeVersions(): Record<string, string> {
  return { cnn: packageVersion(), node: process.versions.node, tfjs: version_core };
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
