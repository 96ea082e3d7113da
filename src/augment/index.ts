/** What happens to a picture on its way to the network: pure functions of pictures and random numbers. */
export { copyWindow, cropWindow, type Picture, type Window } from './crop.js';
export { type Draws, drawAugmentation } from './draws.js';
export { resizedSize, resizePixels } from './resize.js';
export { checkTransform, type Transform } from './transform.js';
