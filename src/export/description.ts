/** What whoever opens an exported network has to know. */
import { protocolsOf } from '../evaluate/protocols/protocol.js';
import type { TrainedModel } from '../evaluate/trained-model.js';
import { packageVersion } from '../package-root.js';
import { type NetworkCard, wordsOf } from '../session/network-card.js';
import type { InferenceGraph } from './graph/operations.js';

export type Layout = 'NHWC' | 'NCHW';

export interface Description {
  readonly producer: string;
  readonly architecture: string;
  /** Where they are not the defaults. */
  readonly architectureOptions: readonly string[];
  readonly input: {
    readonly name: string;
    readonly layout: Layout;
    readonly height: number;
    readonly width: number;
    readonly channels: number;
    readonly colours: 'RGB' | 'grey';
    /** How a value comes from a pixel of 0 to 255. */
    readonly values: string;
  };
  readonly output: { readonly name: string; readonly values: 'logits' | 'probabilities' };
  /** Of pixels in [0, 1], for each channel; the graph does it itself where it takes pixels. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** How an image comes to the size of the input. */
  readonly resize: {
    readonly rule: string;
    readonly shortSide: number;
    /** Of black pixels on each side. */
    readonly padding: number;
    readonly crop: number;
  };
  readonly classes: readonly string[];
  /** What people call each class, where that is known. */
  readonly words?: readonly string[];
  readonly accuracy?: Accuracy;
}

/** In percent, as the run measured it. */
export interface Accuracy {
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
  readonly images: number;
  readonly data?: string;
  readonly protocol: string;
}

/** The description of a graph whose weights a trained model has; `card` is how it sees images. */
export function describe(
  { input, output }: InferenceGraph,
  trained: Pick<TrainedModel, 'architecture' | 'measured'>,
  card: NetworkCard,
  layout: Layout,
): Description {
  const [height = 0, width = 0, channels = 0] = input.shape;
  const words = wordsOf(card);
  const { transform } = card;
  const accuracy = accuracyOf(trained, card);
  return {
    producer: `cnn ${packageVersion()}`,
    architecture: card.arch,
    architectureOptions: card.archOptions ?? [],
    input: {
      name: input.name,
      layout,
      height,
      width,
      channels,
      colours: channels === 3 ? 'RGB' : 'grey',
      values: input.pixels ? 'pixels from 0 to 255' : '(pixel / 255 - mean) / std',
    },
    output,
    mean: card.mean,
    std: card.std,
    resize: {
      rule: ruleOf(transform),
      shortSide: shortSideOf(transform),
      padding: transform.pad,
      crop: transform.size,
    },
    classes: card.classes,
    ...(words && { words }),
    ...(accuracy && { accuracy }),
  };
}

function shortSideOf({ resize }: NetworkCard['transform']): number {
  return typeof resize === 'number' ? resize : resize[0];
}

function ruleOf(transform: NetworkCard['transform']): string {
  const { pad, size } = transform;
  const around = pad > 0 ? `, ${pad} black pixels on each side` : '';
  return `short side to ${shortSideOf(transform)} pixels, bilinear with antialiasing${around}, centre crop of ${size}×${size}`;
}

/** The accuracy in the run, if the network sees images as it did there. */
function accuracyOf(
  { architecture, measured }: Pick<TrainedModel, 'architecture' | 'measured'>,
  { transform, mean, std }: NetworkCard,
): Accuracy | undefined {
  if (measured === undefined) return undefined;
  const { scores, data, card } = measured;
  const alike = JSON.stringify([card.transform, card.mean, card.std]);
  if (JSON.stringify([transform, mean, std]) !== alike) return undefined;
  const usual = { crops: null, scales: null, mirror: null, resizeSize: null };
  const [protocol] = protocolsOf(usual, architecture, transform);
  const { top1, top5, loss, images } = scores;
  return { top1, top5, loss, images, ...(data && { data }), protocol: protocol?.stamp ?? '' };
}
