import { runKernel } from '../run-kernel.js';
import type { LayerNode, Operation } from './rule.js';

/** Flatten and Reshape: the same values under another shape. */
export function reshape({ inputShapes, outputShape, config }: LayerNode): Operation | undefined {
  const from = inputShapes[0]?.slice(1);
  const to = outputShape.slice(1);
  const known = [...(from ?? [null]), ...to].every((length) => length !== null);
  if (!known || config['dataFormat'] === 'channelsFirst') return undefined;
  return {
    keeps: { inputs: [], output: false },
    forward: ([x]) => runKernel('Reshape', { x }, { shape: [x?.shape[0], ...to] }),
    backward: (dy) => [
      runKernel('Reshape', { x: dy }, { shape: [dy.shape[0], ...(from as number[])] }),
    ],
  };
}
