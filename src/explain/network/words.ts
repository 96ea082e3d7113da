/** A layer in the words of papers: `7×7 conv, 64`. */
import type { GraphNode } from '../../network/graph.js';
import { windowOf } from './window.js';

/** What boxes of a drawing have a colour for. */
export type Kind = 'conv' | 'pool' | 'norm' | 'dense' | 'join' | 'other';

export interface Words {
  readonly kind: Kind;
  readonly text: string;
  /** Above 1. */
  readonly stride?: number;
}

/** The layers that are boxes of their own; undefined for all others. */
export function wordsOf(node: GraphNode): Words | undefined {
  const { kind, config } = node;
  const window = windowOf(node);
  const side = window && `${window.side}×${window.side}`;
  const strided = window !== undefined && window.stride > 1 ? { stride: window.stride } : {};
  switch (kind) {
    case 'Conv2D':
    case 'GroupConv2D':
    case 'PartialConv2D': {
      const groups = Number(config['groups'] ?? 1);
      const more = kind === 'PartialConv2D' ? ', in part' : groups > 1 ? `, ${groups} groups` : '';
      return { kind: 'conv', text: `${side} conv, ${channels(node)}${more}`, ...strided };
    }
    case 'MaxPooling2D':
      return { kind: 'pool', text: `${side} max pool`, ...strided };
    case 'AveragePooling2D':
      return { kind: 'pool', text: `${side} average pool`, ...strided };
    case 'Subsampling2D':
      return { kind: 'pool', text: `${side} subsampling`, ...strided };
    case 'GlobalAveragePooling2D':
      return { kind: 'pool', text: `${side} global average pool` };
    case 'AdaptiveAveragePooling2D':
      return { kind: 'pool', text: `average pool to ${node.outputShape.slice(1, 3).join('×')}` };
    case 'LocalResponseNormalization':
      return { kind: 'norm', text: 'LRN' };
    case 'Dense':
      return { kind: 'dense', text: `fc, ${channels(node)}` };
    case 'Add':
      return { kind: 'join', text: '+' };
    case 'Concatenate':
      return { kind: 'join', text: 'concat' };
    default:
      return undefined;
  }
}

const ACTIVATIONS: Readonly<Record<string, string>> = { relu: 'ReLU' };

/** What a layer does value by value, after another one: `ReLU`; undefined where it is none such. */
export function noteOf({ kind, config }: GraphNode): string | undefined {
  if (kind === 'BatchNormalization') return 'BN';
  if (kind === 'Activation') return activationText(config['activation']);
  if (kind === 'ScaledTanh') return '1.72 tanh';
  if (kind === 'Dropout') return `dropout ${config['rate']}`;
  return undefined;
}

/** The activation inside a convolution or dense layer. */
export function ownNotes({ kind, config }: GraphNode): string[] {
  const own = kind === 'Activation' ? undefined : activationText(config['activation']);
  return own === undefined ? [] : [own];
}

function activationText(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === 'linear') return undefined;
  return ACTIVATIONS[name] ?? name;
}

function channels({ outputShape }: GraphNode): number {
  return outputShape.at(-1) ?? 0;
}
