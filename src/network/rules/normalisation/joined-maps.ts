/** The layers of a dense block on its one tensor; ../joined-maps.ts says how they work together. */

import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../../errors.js';
import { runKernel, runKernelForList, share } from '../../run-kernel.js';
import type { JoinedMaps, LayerNode, Operation } from '../rule.js';

/**
 * A join: appends its last input to the joined maps. The one that creates them has no other input.
 */
export function appendMaps(node: LayerNode, joined: JoinedMaps): Operation {
  const { inputShapes, outputShape, differentiable } = node;
  const { channels } = joined;
  const added = inputShapes.at(-1)?.at(-1) as number;
  const offset = (outputShape.at(-1) as number) - added;
  const starts = inputShapes.length === 1;
  return {
    keeps: { inputs: [], output: false },
    joins: true,
    forward(inputs, { training }) {
      const x = inputs.at(-1) as tf.Tensor;
      const attributes = { offset, channels, statistics: training };
      if (starts) {
        const made = runKernelForList('AppendChannels', { x }, attributes);
        const [maps, mean, variance] = made as [tf.Tensor, tf.Tensor, tf.Tensor];
        Object.assign(joined, { mean, variance, gradient: undefined });
        return maps;
      }
      const [maps] = inputs as [tf.Tensor];
      const { mean, variance } = joined;
      runKernelForList('AppendChannels', { x, joined: maps, mean, variance }, attributes);
      return share(maps);
    },
    backward(dy) {
      const begin = [...dy.shape.map(() => 0).slice(1), offset];
      const size = [...dy.shape.slice(0, -1), added];
      const slice = () => runKernel('Slice', { x: dy }, { begin, size });
      const dx = differentiable.at(-1) ? slice() : undefined;
      if (starts) return [dx];
      joined.gradient = differentiable[0] ? share(dy) : undefined;
      return [joined.gradient, dx];
    },
    // The tidy around the pass has freed them.
    abandon: () => void Object.assign(joined, NOTHING),
  };
}

const NOTHING = { mean: undefined, variance: undefined, gradient: undefined };

const NOT_SYNCHRONISED =
  '--sync-bn does not know the dense blocks of DenseNet, whose layers share their statistics: leave it out';

/** Batch normalisation and ReLU of the first channels of the joined maps. */
export function normOfJoined(node: LayerNode, joined: JoinedMaps): Operation | undefined {
  const [gamma, beta, mean, variance] = node.weights.map(({ variable }) => variable);
  if (!gamma || !beta || !mean || !variance) return undefined;
  const [dGammaWeight, dBetaWeight] = node.weights;
  const frozen = dGammaWeight?.index === undefined && dBetaWeight?.index === undefined;
  const { epsilon, momentum, unbiased = false } = node.config;
  const channels = node.inputShapes[0]?.at(-1) as number;
  const activation = node.activation ?? 'linear';
  const learns = node.differentiable[0] === true;
  const first = learns && channels === joined.channels;
  const attributes = { channels, epsilon, activation, momentum, unbiased };
  const gradient = { channels, epsilon, activation, frozen, first };
  const running = { gamma, beta, mean, variance };
  const ofBatch = () => ({ gamma, beta, mean: joined.mean, variance: joined.variance });
  return {
    keeps: { inputs: [0], output: false },
    mixesTypes: true,
    forward([x], { training, together }) {
      if (training && together?.syncNorm) throw new UsageError(NOT_SYNCHRONISED);
      if (frozen || !training) return runKernel('BatchNormSlice', { x, ...running }, attributes);
      const inputs = { x, ...ofBatch(), runningMean: mean, runningVariance: variance };
      return runKernel('BatchNormSlice', inputs, attributes);
    },
    backward(dy, [x], _output, pass) {
      const statistics = frozen ? running : ofBatch();
      const dJoined = learns && !first ? joined.gradient : undefined;
      const results = runKernelForList(
        'BatchNormSliceGrad',
        { x, dy, ...statistics, dJoined },
        gradient,
      );
      const [dGamma, dBeta, dx] = results as [tf.Tensor, tf.Tensor, tf.Tensor | undefined];
      pass.addGradient(dGammaWeight, dGamma);
      pass.addGradient(dBetaWeight, dBeta);
      // All but the first have added theirs to `joined.gradient` and return none.
      return [dx];
    },
  };
}
