/**
 * Several right classes for an image: the format of ReaL, a JSON list with a list of classes for
 * each validation image; images with an empty list are left out, as its authors do. Beyer et al.,
 * 2020, "Are we done with ImageNet?", section 4; github.com/google-research/reassessed-imagenet
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Dataset } from '../data/dataset.js';
import { DataError } from '../errors.js';
import { systemReason } from '../system/system-errors.js';
import { decodeText } from '../system/text.js';
import { KEPT, type Outcomes } from './outcomes.js';
import { type Interval, wilson } from './statistics.js';

/** For each image of a split its right classes. */
export type RealLabels = readonly (readonly number[])[];

export interface RealScores {
  /** Images that have a right class. */
  readonly images: number;
  readonly top1: number;
  readonly top1_interval: Interval;
  readonly top5: number;
  readonly top5_interval: Interval;
}

const schema = z.array(z.array(z.int().min(0)));

/** The number of a validation image of ILSVRC, from 1. */
const NUMBER = /ILSVRC2012_val_(\d{8})\./;

/** Reads the labels of the validation images of a dataset, in its order. */
export async function readRealLabels(
  file: string,
  { val, classes, root }: Pick<Dataset, 'val' | 'classes' | 'root'>,
): Promise<RealLabels> {
  const lists = parseLists(file, await textOf(file));
  const { images } = val;
  const numbers = Array.from({ length: images.length }, (_, index) => {
    return Number(NUMBER.exec(images.name(index))?.[1] ?? Number.NaN);
  });
  const numbered = numbers.every((number) => number >= 1 && number <= lists.length);
  if (!numbered && lists.length !== images.length) {
    throw new DataError(
      `Expected --real-labels ${file} to have a list for each of the ${images.length} validation images of ${root} but it has ${lists.length}`,
    );
  }
  // ReaL's lists are in the order of the images' numbers, and not in that of their classes.
  const found = numbers.map((number, index) => lists[numbered ? number - 1 : index] ?? []);
  const strange = found.flat().find((label) => label >= classes.length);
  if (strange !== undefined) {
    throw new DataError(
      `Expected --real-labels ${file} to have classes of 0 to ${classes.length - 1} but it has ${strange}`,
    );
  }
  checkOrder(file, found, val.labels);
  return found;
}

/** Nine of ten of ImageNet's images have their own class among ReaL's. */
const LEAST_AGREEMENT = 0.5;

/** Throws where the lists are in another order, such as those of ILSVRC for images that were packed. */
function checkOrder(file: string, found: RealLabels, labels: Int32Array): void {
  const counted = [...found.entries()].filter(([, list]) => list.length > 0);
  const agree = counted.filter(([image, list]) => list.includes(labels[image] as number)).length;
  if (agree >= LEAST_AGREEMENT * counted.length) return;
  const share = ((100 * agree) / counted.length).toFixed(0);
  throw new DataError(
    `Expected the lists of --real-labels ${file} in the order of the validation images and with the numbers of their classes, but only ${share} % of the images have their own class in theirs`,
  );
}

/** Counts an image as right where one of its classes is the likeliest, or among the first five. */
export function realScores(outcomes: Outcomes, real: RealLabels): RealScores {
  const counted = [...real.entries()].filter(([, labels]) => labels.length > 0);
  const hits = (k: number) =>
    counted.filter(([image, labels]) => {
      return outcomes
        .topOf(image)
        .slice(0, k)
        .some((label) => labels.includes(label));
    }).length;
  const images = counted.length;
  const [first, five] = [hits(1), hits(KEPT)];
  const percent = (count: number) => (images === 0 ? 0 : (100 * count) / images);
  return {
    images,
    ...{ top1: percent(first), top1_interval: wilson(first, images) },
    ...{ top5: percent(five), top5_interval: wilson(five, images) },
  };
}

async function textOf(file: string): Promise<string> {
  try {
    return decodeText(await readFile(file));
  } catch (cause) {
    throw new DataError(`Cannot read the --real-labels file ${file}: ${systemReason(cause)}`, {
      cause,
    });
  }
}

function parseLists(file: string, text: string): number[][] {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DataError(
      `Expected --real-labels ${file} to be a JSON list with a list of class numbers for each image, such as [[0], [7, 12], []]`,
      { cause },
    );
  }
}
