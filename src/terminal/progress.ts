/** Progress on stderr: bars where a person watches, plain lines elsewhere. */

import type { EpochSummary, Figures, Reporter } from '../session/reporter.js';
import { printableText } from '../system/file-names.js';
import { duration } from '../time.js';
import { createBars } from './bars.js';
import { isInteractive, paint } from './colour.js';

export function createReporter(stream: NodeJS.WriteStream = process.stderr): Reporter {
  return isInteractive(stream) ? barReporter(stream) : lineReporter(stream);
}

/** A line for each new set of figures. */
function lineReporter(stream: NodeJS.WriteStream): Reporter {
  const print = (line: string) => stream.write(`${printableText(line)}\n`);
  let title = '';
  let total = 0;
  let done = 0;
  let shown = false;
  return {
    note: print,
    warn: (line) => print(`${paint(stream, 'warning', 'warning:')} ${line}`),
    begin(name, steps, before = 0) {
      [title, total, done] = [name, steps, before];
    },
    advance(steps) {
      done = steps;
    },
    figures(figures, glimpse = false) {
      // The first figures come after the first step: a slow network shows at once how it does.
      if (glimpse && shown) return;
      shown = true;
      print(`${title} step ${done}/${total} ${figuresText(figures)}`);
    },
    epoch: (summary) => print(epochSentence(summary)),
    end: () => {},
  };
}

function barReporter(stream: NodeJS.WriteStream): Reporter {
  const bars = createBars(stream);
  let headed = false;
  return {
    note: bars.print,
    warn: (line) => bars.print(`${paint(stream, 'warning', 'warning:')} ${line}`),
    begin: bars.begin,
    advance: bars.advance,
    figures: bars.figures,
    epoch(summary) {
      if (!headed) bars.print(EPOCH_HEADER);
      headed = true;
      bars.print(epochRow(summary));
      if (summary.average) bars.print(`  ${averageText(summary.average).slice(0, -2)}`);
    },
    end: bars.end,
  };
}

function figuresText({ loss, top1, top5, lr, ...pace }: Figures): string {
  return (
    `loss ${loss.toFixed(4)} Acc@1 ${top1.toFixed(2)} Acc@5 ${top5.toFixed(2)} ` +
    `lr ${Number(lr.toPrecision(4))} ` +
    `${Math.round(pace.imagesPerSecond)} images/s data ${pace.dataWaitPercent.toFixed(0)}%`
  );
}

function epochSentence({ training, validation, average, ...epoch }: EpochSummary): string {
  const part = epoch.part ? ` (${epoch.part.steps} of ${epoch.part.of} steps)` : '';
  return (
    `epoch ${epoch.epoch}/${epoch.epochs}${part}: ` +
    `train loss ${training.loss.toFixed(4)} Acc@1 ${training.top1.toFixed(3)}, ` +
    `validation loss ${validation.loss.toFixed(4)} Acc@1 ${validation.top1.toFixed(3)} ` +
    `Acc@5 ${validation.top5.toFixed(3)}, ${averageText(average)}${Math.round(epoch.imagesPerSecond)} images/s, ` +
    `data ${epoch.dataWaitPercent.toFixed(0)}%, ${epoch.seconds.toFixed(1)} s`
  );
}

/** `EMA Acc@1 71.2 Acc@5 90.1, `, or nothing. */
function averageText(average: EpochSummary['average']): string {
  if (average === undefined) return '';
  return `EMA Acc@1 ${average.top1.toFixed(3)} Acc@5 ${average.top5.toFixed(3)}, `;
}

/** Widths of the columns of the table of epochs, which fits 80 columns. */
const WIDTHS = [7, 12, 8, 10, 8, 8, 8, 6, 8] as const;
const EPOCH_HEADER = epochCells([
  ...['epoch', 'train loss', 'Acc@1', 'val loss', 'Acc@1', 'Acc@5', 'img/s', 'data', 'time'],
]);

function epochRow({ training, validation, ...epoch }: EpochSummary): string {
  const row = epochCells([
    `${epoch.epoch}/${epoch.epochs}`,
    training.loss.toFixed(4),
    training.top1.toFixed(2),
    validation.loss.toFixed(4),
    validation.top1.toFixed(2),
    validation.top5.toFixed(2),
    String(Math.round(epoch.imagesPerSecond)),
    `${epoch.dataWaitPercent.toFixed(0)}%`,
    duration(epoch.seconds),
  ]);
  return epoch.best ? `${row} *` : row;
}

function epochCells(cells: readonly string[]): string {
  return cells.map((cell, column) => cell.padStart(WIDTHS[column] ?? 0)).join('');
}
