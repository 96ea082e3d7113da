/** A convolution and its gradients in plain loops in float64, of any padding, dilation and groups. */

/** Two numbers are those of height and width. */
export interface Convolution {
  readonly batch: number;
  readonly size: readonly [number, number];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly filter: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Before and after, of height and width. */
  readonly pad: readonly [readonly [number, number], readonly [number, number]];
  readonly groups: number;
}

export function outputSize({ size, filter, stride, dilation, pad }: Convolution): [number, number] {
  const along = (axis: 0 | 1) => {
    const window = dilation[axis] * (filter[axis] - 1) + 1;
    const padded = size[axis] + pad[axis][0] + pad[axis][1];
    return Math.floor((padded - window) / stride[axis]) + 1;
  };
  return [along(0), along(1)];
}

/** x is NHWC, filters are HWIO. */
export function plainConvolution(
  shape: Convolution,
  x: Float32Array,
  filter: Float32Array,
  dy: Float32Array,
): { y: Float64Array; dx: Float64Array; dFilter: Float64Array } {
  const { batch, inChannels, outChannels, groups } = shape;
  const [outHeight, outWidth] = outputSize(shape);
  const y = new Float64Array(batch * outHeight * outWidth * outChannels);
  const dx = new Float64Array(x.length);
  const dFilter = new Float64Array(filter.length);
  const [inGroup, outGroup] = [inChannels / groups, outChannels / groups];
  for (const [image, row, column, tap] of taps(shape)) {
    const inAt = ((image * shape.size[0] + row.in) * shape.size[1] + column.in) * inChannels;
    const outAt = ((image * outHeight + row.out) * outWidth + column.out) * outChannels;
    for (let k = 0; k < outChannels; k++) {
      const first = inAt + Math.floor(k / outGroup) * inGroup;
      for (let c = 0; c < inGroup; c++) {
        const weight = (tap * inGroup + c) * outChannels + k;
        const [value, gradient] = [x[first + c] as number, dy[outAt + k] as number];
        y[outAt + k] = (y[outAt + k] as number) + value * (filter[weight] as number);
        dx[first + c] = (dx[first + c] as number) + gradient * (filter[weight] as number);
        dFilter[weight] = (dFilter[weight] as number) + gradient * value;
      }
    }
  }
  return { y, dx, dFilter };
}

interface Place {
  readonly in: number;
  readonly out: number;
}

/** Every pixel of the output with every pixel of the input that it sees, and the filter's tap. */
function* taps(shape: Convolution): Generator<[number, Place, Place, number]> {
  const { batch, filter } = shape;
  const [rows, columns] = [places(shape, 0), places(shape, 1)];
  for (let image = 0; image < batch; image++) {
    for (const [row, ky] of rows) {
      for (const [column, kx] of columns) yield [image, row, column, ky * filter[1] + kx];
    }
  }
}

function places(shape: Convolution, axis: 0 | 1): [Place, number][] {
  const { size, filter, stride, dilation, pad } = shape;
  const found: [Place, number][] = [];
  for (let out = 0; out < outputSize(shape)[axis]; out++) {
    for (let k = 0; k < filter[axis]; k++) {
      const at = out * stride[axis] + k * dilation[axis] - pad[axis][0];
      if (at >= 0 && at < size[axis]) found.push([{ in: at, out }, k]);
    }
  }
  return found;
}
