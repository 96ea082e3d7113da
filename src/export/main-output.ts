import { type LayersModel, model as layersModel } from '@tensorflow/tfjs-layers';

/** The same layers without those of auxiliary heads, which training alone needs. */
export function withoutHeads({ inputs, outputs, name }: LayersModel): LayersModel {
  const [logits] = outputs;
  if (logits === undefined) throw new Error(`${name} has no output`);
  return layersModel({ inputs, outputs: logits, name });
}
