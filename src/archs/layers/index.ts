/**
 * The layers that tf.layers lacks. Importing them registers them, so that `tf.loadLayersModel` can
 * read a network that has them; their `call` runs on any tfjs backend. To add one: a file with a
 * class that has `computeOutputShape`, `call` and `getConfig`, and a line here.
 */
export { AdaptiveAveragePooling2D } from './adaptive-pooling.js';
export { BatchNormalization } from './batch-normalization.js';
export { BorderedChannels, type Half, JoinedChannels, OwnChannels } from './divided.js';
export { GroupConv2D } from './group-convolution.js';
export { LocalResponseNormalization } from './local-response.js';
export { PartialConv2D } from './partial-convolution.js';
export { ScaledTanh } from './scaled-tanh.js';
export { Subsampling2D } from './subsampling.js';
