/** What the parts of a day on a GPU machine share. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '../program.js';
import type { Sizes } from './sizes.js';
import { type Ended, type Limits, runTask } from './task.js';

export interface Day {
  readonly sizes: Sizes;
  /** Where the results go. */
  readonly out: string;
  /** A Python with PyTorch. */
  readonly python: string;
  /** Where PyTorch computes: on the CPU where this is only tried. */
  readonly device: Device;
  readonly hardware: string;
  readonly cores: number;
  /** Folder of the carried JPEGs. */
  readonly images: string;
  /** Where what is of no use later goes. */
  readonly temporary: string;
}

/** Why a part failed; the rest goes on. */
export class PartFailed extends Error {}

/** A part that runs: its time, and what it writes. */
export class Run {
  /** What it found so far, in Markdown. */
  found = '';

  constructor(
    readonly day: Day,
    readonly signal: AbortSignal,
    /** In milliseconds of performance.now(). */
    readonly end: number,
    readonly onTold: () => void,
  ) {}

  /** Tells what was found, in place of what was told before. */
  tell(text: string): void {
    this.found = text;
    this.onTold();
  }

  secondsLeft(): number {
    return Math.max(0, (this.end - performance.now()) / 1000);
  }

  /** Runs a command within the part's time, and logs what it wrote. */
  async task(command: readonly string[], limits: Partial<Limits> = {}): Promise<Ended> {
    const seconds = Math.min(limits.seconds ?? Number.POSITIVE_INFINITY, this.secondsLeft());
    const ended = await runTask(command, { signal: this.signal, ...limits, seconds });
    const title = `$ ${command.join(' ')}\n`;
    const end = `[${ended.end}, ${ended.seconds.toFixed(1)} s]\n\n`;
    this.append('log.txt', `${title}${ended.output}${end}`);
    return ended;
  }

  /** Our program; throws unless it succeeds. */
  async cnn(...args: string[]): Promise<string> {
    const ended = await this.task([process.execPath, 'bin/cnn.js', ...args]);
    if (ended.passed) return ended.stdout;
    throw new PartFailed(`cnn ${args.join(' ')}: ${ended.end}: ${lastLine(ended.output)}`);
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.day.out, file), text);
  }
  append(file: string, text: string): void {
    appendFileSync(join(this.day.out, file), text);
  }
}

export interface Part {
  readonly name: string;
  /** The most it may take. */
  readonly seconds: number;
  run(run: Run): Promise<void>;
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
