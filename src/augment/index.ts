/** How an image becomes the network's input: pure functions of images and random numbers. */
export { colourOffset, IMAGENET_PRINCIPAL_COLOURS, type PrincipalColours } from './colour.js';
export { type Draws, drawAugmentation } from './draws.js';
export { AUGMENTATIONS, CENTRE_CROP } from './papers.js';
export { type Image, resample, resizeShortSide } from './resample.js';
export { fillSlot, isPlainCrop } from './slot.js';
export { checkTransform, type Transform } from './transform.js';
export { cropWindow, resizedSize, roundHalfEven, type Window } from './window.js';
