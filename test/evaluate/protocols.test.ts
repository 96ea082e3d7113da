/** Every protocol against a plain PyTorch script: protocols.py. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import {
  type Architecture,
  findArchitecture,
  withOptions,
  withoutDrawing,
} from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import type { Split } from '../../src/data/dataset.js';
import { AS_PILLOW } from '../../src/data/decode/decode-options.js';
import { wholeFile } from '../../src/data/decode/read-bytes.js';
import type { Outcomes } from '../../src/evaluate/outcomes.js';
import { protocolsOf } from '../../src/evaluate/protocols/protocol.js';
import type { Member } from '../../src/evaluate/view-runner.js';
import { evaluateViews } from '../../src/evaluate/views-pass.js';
import { networkCard } from '../../src/session/network-card.js';
import { SILENT } from '../../src/session/reporter.js';
import { openSession, type Session } from '../../src/session/session.js';
import { loadWeightsFile } from '../../src/weights/index.js';
import { placesOf } from '../../src/weights/mapping.js';
import { temporaryDirectory } from '../commands/program.js';
import { hashedTensor, uniform } from '../parity/hash.js';

interface Golden {
  readonly network: string;
  readonly crops: '1' | '10' | '144' | '150' | 'dense';
  readonly family?: string;
  readonly scales: readonly number[];
  readonly mirror?: boolean;
  readonly results: readonly Expected[];
}

interface Expected {
  readonly views: number;
  readonly top: readonly number[];
  readonly probability: number;
  readonly loss: number;
}

interface Network {
  readonly size: number;
  readonly options: readonly string[];
  /** Of its weights; null where torchvision names them. */
  readonly gain: number | null;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

interface Goldens {
  readonly images: readonly (readonly [width: number, height: number])[];
  readonly networks: Readonly<Record<string, Network>>;
  readonly protocols: readonly Golden[];
}

const { images, networks, protocols }: Goldens = JSON.parse(
  readFileSync(new URL('protocols.json', import.meta.url), 'utf8'),
);
const CLASSES = Array.from({ length: 10 }, (_, label) => `class${label}`);
const OPTIONS = { workers: 1, reading: AS_PILLOW, onBadImage: 'skip', reporter: SILENT } as const;

describe('the protocols of the papers', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  before(async () => {
    await openBackend('cpu', { precision: 'f32' });
    for (const index of images.keys()) await writePicture(fileOf(index), index);
  });
  after(() => tf.setBackend('cpu'));

  for (const network of new Set(protocols.map((golden) => golden.network))) {
    const goldens = protocols.filter((golden) => golden.network === network);
    it(`give with ${network} what PyTorch gives: ${goldens.map(describeGolden).join('; ')}`, async () => {
      const architecture = architectureOf(network);
      const session = await openHashed(network);
      const member = {
        architecture,
        session,
        protocols: goldens.map((row) => protocolOf(row, session)),
      };
      const length = Math.max(...goldens.map(({ results }) => results.length));
      const { outcomes } = await evaluateViews([member], splitOf(length), {
        ...OPTIONS,
        batchSize: 7,
      });
      for (const [place, golden] of goldens.entries()) {
        assert.equal(member.protocols[place]?.views, golden.results[0]?.views);
        assertOutcomes(outcomes[place] as Outcomes, golden);
      }
      session.network.dispose();
      session.model.dispose();
    });
  }

  it('are averaged over several networks', async () => {
    const member = async (bias: number): Promise<Member> => {
      const architecture = architectureOf('lenet5');
      const session = await openHashed('lenet5', bias);
      const [golden] = protocols as [Golden];
      return { architecture, session, protocols: [protocolOf(golden, session)] };
    };
    const members = [await member(0), await member(2)];
    const run = async (which: readonly Member[]) => {
      const { outcomes } = await evaluateViews(which, splitOf(2), { ...OPTIONS, batchSize: 4 });
      return (outcomes[0] as Outcomes).loss;
    };
    const [first, second] = [await run(members.slice(0, 1)), await run(members.slice(1))];
    const both = await run(members);
    for (const image of [0, 1]) {
      const mean = (Math.exp(-(first[image] as number)) + Math.exp(-(second[image] as number))) / 2;
      assert.ok(Math.abs((both[image] as number) + Math.log(mean)) < 1e-9);
    }
  });

  function fileOf(index: number): string {
    return join(directory.path, `${index}.png`);
  }

  function splitOf(length: number): Split {
    const list = { length, name: fileOf, locate: (index: number) => wholeFile(fileOf(index)) };
    return { images: list, labels: Int32Array.from({ length }, (_, index) => index) };
  }
});

function describeGolden({ crops, family = '', scales, mirror }: Golden): string {
  const way = mirror === undefined ? '' : mirror ? ' mirrored' : ' not mirrored';
  return `${crops} ${family ? `of ${family} ` : ''}at ${scales.join(', ')}${way}`;
}

function protocolOf({ crops, family, scales, mirror }: Golden, { card }: Session) {
  const several = ['144', '150', 'dense'].includes(crops);
  const settings = {
    crops: [crops],
    scales: several ? scales : null,
    mirror: mirror ?? null,
    resizeSize: null,
  };
  const transform = several ? card.transform : { ...card.transform, resize: scales[0] as number };
  const [protocol] = protocolsOf(settings, { family: family ?? '' }, transform);
  assert.ok(protocol);
  return protocol;
}

function assertOutcomes(outcomes: Outcomes, { results }: Golden): void {
  for (const [image, { top, probability, loss }] of results.entries()) {
    assert.deepEqual(outcomes.topOf(image), top);
    const found = [outcomes.probability[image] as number, outcomes.loss[image] as number];
    const errors = found.map((value, at) => Math.abs(value - ([probability, loss][at] as number)));
    assert.ok(
      Math.max(...errors) < 1e-4,
      `image ${image}: ${found} is not ${probability}, ${loss}`,
    );
  }
}

async function writePicture(file: string, index: number): Promise<void> {
  const [width, height] = images[index] as readonly [number, number];
  const coarse = uniform(`image ${index}`, 8 * 8 * 3, 0, 256);
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const [row, column] = [Math.floor(at / 3 / width), Math.floor(at / 3) % width];
    const place = Math.floor((row * 8) / height) * 8 + Math.floor((column * 8) / width);
    return coarse[place * 3 + (at % 3)] as number;
  });
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file);
}

function architectureOf(network: string): Architecture {
  return withOptions(findArchitecture(network), networks[network]?.options ?? []);
}

/** A network with the weights that protocols.py gives it; `bias` is added to the first class. */
async function openHashed(name: string, bias = 0): Promise<Session> {
  const architecture = architectureOf(name);
  const { channels } = architecture;
  const { size, gain, mean, std } = networks[name] as Network;
  const colours = { channels, mean, std };
  const card = networkCard(architecture, { classes: CLASSES, inputSize: size, ...colours });
  const session = withoutDrawing(() => openSession(architecture, card, 0));
  const { model } = session;
  if (gain === null) {
    const places = placesOf(model, architecture);
    const tensors = new Map(places.map(({ name, shape }) => [name, hashedTensor(name, shape)]));
    const file = { path: 'goldens', tensors, close: async () => {} };
    await loadWeightsFile(model, architecture, file, { otherClasses: false });
    return session;
  }
  for (const weight of model.weights) {
    const shape = weight.shape as number[];
    const count = shape.reduce((product, length) => product * length, 1);
    const bound = shape.length === 1 ? 0.2 : Math.sqrt((gain * (shape.at(-1) as number)) / count);
    const values = uniform(weight.originalName, count, -bound, bound);
    if (weight.originalName === 'fc5/bias') values[0] = (values[0] as number) + bias;
    const tensor = tf.tensor(values, shape);
    weight.write(tensor);
    tensor.dispose();
  }
  return session;
}
