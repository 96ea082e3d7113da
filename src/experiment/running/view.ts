import type { Reporter } from '../../session/reporter.js';
import { clock, duration } from '../../time.js';
import type { Forecast } from './forecast.js';
import type { PlannedRun } from './runs.js';
import type { Seen, Task } from './trainer.js';

/** The bar: runs that are done, and below it the part and the time of the whole. */
export function createView(
  forecast: Forecast,
  waiting: readonly Task[],
  {
    reporter,
    total,
    before,
  }: { readonly reporter: Reporter; readonly total: number; readonly before: number },
) {
  const names = new Set<string>();
  const rates = new Map<string, Seen>();
  let done = before;
  const secondsLeft = () => forecast.secondsLeft(waiting.map(({ run }) => run.cell.name));

  function show() {
    if (names.size > 0) reporter.begin(`runs ${[...names].join(', ')}`, total, done);
  }

  function end({ name }: PlannedRun, whole: boolean) {
    names.delete(name);
    rates.delete(name);
    forecast.end(name, whole);
    show();
  }

  return {
    begin({ name, cell }: PlannedRun) {
      names.add(name);
      forecast.begin(name, cell.name);
      show();
    },
    advance({ name }: PlannedRun, seen: Seen) {
      rates.set(name, seen);
      forecast.advance(name, seen.total === 0 ? 1 : seen.done / seen.total, seen.secondsLeft);
      const all = [...rates.values()];
      const left = secondsLeft();
      const share = (100 * (done + forecast.runningShare)) / total;
      reporter.advance(done, {
        imagesPerSecond: all.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0),
        dataWaitPercent: Math.max(...all.map(({ dataWaitPercent }) => dataWaitPercent)),
        run: { done: share, total: 100, ...(left !== undefined && { secondsLeft: left }) },
      });
    },
    /** `whole`: in one piece, so that it tells how long others take. */
    finish(run: PlannedRun, whole: boolean) {
      done++;
      end(run, whole);
    },
    fail: (run: PlannedRun) => end(run, false),
    /** `about 12m left, ends 14:32`, after a text; empty where nothing is known or left. */
    timeText(before = ''): string {
      const seconds = secondsLeft();
      if (seconds === undefined || seconds === 0) return '';
      const end = new Date(Date.now() + 1000 * seconds);
      return `${before}about ${duration(seconds)} left, ends ${clock(end)}`;
    },
  };
}
