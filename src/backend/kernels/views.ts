import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { KernelRows } from './row.js';

/** Kernels that only give the same data another name, shape or label. */
export const viewKernels: KernelRows = {
  Identity: ({ inputs: { x }, backend }) => backend.view(x, x.shape),
  Reshape: ({ inputs: { x }, attrs: { shape }, backend }) => {
    const size = util.sizeFromShape(x.shape);
    const inferred = util.inferFromImplicitShape(shape, size);
    const wanted = util.sizeFromShape(inferred);
    util.assert(
      size === wanted,
      () =>
        `The new shape (${inferred}) has ${wanted} elements and the old shape (${x.shape}) has ${size} elements. The new shape and old shape must have the same number of elements.`,
    );
    return backend.view(x, inferred);
  },
  ExpandDims: ({ inputs: { input }, attrs: { dim }, backend }) => {
    const shape: number[] = input.shape.slice();
    const axes = shape.length + 1;
    util.assert(
      -axes <= dim && dim < axes,
      () => `Axis must be in the interval [${-axes}, ${axes})`,
    );
    shape.splice(dim < 0 ? axes + dim : dim, 0, 1);
    return backend.view(input as TensorInfo, shape);
  },
};
