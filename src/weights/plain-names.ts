/** The names of tensors in files of today, whoever wrote them. */
import { elements, type StoredTensor } from './stored-tensor.js';

/** `denselayer1.norm.1.weight`, as torchvision's own DenseNet files have it: it renames them too. */
const OLD_DENSENET = /^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$/;

/** Counters of steps and of averaged models, which no network needs. */
const COUNTER = /(^|\.)(num_batches_tracked|n_averaged)$/;

/** VGG's dense layers in timm, the first two of which are convolutions there. */
const TIMM_VGG = /^(.*?)(pre_logits\.fc1|pre_logits\.fc2|head\.fc)\.(weight|bias)$/;
const TIMM_PLACES: Readonly<Record<string, string>> = {
  'pre_logits.fc1': 'classifier.0',
  'pre_logits.fc2': 'classifier.3',
  'head.fc': 'classifier.6',
};

/** The tensors of a network, by names as torchvision uses them today. */
export function plainNames(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  const plain = new Map<string, StoredTensor>();
  const ofTimm = [...tensors.keys()].some((name) => /(^|\.)pre_logits\.fc1\./.test(name));
  for (const [name, tensor] of tensors) {
    if (COUNTER.test(name)) continue;
    const [, prefix, layer = '', kind] = (ofTimm && TIMM_VGG.exec(name)) || [];
    if (layer === '') plain.set(name.replace(OLD_DENSENET, '$1$2'), tensor);
    else plain.set(`${prefix}${TIMM_PLACES[layer]}.${kind}`, asMatrix(tensor));
  }
  return plain;
}

/** A kernel (outputs, inputs, height, width) as that of a flattened image, which has the same order. */
function asMatrix(tensor: StoredTensor): StoredTensor {
  const [outputs = 0, ...inputs] = tensor.shape;
  return inputs.length === 3 ? { ...tensor, shape: [outputs, elements(inputs)] } : tensor;
}
