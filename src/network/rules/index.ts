/**
 * The rules, by the class name of the layer. To add one: write a function that turns a LayerNode
 * into an Operation, list it here, and add a case to test/network/rules.test.ts.
 */
import { activation, scaledTanh } from './activation.js';
import { borderedChannels, joinedChannels, ownChannels } from './divided.js';
import { dropout } from './dropout.js';
import { add, concatenate } from './merge.js';
import { batchNormalization } from './normalisation/batch-norm.js';
import { localResponse } from './normalisation/local-response.js';
import { averagePool, maxPool } from './pooling/pool.js';
import { subsampling } from './pooling/subsampling.js';
import { adaptiveAveragePool, globalAveragePool } from './pooling/window-means.js';
import { convolution } from './products/convolution.js';
import { dense } from './products/dense.js';
import { zeroPadding } from './products/padding.js';
import { partialConvolution } from './products/partial-convolution.js';
import { reshape } from './reshape.js';
import type { LayerNode, Operation, Rule } from './rule.js';
import { taped } from './tape.js';

const RULES: Readonly<Record<string, Rule>> = {
  Activation: activation,
  AdaptiveAveragePooling2D: adaptiveAveragePool,
  Add: add,
  AveragePooling2D: averagePool,
  BatchNormalization: batchNormalization,
  BorderedChannels: borderedChannels,
  Concatenate: concatenate,
  Conv2D: convolution,
  Dense: dense,
  Dropout: dropout,
  Flatten: reshape,
  GlobalAveragePooling2D: globalAveragePool,
  GroupConv2D: convolution,
  JoinedChannels: joinedChannels,
  LocalResponseNormalization: localResponse,
  MaxPooling2D: maxPool,
  OwnChannels: ownChannels,
  PartialConv2D: partialConvolution,
  Reshape: reshape,
  ScaledTanh: scaledTanh,
  Subsampling2D: subsampling,
  ZeroPadding2D: zeroPadding,
};

/** The operation of a layer: by its rule, else by tfjs's tape. */
export function operationOf(node: LayerNode): Operation {
  return RULES[node.layer.getClassName()]?.(node) ?? taped(node);
}
