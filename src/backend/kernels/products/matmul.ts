import { broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { fusedNumber } from '../../../activations.js';
import type { KernelCall, KernelRows } from '../row.js';
import { allFloat, isBias } from './convolution.js';

interface MatMulInputs {
  a: TensorInfo;
  b: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

interface MatMulAttrs {
  transposeA?: boolean;
  transposeB?: boolean;
  activation?: string;
  /** Ours: the result stays float32 in bf16 too (logits, weight gradients). */
  precise?: boolean;
}

function multiply({ inputs, attrs, backend }: KernelCall<MatMulInputs, MatMulAttrs>) {
  const { a, b, bias, preluActivationWeights } = inputs;
  const { transposeA = false, transposeB = false, precise = false } = attrs;
  const activation = fusedNumber(attrs.activation ?? 'linear', 'product');
  if (activation === undefined || preluActivationWeights || !allFloat([a, b, bias])) {
    return undefined;
  }
  if (a.shape.length < 2 || b.shape.length < 2) return undefined;
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [inner, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  util.assert(
    k === inner,
    () =>
      `Error in matMul: inner shapes (${k}) and (${inner}) of Tensors with shapes ${a.shape} and ` +
      `${b.shape} and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
  );
  const batchA = util.sizeFromShape(a.shape.slice(0, -2));
  const batchB = util.sizeFromShape(b.shape.slice(0, -2));
  if ((batchA !== batchB && batchA !== 1 && batchB !== 1) || !isBias(bias, n)) return undefined;
  const batchShape = broadcast_util.assertAndGetBroadcastShape(
    a.shape.slice(0, -2),
    b.shape.slice(0, -2),
  );
  // Batches of several axes that broadcast in different axes are not one strided batch.
  if (util.sizeFromShape(batchShape) !== Math.max(batchA, batchB)) return undefined;
  const transposed = { transposeA: Number(transposeA), transposeB: Number(transposeB) };
  const params = { batchA, batchB, m, k, n, ...transposed, activation };
  const shape = [...batchShape, m, n];
  const output = { shape, storage: precise ? 'f32' : 'compute' } as const;
  return backend.runOne('BatchMatMul', bias ? [a, b, bias] : [a, b], output, params);
}

export const matmulKernels: KernelRows = { BatchMatMul: multiply, _FusedMatMul: multiply };
