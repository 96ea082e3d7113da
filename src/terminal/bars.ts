/** Bars at the bottom of a terminal; lines are printed above them. */
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Figures, Pace, Reporter, RunPace } from '../session/reporter.js';
import { printableText } from '../system/file-names.js';
import { clock, duration } from '../time.js';
import { barLine } from './bar-line.js';
import { barsEnded, barsShown } from './shown-bars.js';
import { wrapLines } from './table.js';

/** Where a terminal does not say its size. */
const UNKNOWN_COLUMNS = 80;
const UNKNOWN_ROWS = 24;
const FRAMES_PER_SECOND = 10;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export type Bars = Pick<Reporter, 'begin' | 'advance' | 'figures' | 'end'> & {
  print(line: string): void;
};

/** What cli-progress does not declare. */
class DeclaredMultiBar extends MultiBar {
  declare readonly terminal: {
    linewrap: boolean;
    cursorRelativeReset(): void;
    clearBottom(): void;
  };
}

/** The state of the work, which each frame draws. */
interface Work {
  readonly title: string;
  readonly total: number;
  done: number;
  pace?: Pace;
  figures?: Figures;
  /** When the first and the last of its steps were done, from which the rest is estimated. */
  first?: Moment;
  last?: Moment;
}

interface Moment {
  readonly done: number;
  readonly time: number;
}

/** The work, and below it the run that it is a part of. */
export function createBars(stream: NodeJS.WriteStream): Bars {
  let bars: { all: DeclaredMultiBar; run?: SingleBar } | undefined;
  let work: Work | undefined;
  let run: (RunPace & { readonly time: number }) | undefined;
  /** The last pace of each kind of work: an epoch begins with that of the epoch before. */
  const paces = new Map<string, Pace>();
  const columns = () => (stream.columns || UNKNOWN_COLUMNS) - 1;

  // The terminal may echo ^C behind a bar, which must not break its line.
  const width = () => columns() - '^C'.length;

  const lineOfWork = () => (work ? barLine(workLine(work), width()) : '');
  const lineOfRun = () => (run ? runLine(run).slice(0, width()) : '');

  /** The line of the run appears once something is known of it. */
  function showRun() {
    if (run === undefined || bars === undefined || (stream.rows || UNKNOWN_ROWS) < 3) return;
    bars.run ??= bars.all.create(0, 0, {}, { format: () => unwrapped(lineOfRun()) });
  }

  /** Takes the bars away before a signal ends the program, where nobody else listens for it. */
  function onSignal(signal: NodeJS.Signals) {
    if (process.listenerCount(signal) > 1) return;
    self.end();
    process.kill(process.pid, signal);
  }

  const self: Bars = {
    print(line) {
      const text = wrapLines([printableText(line)], columns()).join('\n');
      if (bars === undefined) {
        stream.write(`${text}\n`);
        return;
      }
      // Written at once: the bars keep it until their next frame, and would lose it at their end.
      bars.all.log(`${text}\n`);
      bars.all.update();
    },
    begin(title, total, done = 0) {
      self.end();
      const pace = paces.get(kindOf(title));
      work = { title, total, done, ...(pace === undefined ? {} : { pace }) };
      const all = openBars(stream);
      all.create(total, done, {}, { format: () => unwrapped(lineOfWork()) });
      bars = { all };
      barsShown(self.end);
      for (const signal of SIGNALS) process.on(signal, onSignal);
      showRun();
      all.update();
    },
    advance(done, pace) {
      if (work === undefined || bars === undefined) return;
      work.done = done;
      work.last = { done, time: performance.now() };
      work.first ??= work.last;
      if (pace === undefined) return;
      work.pace = pace;
      paces.set(kindOf(work.title), pace);
      if (pace.run === undefined) return;
      run = { ...pace.run, time: Date.now() };
      showRun();
    },
    figures(figures) {
      if (work) work.figures = figures;
    },
    end() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      bars?.all.stop();
      bars = undefined;
      work = undefined;
      barsEnded();
    },
  };
  return self;
}

/**
 * The cursor waits at the start of the first bar. There it stays when a narrower terminal breaks
 * the bars into more lines, so that the next frame can take all of them away.
 */
function openBars(stream: NodeJS.WriteStream): DeclaredMultiBar {
  const bars = new DeclaredMultiBar(
    {
      stream,
      fps: FRAMES_PER_SECOND,
      clearOnComplete: true,
      hideCursor: false,
      // Leaves the terminal's wrapping on, for lines that are longer than it is wide.
      linewrap: true,
      // A frame that is the same as the one before is in another place after a printed line.
      forceRedraw: true,
    },
    Presets.shades_classic,
  );
  // The bars are not cut to the width as it is now: that would cut escape sequences.
  bars.terminal.linewrap = false;
  bars.on('redraw-pre', () => bars.terminal.clearBottom());
  bars.on('redraw-post', () => bars.terminal.cursorRelativeReset());
  return bars;
}

/**
 * A line that the terminal cuts where it is wider: a frame may arrive after the terminal has become
 * narrower, and the cursor finds its way back only if each bar is one line.
 */
function unwrapped(line: string): string {
  return `\u001b[?7l${line}\u001b[?7h`;
}

/** `epoch` of `epoch 2/90`. */
function kindOf(title: string): string {
  return title.split(' ')[0] ?? '';
}

function workLine({ title, done, total, pace, figures, first, last }: Work) {
  const texts: string[] = [];
  if (pace) texts.push(`${short(pace.imagesPerSecond)} img/s`);
  if (pace) texts.push(`data ${pace.dataWaitPercent.toFixed(0)}%`);
  if (first && last && last.done > first.done) {
    const perStep = (last.time - first.time) / (last.done - first.done);
    const left = perStep * (total - last.done) - (performance.now() - last.time);
    texts.push(`${duration(left / 1000)} left`);
  }
  if (figures) {
    const { loss, top1, top5, lr } = figures;
    texts.push(
      `loss ${loss.toFixed(loss < 0.1 ? 4 : 3)}`,
      `top1 ${top1.toFixed(1)}`,
      `top5 ${top5.toFixed(1)}`,
    );
    texts.push(`lr ${Number(lr.toPrecision(4))}`);
  }
  return { title, done, total, figures: texts };
}

/**
 * So short that hardly a terminal breaks it when it becomes narrower: some move the cursor down with
 * the lines below it.
 */
function runLine({ done, total, secondsLeft, time }: RunPace & { time: number }): string {
  const share = `run ${Math.floor((100 * done) / total)}%`;
  if (secondsLeft === undefined) return share;
  const end = time + 1000 * secondsLeft;
  const left = duration((end - Date.now()) / 1000);
  return `${share}, ${left} left, ends ${clock(new Date(end))}`;
}

/** A rate in at least two digits. */
function short(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
}
