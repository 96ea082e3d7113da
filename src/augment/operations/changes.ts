import { rotate, shearX, shearY, translate } from './affine.js';
import type { Operation, OperationKind } from './operations.js';

/** A change that policies choose by its name, as AutoAugment's paper calls it. */
interface Change {
  /** Its magnitude is as often negative as positive. */
  readonly signed: boolean;
  operations(magnitude: number, size: number): readonly Operation[];
}

const one = (kind: OperationKind, ...values: number[]): Operation[] => [{ kind, values }];
const signed = (operations: Change['operations']): Change => ({ signed: true, operations });
const plain = (operations: Change['operations']): Change => ({ signed: false, operations });

/** As torchvision applies them; a magnitude of 0 changes nothing in those that are signed. */
export const CHANGES = {
  Identity: plain(() => []),
  ShearX: signed((magnitude) => [shearX(magnitude)]),
  ShearY: signed((magnitude) => [shearY(magnitude)]),
  TranslateX: signed((magnitude, size) => [translate(Math.trunc(magnitude), 0, size)]),
  TranslateY: signed((magnitude, size) => [translate(0, Math.trunc(magnitude), size)]),
  Rotate: signed(rotate),
  Brightness: signed((magnitude) => one('Brightness', 1 + magnitude)),
  Color: signed((magnitude) => one('Saturation', 1 + magnitude)),
  Contrast: signed((magnitude) => one('Contrast', 1 + magnitude)),
  Sharpness: signed((magnitude) => one('Sharpness', 1 + magnitude)),
  Posterize: plain((magnitude) => one('Posterize', Math.trunc(magnitude))),
  Solarize: plain((magnitude) => one('Solarize', magnitude)),
  AutoContrast: plain(() => one('AutoContrast')),
  Equalize: plain(() => one('Equalize')),
  Invert: plain(() => one('Invert')),
} as const satisfies Record<string, Change>;

export type ChangeName = keyof typeof CHANGES;
