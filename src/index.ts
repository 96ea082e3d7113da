/**
 * `cnn` from TypeScript. The commands as functions; below them the parts of a training loop of
 * one's own, the networks and the backends. What is not exported here may change at any time.
 * Importing this registers our layer classes, so that tf.loadLayersModel reads the model.json of a
 * checkpoint. docs/examples/ shows both ways.
 */
export { evaluate, type GivenSettings, predict, train } from './api.js';
export { type Architecture, architectures, findArchitecture, type Recipe } from './archs/index.js';
export * from './archs/layers/index.js';
export { type Backend, inspectBackends, openBackend } from './backend/index.js';
export type { Batch, BatchLoader } from './data/batches/batches.js';
export type { Dataset, Split } from './data/dataset.js';
export { openDataset } from './data/open-dataset.js';
export { CnnError, DataError, DivergedError, RunError, UsageError } from './errors.js';
export type { EvaluationResult, ProtocolResult } from './evaluate/evaluation.js';
export type { Prediction } from './evaluate/predict.js';
export { evaluateSplit } from './evaluate/split.js';
export { imagesToFloat } from './network/images.js';
export { lossWithoutGradient, softmaxCrossEntropy } from './network/loss.js';
export { Network } from './network/network.js';
export { Optimizer } from './network/optimizer.js';
export type { Weight } from './network/weights.js';
export { openEvaluationBatches, openTrainingBatches } from './session/loaders.js';
export { Counters, type Scores, scores } from './session/metrics.js';
export { type NetworkCard, networkCard } from './session/network-card.js';
export { type Reporter, SILENT } from './session/reporter.js';
export { openSession, type Session, upload } from './session/session.js';
export { trainStep } from './train/step.js';
export type { TrainResult } from './train/train.js';
