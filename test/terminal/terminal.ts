/** Runs the program in a pseudo-terminal and shows what a person sees there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type IPty, spawn } from '@lydell/node-pty';
import * as headless from '@xterm/headless';
import { build, PROGRAM } from '../commands/program.js';

export interface TerminalOptions {
  readonly columns: number;
  readonly rows?: number;
  readonly cwd: string;
  /** Added to the environment of this process, from which CI and colour settings are taken. */
  readonly env?: Readonly<Record<string, string>>;
}

// The package is a CommonJS module, which loaders wrap or not.
const { Terminal: Screen } =
  'default' in headless ? (headless.default as typeof headless) : headless;

/** A terminal with a program in it. */
export class Terminal {
  /** All bytes that it received. */
  output = '';
  readonly ended: Promise<{ code: number; signal: number | undefined }>;
  readonly #screen: headless.Terminal;
  readonly #program: IPty;

  private constructor(file: string, args: readonly string[], options: TerminalOptions) {
    const { columns: cols, rows = 24, cwd, env = {} } = options;
    this.#screen = new Screen({ cols, rows, scrollback: 5000, allowProposedApi: true });
    this.#program = spawn(file, [...args], { cols, rows, cwd, env: environment(env) });
    this.#program.onData((text) => {
      this.output += text;
      this.#screen.write(text);
    });
    this.ended = new Promise((resolve) => {
      this.#program.onExit(({ exitCode, signal }) => resolve({ code: exitCode, signal }));
    });
  }

  /** Starts `cnn` with these arguments. */
  static async cnn(args: readonly string[], options: TerminalOptions): Promise<Terminal> {
    await build();
    return new Terminal(process.execPath, [PROGRAM, ...args], options);
  }

  /** Starts a script of bash, for which $NODE $PROGRAM is `cnn`. */
  static async shell(script: string, options: TerminalOptions): Promise<Terminal> {
    await build();
    const env = { ...options.env, NODE: process.execPath, PROGRAM };
    return new Terminal('bash', ['--norc', '-c', script], { ...options, env });
  }

  type(keys: string): void {
    this.#program.write(keys);
  }

  resize(columns: number, rows = 24): void {
    this.#screen.resize(columns, rows);
    this.#program.resize(columns, rows);
  }

  /** Ends the program and all that it started. */
  kill(): void {
    this.#program.kill('SIGKILL');
  }

  /** The rows of the screen and of what has scrolled out of it, from the first to the last used. */
  async lines(): Promise<string[]> {
    // The screen takes in bytes some time after they came.
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    const { buffer } = this.#screen;
    const { length } = buffer.active;
    const rows = Array.from({ length }, (_, row) => {
      return buffer.active.getLine(row)?.translateToString(true) ?? '';
    });
    return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1);
  }

  /** What a person copies: lines that the terminal has broken are one. */
  async text(): Promise<string> {
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    const { active } = this.#screen.buffer;
    let text = '';
    for (let row = 0; row < active.length; row++) {
      const line = active.getLine(row);
      if (line === undefined) continue;
      const next = active.getLine(row + 1);
      text += line.translateToString(next?.isWrapped !== true);
      if (next?.isWrapped !== true) text += '\n';
    }
    return text.trimEnd();
  }

  /** Waits until some row of the screen matches, and returns all rows. */
  async until(pattern: RegExp, seconds = 120): Promise<string[]> {
    const end = performance.now() + 1000 * seconds;
    for (;;) {
      const lines = await this.lines();
      if (lines.some((line) => pattern.test(line))) return lines;
      if (performance.now() > end) {
        throw new Error(`${pattern} did not appear in ${seconds} s:\n${lines.join('\n')}`);
      }
      await sleep(20);
    }
  }
}

function environment(added: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !['CI', 'NO_COLOR', 'FORCE_COLOR'].includes(entry[0]),
  );
  return { ...Object.fromEntries(inherited), TERM: 'xterm-256color', ...added };
}
