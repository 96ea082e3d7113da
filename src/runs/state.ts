import { z } from 'zod';
import { withFormerNames } from '../former-names.js';
import { networkCardSchema } from '../session/network-card.js';
import { specSchema } from './checkpoint/spec.js';

const count = z.int().min(0);
const percent = z.number().min(0).max(100);
const seconds = z.number().min(0);
const totals = z.object({ lossSum: z.number(), top1: count, top5: count, labelled: count });
export const scoresSchema = z.object({
  loss: z.number(),
  top1: percent,
  top5: percent,
  images: count,
});
/** The counters of a loss; none where no step is in the window. */
const window = z.union([z.array(z.number()).length(0), z.array(z.number()).length(4)]);

/** The progress of a run. */
const progress = withFormerNames(
  z.object({
    /** Epochs that are complete, and the steps taken in the one after them. */
    epoch: count,
    stepInEpoch: count,
    /** Steps in all. */
    step: count,
    /** Counters, seconds and images of the epoch that is not complete. */
    counters: z.object({ totals, window }),
    seconds: z.object({ all: seconds, training: seconds, waiting: seconds }),
    images: count,
    /**
     * The last evaluation and the best one, which was made after that step: one of the averaged
     * weights in a training that has them.
     */
    last: scoresSchema.optional(),
    best: scoresSchema
      .extend({
        epoch: count,
        step: count.exactOptional(),
        averaged: z.literal(true).exactOptional(),
      })
      .optional(),
    /** The rows of summary.csv; null for what is no number. Absent in the first checkpoints. */
    rows: z.array(z.record(z.string(), z.number().nullable())).exactOptional(),
  }),
  { images: 'pictures' },
);

export const stateSchema = z.object({
  format: z.literal(1),
  seed: count.max(0xffffffff),
  network: networkCardSchema,
  progress,
  /** What optimizer.bin holds, in this order; absent in the first checkpoints. */
  tensors: z.array(specSchema).exactOptional(),
  /** The states of parts of the training that have more than tensors, by the name of the part. */
  parts: z.record(z.string(), z.json()).exactOptional(),
  files: z.record(z.string(), z.object({ bytes: count, sha256: z.string() })),
});

export type CheckpointState = z.infer<typeof stateSchema>;
export type Progress = CheckpointState['progress'];

/** Whether the checkpoint of this progress is the best one. */
export function isBest({ best, last, step, epoch, stepInEpoch }: Progress): boolean {
  if (best === undefined) return false;
  if (best.step !== undefined) return best.step === step;
  // Of the first checkpoints, which were written at the end of an epoch.
  return last !== undefined && best.epoch === epoch + Number(stepInEpoch > 0);
}
