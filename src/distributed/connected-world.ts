/** Processes that are connected by the addon. */
import { createHash } from 'node:crypto';
import { availableParallelism, cpus, hostname } from 'node:os';
import type { Collective } from '../backend/addon.js';
import { lostProcess } from '../errors.js';
import { type Agreed, shareOf, type Wish, type World } from './world.js';

/** How long an end by an error waits for others, which may have none: they must not miss it before. */
const CLOSING_SECONDS = 5;
/** What is told between steps: a clock, a number and a flag. */
const TOLD_BYTES = 10;

/** `seconds` is how long others may be silent. */
export async function connectWorld(
  collective: Collective,
  seconds = CLOSING_SECONDS,
): Promise<World> {
  const { rank, size, localSize, description } = collective;
  const hosts = await gatherTexts(collective, hostname());
  const names = hosts.map((host, index) => `rank ${index} of ${size} (${host})`);
  collective.name(names);
  let clock = 0;
  /** The values of all, one process after the other. */
  const gathered = async (own: Float32Array) =>
    new Float32Array(copied(await asking(collective.gather(bytesOf(own)))));
  const world: World = {
    rank,
    size,
    leads: rank === 0,
    cores: coresOf(localSize),
    localSize,
    handle: collective.handle,
    description: `${size} processes on ${[...new Set(hosts)].join(', ')} (${description})`,
    names,
    now: () => clock,
    async agree(wish = { stop: 0, failed: false }) {
      const { seconds, ...agreed } = agreedOf(await asking(collective.gather(toldOf(wish))), size);
      clock = seconds;
      return agreed;
    },
    texts: (own) => gatherTexts(collective, own),
    async sum(own) {
      const bytes = await asking(collective.gather(bytesOf(Float64Array.from(own))));
      return sums(new Float64Array(copied(bytes)), own.length);
    },
    async told(own) {
      const [text] = await gatherTexts(collective, rank === 0 ? own : '');
      return text as string;
    },
    async combine(own, how) {
      if (how === 'broadcast') {
        return new Float32Array(copied(await asking(collective.broadcast(bytesOf(own), 0))));
      }
      const all = await gathered(own);
      return Float32Array.from(sums(all, own.length), (sum) => sum / size);
    },
    async values(own) {
      const all = await gathered(own);
      return hosts.map((_, at) => all.subarray(at * own.length, (at + 1) * own.length));
    },
    sentForSteps: () => collective.sentForSteps(),
    share: (count) => shareOf(rank, size, count),
    async close(words) {
      const own = createHash('sha256')
        .update(words ?? '')
        .digest();
      const patience = words === undefined ? seconds : Math.min(CLOSING_SECONDS, seconds / 4);
      const all = await asking(collective.close(own, patience));
      return own.equals(all.subarray(0, own.length));
    },
  };
  await world.agree();
  return world;
}

/** Cores that a launcher has bound this process to are its own; else all of a machine divide them. */
function coresOf(localSize: number): number {
  const cores = availableParallelism();
  const bound = cores < cpus().length;
  return bound ? cores : Math.max(1, Math.floor(cores / localSize));
}

function toldOf({ stop, failed }: Wish): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(TOLD_BYTES));
  bytes.setFloat64(0, performance.now() / 1000);
  bytes.setUint8(8, stop);
  bytes.setUint8(9, Number(failed));
  return new Uint8Array(bytes.buffer);
}

function agreedOf(bytes: Uint8Array, size: number): Agreed & { seconds: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  const failed = ranks.find((rank) => view.getUint8(rank * TOLD_BYTES + 9) > 0);
  const stop = Math.max(...ranks.map((rank) => view.getUint8(rank * TOLD_BYTES + 8)));
  return { seconds: view.getFloat64(0), stop, failed };
}

async function gatherTexts(collective: Collective, own: string): Promise<readonly string[]> {
  const bytes = new TextEncoder().encode(own);
  const told = await asking(collective.gather(bytesOf(Int32Array.of(bytes.length))));
  const lengths = new Int32Array(copied(told));
  const room = Math.max(1, ...lengths);
  const padded = new Uint8Array(room);
  padded.set(bytes);
  const all = await asking(collective.gather(padded));
  return [...lengths].map((length, rank) => {
    return new TextDecoder().decode(all.subarray(rank * room, rank * room + length));
  });
}

/** Column by column over the ranks. */
function sums(values: Float64Array | Float32Array, length: number): number[] {
  return Array.from({ length }, (_, column) => {
    let sum = 0;
    for (let at = column; at < values.length; at += length) sum += values[at] as number;
    return sum;
  });
}

function bytesOf(values: Float64Array | Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The bytes in memory of their own, where any kind of number may begin. */
function copied(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

/** What the addon says of other processes, as an error for people. */
async function asking<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw lostProcess(error as Error) ?? error;
  }
}
