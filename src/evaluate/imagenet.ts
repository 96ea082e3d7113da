/** What accuracies on ImageNet are compared by. */
import type { Published } from '../archs/index.js';
import { IMAGENET_WORDS } from '../data/layouts/labels/imagenet-words.js';

const CLASSES = 1000;
const VALIDATION_IMAGES = 50_000;

/** Whether these are ILSVRC's classes and validation images. */
export function isImageNet(classes: readonly string[], validationImages: number): boolean {
  return (
    validationImages === VALIDATION_IMAGES &&
    classes.length === CLASSES &&
    classes.every((name) => IMAGENET_WORDS.has(name))
  );
}

/** The protocol of a training's own evaluations. */
export function isCentreCrop({ protocol }: Published): boolean {
  return protocol.startsWith('ILSVRC-2012 val, centre crop');
}
