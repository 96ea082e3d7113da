import { elements } from '../stored-tensor.js';
import type { TorchTensor } from './state-dict.js';

/** Gathers the elements at distances of `strides`. */
export function inRowMajorOrder(
  values: Float32Array<ArrayBuffer>,
  { shape, strides, contiguous }: TorchTensor,
): Float32Array<ArrayBuffer> {
  if (contiguous) return values;
  const result = new Float32Array(elements(shape));
  const place = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number;
      const next = (place[axis] as number) + 1;
      if (next < (shape[axis] as number)) {
        place[axis] = next;
        from += stride;
        break;
      }
      place[axis] = 0;
      from -= stride * (next - 1);
    }
  }
  return result;
}
