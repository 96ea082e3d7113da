/** Layers that join the halves of a network on two processes (src/archs/layers/divided.ts). */
import type * as tf from '@tensorflow/tfjs-core';
import { addInto, runKernel, runKernelForList } from '../run-kernel.js';
import type { LayerNode, Operation, Pass } from './rule.js';

/** They draw nothing: without them the layers have the places of the undivided network. */
export const DIVIDED: readonly string[] = ['JoinedChannels', 'BorderedChannels', 'OwnChannels'];

/** JoinedChannels: where halves follow, each process has a part of the gradient of all channels. */
export function joinedChannels({ config }: LayerNode): Operation {
  const half = config['half'] as number;
  const alike = config['alike'] as boolean;
  return {
    keeps: { inputs: [], output: false },
    forward([x], pass) {
      const halves = ofBoth(x as tf.Tensor, pass);
      const joined = runKernel('Concat', halves, { axis: (x as tf.Tensor).rank - 1 });
      for (const part of halves) part.dispose();
      return joined;
    },
    backward(dy, _, __, pass) {
      const channels = (dy.shape.at(-1) as number) / 2;
      const halves = split(dy, [channels, channels]);
      const [own, other] = [halves[half], halves[1 - half]] as [tf.Tensor, tf.Tensor];
      if (alike) {
        other.dispose();
        return [own];
      }
      return [addInto(own, fromOther(other, half, pass))];
    },
  };
}

/** BorderedChannels: the first process has the other's first channels after its own. */
export function borderedChannels({ config }: LayerNode): Operation {
  const half = config['half'] as number;
  const width = config['width'] as number;
  return {
    keeps: { inputs: [], output: false },
    forward([x], pass) {
      const own = x as tf.Tensor;
      const inner = (own.shape.at(-1) as number) - width;
      const parts = split(own, inOrder(half, inner, width));
      parts[half]?.dispose();
      const other = fromOther(parts[1 - half] as tf.Tensor, half, pass);
      const bordered = runKernel('Concat', inOrder(half, own, other), { axis: own.rank - 1 });
      other.dispose();
      return bordered;
    },
    backward(dy, _, __, pass) {
      const channels = (dy.shape.at(-1) as number) - width;
      const parts = split(dy, inOrder(half, channels, width));
      const [own, border] = [parts[half], parts[1 - half]] as [tf.Tensor, tf.Tensor];
      const back = fromOther(border, half, pass);
      const padded = withZeros(back, channels - width, half === 0 ? 'before' : 'after');
      back.dispose();
      return [addInto(own, padded)];
    },
  };
}

/** OwnChannels. */
export function ownChannels({ config }: LayerNode): Operation {
  const half = config['half'] as number;
  const width = config['width'] as number;
  return {
    keeps: { inputs: [], output: false },
    forward([x]) {
      const channels = ((x as tf.Tensor).shape.at(-1) as number) - width;
      const parts = split(x as tf.Tensor, inOrder(half, channels, width));
      parts[1 - half]?.dispose();
      return parts[half] as tf.Tensor;
    },
    backward: (dy) => [withZeros(dy, width, half === 0 ? 'after' : 'before')],
  };
}

/** What is of this half and what is of the other one, the first half's first. */
function inOrder<T>(half: number, own: T, other: T): T[] {
  return half === 0 ? [own, other] : [other, own];
}

/** The values of both processes, the first one's first. */
function ofBoth(x: tf.Tensor, { step }: Pass): tf.Tensor[] {
  return runKernelForList('AllGather', [x], { step, processes: 2 });
}

/** Takes over what is sent to the other process; what it sends. */
function fromOther(sent: tf.Tensor, half: number, pass: Pass): tf.Tensor {
  const both = ofBoth(sent, pass);
  sent.dispose();
  both[half]?.dispose();
  return both[1 - half] as tf.Tensor;
}

function split(x: tf.Tensor, numOrSizeSplits: number[]): tf.Tensor[] {
  return runKernelForList('SplitV', { x }, { numOrSizeSplits, axis: x.rank - 1 });
}

/** With channels of zeros on one side. */
function withZeros(x: tf.Tensor, channels: number, side: 'before' | 'after'): tf.Tensor {
  const added = side === 'before' ? [channels, 0] : [0, channels];
  const paddings = x.shape.map((_, axis) => (axis === x.rank - 1 ? added : [0, 0]));
  return runKernel('PadV2', { x }, { paddings, constantValue: 0 });
}
