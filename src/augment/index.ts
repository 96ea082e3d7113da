/** How an image becomes the network's input: pure functions of images and random numbers. */
export { colourOffset, IMAGENET_PRINCIPAL_COLOURS, type PrincipalColours } from './colour.js';
export { type Draws, drawAugmentation } from './draws.js';
export type { Box } from './erase.js';
export { drawMix, type Mix, type MixSettings } from './mixing.js';
export type { ColourJitter } from './operations/jitter.js';
export {
  OPERATION_KINDS,
  OPERATION_NUMBERS,
  type Operation,
  packOperations,
} from './operations/operations.js';
export { MAGNITUDES, type Policy } from './operations/policies.js';
export { AUGMENTATIONS, CENTRE_CROP } from './papers.js';
export { type Image, resample, resizeShortSide } from './resample.js';
export { roundHalfEven } from './round.js';
export { fillSlot, isPlainCrop } from './slot.js';
export { checkTransform, type Transform } from './transform.js';
export { cropWindow, resizedSize, type Window } from './window.js';
