import { util } from '@tensorflow/tfjs-core';
import { MAX_RANK } from '../addon.js';

/** The distance between neighbours along each axis of a tensor in row-major order. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** Strides that repeat a tensor of `shape` over the axes of `wanted`. */
export function broadcastStrides(shape: readonly number[], wanted: readonly number[]): number[] {
  const strides = rowMajor(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride));
  return [...new Array<number>(wanted.length - shape.length).fill(0), ...strides];
}

/**
 * Sizes and strides by which operands of one shape are walked: neighbouring axes that all operands
 * walk as one become one. Undefined if too many remain.
 */
export function mergeAxes<Operands extends readonly (readonly number[])[]>(
  shape: readonly number[],
  ...operands: Operands
): { sizes: number[]; strides: { [O in keyof Operands]: number[] } } | undefined {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const before = sizes.length - 1;
    const continues = operands.every(
      (operand, o) => strides[o]?.[before] === (operand[axis] as number) * size,
    );
    if (before < 0 || !continues) sizes.push(size);
    else sizes[before] = (sizes[before] as number) * size;
    const at = sizes.length - 1;
    for (const [o, operand] of operands.entries()) {
      (strides[o] as number[])[at] = operand[axis] as number;
    }
  }
  if (sizes.length > MAX_RANK) return undefined;
  const single = sizes.length === 0;
  return {
    sizes: single ? [1] : sizes,
    strides: (single ? operands.map(() => [1]) : strides) as { [O in keyof Operands]: number[] },
  };
}

/** The axes that a kernel names, counted from the front and in order; all of them for none. */
export function axesOf(axis: number | number[] | undefined, shape: number[]): number[] {
  return util.parseAxisParam(axis as number, shape).sort((a, b) => a - b);
}
