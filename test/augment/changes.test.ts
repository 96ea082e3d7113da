import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CHANGES, type ChangeName } from '../../src/augment/operations/changes.js';
import type { Operation } from '../../src/augment/operations/operations.js';
import { augmentPixels } from '../../src/data/batches/augment-pixels.js';
import { patterned } from './images.js';

type Kind = 'patterned' | 'smooth';

/** What changes.py wrote. */
interface Goldens {
  readonly changes: readonly (readonly [name: string, magnitude: number][])[];
  readonly images: readonly (readonly [Kind, size: number, 1 | 3, digests: readonly string[]])[];
  readonly hues: string;
  readonly mixes: readonly (readonly [
    size: number,
    channels: 1 | 3,
    ownAndChanged: readonly [number, number],
    shares: readonly number[],
    chains: readonly (readonly (readonly [name: string, magnitude: number])[])[],
    digest: string,
  ])[];
}

const goldens: Goldens = JSON.parse(readFileSync(new URL('changes.json', import.meta.url), 'utf8'));

function operationsOf(name: string, magnitude: number, size: number): readonly Operation[] {
  if (name === 'Mirror') return [{ kind: 'Mirror', values: [] }];
  if (name === 'Hue') return [{ kind: 'Hue', values: [magnitude] }];
  return CHANGES[name as ChangeName].operations(magnitude, size);
}

/** As `smooth` of changes.py. */
function smooth(size: number, channels: 1 | 3): Uint8Array {
  return Uint8Array.from({ length: size * size * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return (40 + 3 * Math.floor(pixel / size) + 2 * (pixel % size) + 20 * (i % channels)) % 200;
  });
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('changes of pixels are those of torchvision on Pillow images, bit for bit,', () => {
  for (const [kind, size, channels, digests] of goldens.images) {
    for (const [row, changes] of goldens.changes.entries()) {
      const title = changes.map(([name, magnitude]) => `${name} ${magnitude}`).join(', ');
      it(`${title}: ${kind}, ${size} × ${size} × ${channels}`, () => {
        const source = kind === 'smooth' ? smooth(size, channels) : patterned(size, size, channels);
        const pixels = source instanceof Uint8Array ? source : source.data;
        const operations = changes.flatMap(([name, value]) => operationsOf(name, value, size));
        augmentPixels(pixels, size, channels, operations);
        assert.equal(digest(pixels), digests[row]);
      });
    }
  }

  it('hues of 4096 colours', () => {
    const level = (i: number, step: number) => 17 * (Math.floor(i / step) % 16);
    const pixels = new Uint8Array(4096 * 3);
    for (let i = 0; i < 4096; i++) {
      pixels.set([level(i, 16), level(i, 256), level(i, 1)], 3 * i);
    }
    augmentPixels(pixels, 64, 3, [{ kind: 'Hue', values: [0.1] }]);
    assert.equal(digest(pixels), goldens.hues);
  });

  for (const [row, mix] of goldens.mixes.entries()) {
    const [size, channels, [own, changed], shares, chains, expected] = mix;
    it(`AugMix ${row}: ${size} × ${size} × ${channels}`, () => {
      const pixels = patterned(size, size, channels).data;
      const parts = chains.map((chain, i): Operation[] => [
        ...chain.flatMap(([name, value]) => operationsOf(name, value, size)),
        // torchvision multiplies float32.
        {
          kind: 'MixAdd',
          values: [Math.fround(Math.fround(shares[i] ?? 0) * Math.fround(changed))],
        },
      ]);
      augmentPixels(pixels, size, channels, [
        { kind: 'MixBegin', values: [own] },
        ...parts.flat(),
        { kind: 'MixEnd', values: [] },
      ]);
      assert.equal(digest(pixels), expected);
    });
  }
});
