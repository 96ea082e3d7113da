import { z } from 'zod';
import { withFormerNames } from '../former-names.js';
import { networkCardSchema } from '../session/network-card.js';

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

/** The progress of a run. */
const progress = withFormerNames(
  z.object({
    /** Epochs that are complete, and the steps taken in the one after them. */
    epoch: z.int(),
    stepInEpoch: z.int(),
    /** Steps in all. */
    step: z.int(),
    /** Counters, seconds and images of the epoch that is not complete. */
    counters: z.object({ totals, window: z.array(z.number()) }),
    seconds: z.object({ all: z.number(), training: z.number(), waiting: z.number() }),
    images: z.int(),
    /** The last evaluation and the best one, which was made after that step. */
    last: scores.optional(),
    best: scores.extend({ epoch: z.int(), step: z.int().exactOptional() }).optional(),
    /** The rows of summary.csv; null for what is no number. Absent in the first checkpoints. */
    rows: z.array(z.record(z.string(), z.number().nullable())).exactOptional(),
  }),
  { images: 'pictures' },
);

export const stateSchema = z.object({
  format: z.literal(1),
  seed: z.int(),
  network: networkCardSchema,
  progress,
  /** What optimizer.bin holds, in this order; absent in the first checkpoints. */
  tensors: z.array(z.object({ name: z.string(), shape: z.array(z.int()) })).exactOptional(),
  /** The states of parts of the training that have more than tensors, by the name of the part. */
  parts: z.record(z.string(), z.json()).exactOptional(),
  files: z.record(z.string(), z.object({ bytes: z.int(), sha256: z.string() })),
});

export type CheckpointState = z.infer<typeof stateSchema>;
export type Progress = CheckpointState['progress'];
