import { type BadImageSettings, BadImages } from '../data/batches/bad-images.js';
import type { Split } from '../data/dataset.js';
import type { DecodeOptions } from '../data/decode/decode-options.js';
import { readPyramids } from '../data/passes/pyramid.js';
import { createStopwatch, paceOf, timed } from '../session/pace.js';
import type { Reporter } from '../session/reporter.js';
import { Averages } from './averages.js';
import { Outcomes } from './outcomes.js';
import { type Member, ViewRunner } from './view-runner.js';

export interface ViewsOptions extends BadImageSettings {
  readonly batchSize: number;
  readonly workers: number;
  readonly reading: DecodeOptions;
  /** Seconds for which an image whose directory is gone is tried again. */
  readonly patience?: number;
  readonly reporter: Reporter;
}

/**
 * Evaluates networks on a split under all of their protocols in one pass: each image is decoded
 * once. Returns the outcomes of each protocol, and the images that could not be read.
 */
export async function evaluateViews(
  members: readonly Member[],
  { images, labels }: Split,
  { batchSize, workers, reading, patience, reporter, ...bad }: ViewsOptions,
): Promise<{ outcomes: Outcomes[]; unreadable: ReadonlyMap<string, string> }> {
  const protocols = (members[0] as Member).protocols;
  const outcomes = protocols.map(() => new Outcomes(labels));
  const averages = outcomes.map((kept, place) => new Averages(kept, viewsOfAll(members, place)));
  const runners = members.map((member) => {
    const nameOf = (image: number) => images.name(image);
    return new ViewRunner(member, batchSize, averages, 1 / members.length, nameOf);
  });
  const shorts = [
    ...new Set(members.flatMap((member) => member.protocols.flatMap(({ scales }) => scales))),
  ].sort((a, b) => a - b);
  const badImages = new BadImages(images, bad);
  const stopwatch = createStopwatch();
  const pyramids = readPyramids(images, workers, {
    ...{ reading, shorts },
    ...(patience !== undefined && { patience }),
  });
  reporter.begin('evaluation', images.length);
  try {
    for await (const { index, images: found } of timed(pyramids, stopwatch.wait)) {
      if (typeof found === 'string') {
        badImages.record([index], [[index, { reason: found, system: false }]]);
      } else {
        const resized = new Map(shorts.map((short, place) => [short, found[place] as never]));
        for (const runner of runners) await runner.add(index, resized);
      }
      stopwatch.count(1);
      reporter.advance(index + 1, paceOf(stopwatch.recent()));
    }
    for (const runner of runners) await runner.finish();
    return { outcomes, unreadable: badImages.unreadable };
  } finally {
    for (const runner of runners) runner.dispose();
    reporter.end();
  }
}

function viewsOfAll(members: readonly Member[], place: number): number {
  return members.reduce((sum, { protocols }) => sum + (protocols[place]?.views ?? 0), 0);
}
