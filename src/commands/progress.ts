import { Presets, SingleBar } from 'cli-progress';
import type { Reporter } from '../session/reporter.js';

/** Progress on stderr: a bar on a terminal, plain lines elsewhere. */
export function createReporter(stream: NodeJS.WriteStream = process.stderr): Reporter {
  return stream.isTTY ? barReporter(stream) : lineReporter(stream);
}

/** A line for each new set of figures. */
function lineReporter(stream: NodeJS.WritableStream): Reporter {
  const print = (line: string) => stream.write(`${line}\n`);
  let title = '';
  let total = 0;
  return {
    note: print,
    warn: (line) => print(`warning: ${line}`),
    begin(name, steps) {
      [title, total] = [name, steps];
    },
    advance(done, figures) {
      if (figures !== undefined) print(`${title} step ${done}/${total} ${figures}`);
    },
    end: () => {},
  };
}

function barReporter(stream: NodeJS.WriteStream): Reporter {
  let bar: SingleBar | undefined;
  let done = 0;
  // The bar turns line wrapping off: a program that ends at once has to turn it on again.
  process.on('exit', () => bar?.stop());
  /** Lines go above the bar: it is taken away, and drawn again by its next update. */
  function print(line: string) {
    if (bar !== undefined) stream.write('\r\u001b[K');
    stream.write(`${line}\n`);
  }
  return {
    note: print,
    warn: (line) => print(`warning: ${line}`),
    begin(title, total, behind = 0) {
      const format = `${title} {bar} {value}/{total} {eta_formatted} {figures}`;
      const options = { stream, format, clearOnComplete: true, hideCursor: false, barsize: 20 };
      bar = new SingleBar({ ...options, stopOnComplete: false }, Presets.shades_classic);
      bar.start(total, behind, { figures: '' });
    },
    advance(steps, figures) {
      done = steps;
      if (figures === undefined) bar?.update(done);
      else bar?.update(done, { figures });
    },
    end() {
      bar?.stop();
      bar = undefined;
    },
  };
}
