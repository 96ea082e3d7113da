/** Weights files: torchvision's `.pth` and `.safetensors` in, `.safetensors` out. */
export { describeNotFinite, refuseNotFinite } from './finite.js';
export { kerasNetworks } from './keras/translate.js';
export { writeKerasWeights } from './keras/write.js';
export {
  coloursOf,
  countClasses,
  fitsWeightsFile,
  type Loaded,
  loadWeightsFile,
} from './load.js';
export { lastWithWeights } from './mapping.js';
export { namedTensors } from './save.js';
export { openWeightsFile, type WeightsFile } from './weights-file.js';
export { safetensorsParts } from './write-safetensors.js';
