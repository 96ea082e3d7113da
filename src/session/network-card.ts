import { z } from 'zod';
import { type Architecture, findArchitecture, withOptions } from '../archs/index.js';
import { checkTransform } from '../augment/index.js';
import { perChannel } from '../colours.js';
import { imagenetWords } from '../data/layouts/labels/imagenet-words.js';
import { UsageError } from '../errors.js';
import { MOST_SIDE } from '../image-size.js';
import { evaluationTransform } from './augmentation.js';

const pair = z.tuple([z.number(), z.number()]).readonly();

/** The most classes that are believed: a network of more has no place in memory. */
const MOST_CLASSES = 2 ** 20;

const transformSchema = z.object({
  resize: z.union([z.int().max(MOST_SIDE), pair]),
  crop: z.enum(['random', 'centre', 'area']),
  area: pair.exactOptional(),
  aspect: pair.exactOptional(),
  size: z.int().max(MOST_SIDE),
  // Was false in the first checkpoints.
  mirror: z.preprocess((value) => (value === false ? 0 : value), z.number()),
  pad: z.int().max(MOST_SIDE),
  colour: z.number().exactOptional(),
});

/**
 * The description of a trained network: what it is and how images become its input. A checkpoint
 * keeps it, and it is enough to evaluate without the run.
 */
export const networkCardSchema = z
  .object({
    arch: z.string(),
    /** Where they are not the defaults: `lrn=false`. */
    archOptions: z.array(z.string()).exactOptional(),
    classes: z.array(z.string()).min(1).max(MOST_CLASSES),
    /** What the dataset called each class, where that is more than the words of ILSVRC's wnids. */
    words: z.array(z.string()).exactOptional(),
    inputSize: z.int().min(1).max(MOST_SIDE),
    channels: z.union([z.literal(1), z.literal(3)]),
    /** Built with the auxiliary heads that it has in training. */
    auxiliary: z.boolean().default(false),
    transform: transformSchema,
    mean: z.array(z.number()),
    std: z.array(z.number().positive()),
  })
  .superRefine(
    ({ channels, mean, std, inputSize, transform, classes, words = classes }, context) => {
      const problem = (path: string, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message });
      if (mean.length !== channels)
        problem('mean', `expected one for each of ${channels} channels`);
      if (std.length !== channels) problem('std', `expected one for each of ${channels} channels`);
      if (words.length !== classes.length) problem('words', `expected ${classes.length} of them`);
      if (transform.size !== inputSize)
        problem('transform', `expected its size to be ${inputSize}`);
      try {
        checkTransform(transform);
      } catch (error) {
        problem('transform', (error as Error).message);
      }
    },
  );

export type NetworkCard = z.infer<typeof networkCardSchema>;

/** The card of a network that is to be trained. Throws a UsageError for heads that it cannot have. */
export function networkCard(
  architecture: Architecture,
  options: {
    classes: readonly string[];
    /** What people call each class; empty texts where nothing says. */
    words?: readonly string[];
    inputSize: number;
    /** Short side of images in evaluations; the recipe's where it is left out or null. */
    resizeSize?: number | null;
    channels: 1 | 3;
    /** `--aux-weight`; 0, or nothing, for a network without heads. */
    auxWeight?: number;
    /** Of the colours, in [0, 1] units; the recipe's where they are left out. */
    mean?: readonly number[];
    std?: readonly number[];
  },
): NetworkCard {
  const { recipe } = architecture;
  const { auxWeight = 0 } = options;
  if (auxWeight > 0 && !architecture.auxiliary) {
    throw new UsageError(
      `Expected no --aux-weight above 0 for ${architecture.name}, which has no auxiliary heads, but received ${auxWeight}`,
    );
  }
  return {
    arch: architecture.name,
    ...(architecture.given && { archOptions: [...architecture.given] }),
    classes: [...options.classes],
    ...ownWords(options.classes, options.words),
    inputSize: options.inputSize,
    channels: options.channels,
    auxiliary: auxWeight > 0,
    transform: evaluationTransform(recipe.transform.val, options.inputSize, options.resizeSize),
    mean: perChannel(options.mean ?? recipe.mean, options.channels),
    std: perChannel(options.std ?? recipe.std, options.channels),
  };
}

/** What people call each class; undefined where nothing says it of any. */
export function wordsOf({ classes, words }: Pick<NetworkCard, 'classes' | 'words'>) {
  const all = words ?? classes.map(imagenetWords);
  return all.some((text) => text !== '') ? all : undefined;
}

/** The network that a card describes. */
export function architectureOfCard({ arch, archOptions = [] }: NetworkCard): Architecture {
  return withOptions(findArchitecture(arch), archOptions);
}

/** The network that the settings in run.json name. */
export function architectureOfSettings(
  settings: Readonly<Record<string, { readonly value: unknown } | undefined>>,
): Architecture {
  const options = settings['arch-options']?.value;
  const network = findArchitecture(String(settings['arch']?.value));
  return withOptions(network, Array.isArray(options) ? options.map(String) : []);
}

/** The words of the classes, unless they are the known ones of ILSVRC's wnids. */
function ownWords(classes: readonly string[], words: readonly string[] = []) {
  const own = words.some((text, label) => text !== imagenetWords(classes[label] ?? ''));
  return own ? { words: [...words] } : {};
}
