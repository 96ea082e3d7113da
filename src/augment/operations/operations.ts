/**
 * What the addon does to the pixels of an image after the crop: the same names, in the same order, as
 * in native/augment/operations.h, which says what the values are.
 */
export const OPERATION_KINDS = [
  'Mirror',
  'Affine',
  'Brightness',
  'Contrast',
  'Saturation',
  'Sharpness',
  'Hue',
  'Posterize',
  'Solarize',
  'AutoContrast',
  'Equalize',
  'Invert',
  'MixBegin',
  'MixAdd',
  'MixEnd',
] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

export interface Operation {
  readonly kind: OperationKind;
  /** Six at most. */
  readonly values: readonly number[];
}

/** Numbers of an operation, as the addon takes it: the kind's place in the list, and its values. */
export const OPERATION_NUMBERS = 7;

/** Operations as the addon takes them. */
export function packOperations(operations: readonly Operation[]): Float64Array {
  const packed = new Float64Array(operations.length * OPERATION_NUMBERS);
  for (const [index, { kind, values }] of operations.entries()) {
    packed.set([OPERATION_KINDS.indexOf(kind), ...values], index * OPERATION_NUMBERS);
  }
  return packed;
}
