import { runKernel } from '../../run-kernel.js';
import type { LayerNode, Operation } from '../rule.js';

/** LocalResponseNormalization (src/archs/layers/local-response.ts). */
export function localResponse({ config }: LayerNode): Operation {
  const { depthRadius, bias, alpha, beta } = config;
  const attributes = { depthRadius, bias, alpha, beta };
  return {
    keeps: { inputs: [0], output: true },
    forward: ([x]) => runKernel('LRN', { x }, attributes),
    backward: (dy, [x], output) => [runKernel('LRNGrad', { x, y: output, dy }, attributes)],
  };
}
