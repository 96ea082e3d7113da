/**
 * The parts of `cnn` for use from TypeScript: the networks, the executor that trains them, the
 * backends. Importing this registers our layer classes, so that tf.loadLayersModel reads the
 * model.json of a checkpoint.
 */
export { type Architecture, architectures, findArchitecture, type Recipe } from './archs/index.js';
export * from './archs/layers/index.js';
export { type Backend, inspectBackends, openBackend } from './backend/index.js';
export type { Dataset } from './data/dataset.js';
export { openDataset } from './data/open-dataset.js';
export { CnnError, DataError, DivergedError, RunError, UsageError } from './errors.js';
export { imagesToFloat } from './network/images.js';
export { lossWithoutGradient, softmaxCrossEntropy } from './network/loss.js';
export { Network, type Weight } from './network/network.js';
export { Sgd } from './network/sgd.js';
