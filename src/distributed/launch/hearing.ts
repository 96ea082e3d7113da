/** `cnn launch` hears how far the processes are that it has started, and asks them to stop. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Told } from './telling.js';

/** A process, by what it has told. */
export type Heard = Told & { readonly rank: number; readonly pid: number };

export class Hearing {
  readonly #server = createServer();
  readonly #connected = new Map<Socket, Told>();
  #directory = '';
  #run: string | undefined;
  #lost: Heard | undefined;
  onLost: () => void = () => {};

  /** The path for the environment of the processes. */
  get path(): string {
    return join(this.#directory, 'socket');
  }

  /** The directory of the run, once it is known. */
  get run(): string | undefined {
    return this.#run;
  }

  /** The first process that has left. */
  get lost(): Heard | undefined {
    return this.#lost;
  }

  get connected(): readonly Heard[] {
    return [...this.#connected.values()].filter(isHeard);
  }

  async open(): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), 'cnn-launch-'));
    this.#server.on('connection', (socket) => this.#hear(socket));
    this.#server.listen(this.path);
    await once(this.#server, 'listening');
  }

  /** Has all processes act as after this signal. */
  ask(signal: NodeJS.Signals): void {
    for (const socket of this.#connected.keys()) socket.write(`${signal}\n`);
  }

  /** Waits until no process is connected, so many milliseconds at most. */
  async left(limit: number): Promise<void> {
    const end = performance.now() + limit;
    while (this.#connected.size > 0 && performance.now() < end) await delay(10);
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#connected.keys()) socket.destroy();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #hear(socket: Socket): void {
    this.#connected.set(socket, {});
    // A process that ends with a signal unread resets its line, which is told on both.
    socket.on('error', () => {});
    const lines = createInterface(socket).on('error', () => {});
    lines.on('line', (text) => {
      const told: Told = { ...this.#connected.get(socket), ...JSON.parse(text) };
      if (told.run !== undefined) this.#run = told.run;
      this.#connected.set(socket, told);
    });
    socket.on('close', () => {
      const last = this.#connected.get(socket);
      this.#connected.delete(socket);
      if (last === undefined || !isHeard(last)) return;
      this.#lost ??= last;
      this.onLost();
    });
  }
}

function isHeard(told: Told): told is Heard {
  return told.rank !== undefined && told.pid !== undefined;
}
