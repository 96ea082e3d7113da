/** What a pass forward takes, before it takes anything. */
import * as tf from '@tensorflow/tfjs-core';
import { type Architecture, withoutDrawing } from '../archs/index.js';
import { type CountingBackend, withCountingBackend } from '../backend/counting-backend.js';
import type { Backend } from '../backend/index.js';
import { UsageError } from '../errors.js';
import type { Network } from '../network/network.js';
import type { NetworkCard } from '../session/network-card.js';
import { checkFits, mebibytes, memoryOf, placeOf } from '../session/out-of-memory.js';
import { openSession, type Session, uploadImages } from '../session/session.js';
import { DenseNetworks } from './dense-networks.js';
import type { Protocol } from './protocols/protocol.js';

type Device = Pick<Backend, 'name' | 'precision' | 'memoryBytes'>;

/** A trained network, by what its memory depends on. */
export interface Evaluated {
  readonly architecture: Architecture;
  readonly session: Pick<Session, 'card'>;
}

/** The images of one pass. */
export interface Images {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** In the dense form of the network, which takes images of any size. */
  readonly dense: boolean;
}

/**
 * The peak of two passes in a row, of which the second begins before the first is read. Only what tensors
 * hold is known of other backends than cpu, which allocate in their own ways.
 */
export async function forwardBytes(
  { architecture, session: { card } }: Evaluated,
  { name, precision }: Device,
  images: Images,
): Promise<number> {
  return withCountingBackend(precision, (device) => {
    const session = withoutDrawing(() => openSession(architecture, card, 0));
    const dense = new DenseNetworks(architecture, session);
    const network = images.dense ? dense.of(images.height, images.width) : session.network;
    const least = runTwice(network, card, images, device);
    const { peakBytes } = device.count();
    dense.dispose();
    session.network.dispose();
    session.model.dispose();
    return name === 'cpu' && !(device.source instanceof Error) ? peakBytes : least;
  });
}

/** The most bytes that tensors hold before a kernel. */
function runTwice(
  network: Network,
  card: NetworkCard,
  { count, height, width }: Images,
  device: CountingBackend,
): number {
  let most = 0;
  device.onKernel = () => {
    most = Math.max(most, device.count().bytes);
  };
  const run = () => {
    const batch = {
      images: new Uint8Array(0),
      mirror: new Uint8Array(count),
      // They need no memory of the host.
      takeFromDevice: () => {
        const { dataId } = tf.fill([count, height, width, card.channels], 0, 'bool');
        tf.backend().incRef(dataId);
        return dataId;
      },
    };
    const input = tf.tidy(() => uploadImages({ card }, batch, height, width));
    return [input, tf.tidy(() => network.predict(input))];
  };
  const first = run();
  const second = run();
  tf.dispose([first, second]);
  return most;
}

/** Throws a UsageError where a batch does not fit at the size that the network sees. */
export async function checkBatchFits(
  evaluated: Evaluated,
  device: Device,
  batchSize: number,
): Promise<void> {
  const { inputSize: size } = evaluated.session.card;
  const bytesOf = (count: number) =>
    forwardBytes(evaluated, device, { count, height: size, width: size, dense: false });
  const what = (count: number) =>
    `${count === 1 ? 'An image' : `A batch of ${count} images`} of ${size}×${size}`;
  await checkFits(device, batchSize, bytesOf, { what, smaller: 'a smaller --crop-size' });
}

/** How wide another map is that is counted: no more, because tensors have a limit of their own. */
const WIDER = 1.25;

/** Throws a UsageError where a map of this size does not fit. */
export type CheckMap = (width: number, height: number) => void;

/**
 * Throws a UsageError where the largest square of a dense protocol does not fit. Returns what
 * checks the other sizes, which come with the images: what a map takes grows with its area.
 */
export async function checkMapsFit(
  evaluated: Evaluated,
  device: Device,
  protocols: readonly Protocol[],
): Promise<CheckMap> {
  const dense = protocols.filter(({ places }) => places === 'map');
  const side = Math.max(0, ...dense.flatMap(({ scales }) => scales));
  if (side === 0) return () => {};
  const count = dense.some(({ mirror }) => mirror) ? 2 : 1;
  const bytesOf = (width: number, height: number) =>
    forwardBytes(evaluated, device, { count, width, height, dense: true });
  const [square, wide] = [await bytesOf(side, side), await bytesOf(Math.round(WIDER * side), side)];
  const perShare = (wide - square) / (WIDER - 1);
  const check: CheckMap = (width, height) => {
    const bytes = square + perShare * ((width * height) / side ** 2 - 1);
    if (bytes <= memoryOf(device)) return;
    throw new UsageError(
      `A map of ${width}×${height} pixels${count === 2 ? ' and its mirrored one need' : ' needs'} ${mebibytes(bytes)} MiB by estimate, more than the ${placeOf(device)}: choose smaller --scales`,
    );
  };
  check(side, side);
  return check;
}
