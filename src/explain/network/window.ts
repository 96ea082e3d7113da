/** What of its input one value of a layer's output sees. */
import type { GraphNode } from '../../network/graph.js';

export interface Window {
  /** Side of the square, in values of the input. */
  readonly side: number;
  /** Values of the input between two of the output; 1 where there is one output alone. */
  readonly stride: number;
}

/** The window of a layer; undefined where each value sees one alone. */
export function windowOf({
  kind,
  config,
  inputShapes,
  outputShape,
}: GraphNode): Window | undefined {
  const before = inputShapes[0]?.[1] ?? 1;
  const kernel = config['kernelSize'] ?? config['poolSize'];
  if (kernel !== undefined && kernel !== null) {
    const side = firstOf(kernel);
    // Subsampling has no strides of its own: its windows do not overlap.
    const stride = config['strides'] ?? (kind === 'Subsampling2D' ? side : 1);
    return { side, stride: firstOf(stride) };
  }
  if (kind === 'AdaptiveAveragePooling2D') {
    const after = outputShape[1] ?? 1;
    return { side: widestMean(before, after), stride: before / after };
  }
  // The classifier sees the whole map, by its mean or by all of its values.
  const isWhole = kind === 'GlobalAveragePooling2D' || kind === 'Flatten';
  return isWhole ? { side: before, stride: 1 } : undefined;
}

/** The widest of the windows that cover `before` values as PyTorch's adaptive pooling does. */
function widestMean(before: number, after: number): number {
  const widths = Array.from({ length: after }, (_, place) => {
    return Math.ceil(((place + 1) * before) / after) - Math.floor((place * before) / after);
  });
  return Math.max(...widths);
}

function firstOf(sides: unknown): number {
  return Number(Array.isArray(sides) ? sides[0] : sides);
}
