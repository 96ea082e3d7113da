/**
 * Each change of auto-augmentation on one image of 224 × 224 pixels beside torchvision with Pillow, on
 * one thread in turn: prints microseconds of processor time and how many times as fast we are.
 *
 *     npx tsx bench/compare-changes.ts --python /usr/bin/python3
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { CHANGES, type ChangeName } from '../src/augment/operations/changes.js';
import type { Operation } from '../src/augment/operations/operations.js';
import { augmentPixels } from '../src/data/batches/augment-pixels.js';
import { median } from '../src/measure/median.js';
import { hardware, main, warnOfLoad } from './rounds.js';

const SIZE = 224;
/** In processor time, so that other programs matter less. */
const [ROUNDS, REPEATS] = [5, 20];
const MAGNITUDES: Readonly<Partial<Record<ChangeName | 'Hue', number>>> = {
  ...{ ShearX: 0.2, ShearY: 0.2, TranslateX: 20, TranslateY: 20, Rotate: 20 },
  ...{ Brightness: 0.3, Color: 0.3, Contrast: 0.3, Sharpness: 0.3, Hue: 0.1 },
  ...{ Posterize: 4, Solarize: 128, AutoContrast: 0, Equalize: 0, Invert: 0 },
};

interface Peer {
  readonly torchvision: string;
  readonly pillow: string;
  readonly microseconds: Readonly<Record<string, number>>;
}

function operationsOf(name: string, magnitude: number): readonly Operation[] {
  if (name === 'Hue') return [{ kind: 'Hue', values: [magnitude] }];
  return CHANGES[name as ChangeName].operations(magnitude, SIZE);
}

/** A smooth image with some noise. */
function picture(): Uint8Array {
  return Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % SIZE, Math.floor(i / 3 / SIZE)];
    return 128 + 60 * Math.sin(x / 30 + (i % 3)) + 50 * Math.cos(y / 20) + ((i * 7919) % 13);
  });
}

function microseconds(image: Uint8Array, operations: readonly Operation[]): number {
  const pixels = new Uint8Array(image);
  const times = Array.from({ length: ROUNDS + 1 }, () => {
    const start = process.cpuUsage();
    for (let i = 0; i < REPEATS; i++) {
      // A change starts from an image, as Pillow's does.
      pixels.set(image);
      augmentPixels(pixels, SIZE, 3, operations);
    }
    const { user, system } = process.cpuUsage(start);
    return (user + system) / REPEATS;
  });
  // The first warms up.
  return median(times.slice(1));
}

async function compare(): Promise<void> {
  const { values } = parseArgs({
    options: { python: { type: 'string', default: '/usr/bin/python3' } },
  });
  warnOfLoad();
  const image = picture();
  const changes = Object.entries(MAGNITUDES);
  const peer = (): Peer =>
    JSON.parse(
      execFileSync(
        values.python,
        ['bench/torchvision_changes.py', JSON.stringify([SIZE, changes, ROUNDS, REPEATS])],
        { input: image, encoding: 'utf8' },
      ),
    );
  const peers: Peer[] = [];
  const ours = new Map<string, number[]>(changes.map(([name]) => [name, []]));
  for (let round = 0; round < 3; round++) {
    peers.push(peer());
    for (const [name, magnitude] of changes) {
      ours.get(name)?.push(microseconds(image, operationsOf(name, magnitude)));
    }
  }
  const [{ torchvision, pillow } = { torchvision: '', pillow: '' }] = peers;
  console.log(`${hardware}; torchvision ${torchvision} with Pillow ${pillow}; µs of one core`);
  let logs = 0;
  for (const [name] of changes) {
    const own = median(ours.get(name) ?? []);
    const other = median(peers.map((found) => found.microseconds[name] ?? Number.NaN));
    logs += Math.log(other / own);
    const ratio = (other / own).toFixed(2);
    console.log(
      `${name.padEnd(12)} ${own.toFixed(0).padStart(6)} ${other.toFixed(0).padStart(6)} ${ratio.padStart(6)}`,
    );
  }
  console.log(`geometric mean ${Math.exp(logs / changes.length).toFixed(2)}`);
}

await main(compare);
