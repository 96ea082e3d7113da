import { z } from 'zod';
import { withFormerNames } from '../former-names.js';

const totals = z.object({
  lossSum: z.number(),
  top1: z.number(),
  top5: z.number(),
  labelled: z.number(),
});
const scores = z.object({
  loss: z.number(),
  top1: z.number(),
  top5: z.number(),
  images: z.int(),
});
const pair = z.tuple([z.number(), z.number()]).readonly();
const transform = z.object({
  resize: z.union([z.int(), pair]),
  crop: z.enum(['random', 'centre', 'area']),
  area: pair.exactOptional(),
  aspect: pair.exactOptional(),
  size: z.int(),
  // Was false in the first checkpoints.
  mirror: z.preprocess((value) => (value === false ? 0 : value), z.number()),
  pad: z.int(),
  colour: z.number().exactOptional(),
});

/** What a network is and how images are made ready for it: enough to evaluate without the run. */
const network = z.object({
  arch: z.string(),
  classes: z.array(z.string()).min(1),
  /** What the dataset called each class, where that is more than the words of ILSVRC's wnids. */
  words: z.array(z.string()).exactOptional(),
  inputSize: z.int(),
  channels: z.union([z.literal(1), z.literal(3)]),
  /** Built with the auxiliary heads that it has in training. */
  auxiliary: z.boolean().default(false),
  transform,
  mean: z.array(z.number()),
  std: z.array(z.number()),
});

/** How far a run came. */
const progress = withFormerNames(z.object({
  /** Epochs that are complete, and the steps taken in the one after them. */
  epoch: z.int(),
  stepInEpoch: z.int(),
  /** Steps in all. */
  step: z.int(),
  /** Counters, seconds and images of the epoch that is not complete. */
  counters: z.object({ totals, window: z.array(z.number()) }),
  seconds: z.object({ all: z.number(), training: z.number(), waiting: z.number() }),
  images: z.int(),
  /** The last evaluation and the best one. */
  last: scores.optional(),
  best: scores.extend({ epoch: z.int() }).optional(),
}), { images: 'pictures' });

export const stateSchema = z.object({
  format: z.literal(1),
  seed: z.int(),
  network,
  progress,
  files: z.record(z.string(), z.object({ bytes: z.int(), sha256: z.string() })),
});

export type CheckpointState = z.infer<typeof stateSchema>;
export type NetworkCard = CheckpointState['network'];
export type Progress = CheckpointState['progress'];
