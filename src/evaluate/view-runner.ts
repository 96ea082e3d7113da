import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../archs/index.js';
import { fillSlot, type Image } from '../augment/index.js';
import type { Network } from '../network/network.js';
import { type Session, uploadImages } from '../session/session.js';
import type { Averages } from './averages.js';
import { DenseNetworks } from './dense-networks.js';
import type { CheckMap } from './forward-memory.js';
import { findNotFinite } from './not-finite.js';
import type { Protocol } from './protocols/protocol.js';
import { viewsOf } from './protocols/views.js';
import { type View, ViewBatch } from './view-batch.js';

/** One network of an evaluation, and how it sees images under each protocol. */
export interface Member {
  readonly architecture: Architecture;
  readonly session: Session;
  /** In the same order for all members. */
  readonly protocols: readonly Protocol[];
  /** Throws before a map takes more memory than there is. */
  readonly checkMap?: CheckMap;
}

/** Images by their short side. */
type Resized = ReadonlyMap<number, Image>;

/** Runs one network over the views of images. */
export class ViewRunner {
  readonly #member: Member;
  /** The averages of each protocol, and the share of this network in them. */
  readonly #averages: readonly Averages[];
  readonly #share: number;
  readonly #nameOf: (image: number) => string;
  readonly #batch: ViewBatch;
  readonly #dense: DenseNetworks;
  /** What was submitted last; it is waited for when the next one is on its way. */
  #pending: Promise<void> = Promise.resolve();

  constructor(
    member: Member,
    batchSize: number,
    averages: readonly Averages[],
    share: number,
    nameOf: (image: number) => string,
  ) {
    this.#member = member;
    this.#averages = averages;
    this.#share = share;
    this.#nameOf = nameOf;
    const { card } = member.session;
    this.#batch = new ViewBatch(batchSize, card.inputSize, card.channels);
    this.#dense = new DenseNetworks(member.architecture, member.session);
  }

  /** Runs all views of an image, some of them with those of the next. */
  async add(image: number, resized: Resized): Promise<void> {
    for (const [place, protocol] of this.#member.protocols.entries()) {
      const view = { image, protocol: place };
      for (const short of protocol.scales) {
        const source = resized.get(short) as Image;
        if (protocol.places === 'map') await this.#addMap(view, source, protocol.mirror);
        else await this.#addCrops(view, source, protocol);
      }
    }
  }

  /** Runs what is left, and waits for all. */
  async finish(): Promise<void> {
    if (!this.#batch.empty) await this.#runBatch();
    await this.#pending;
  }

  dispose(): void {
    this.#dense.dispose();
  }

  async #addCrops(view: View, source: Image, protocol: Protocol): Promise<void> {
    for (const window of viewsOf(protocol, source.width, source.height)) {
      for (const mirrored of protocol.mirror ? [false, true] : [false]) {
        this.#batch.add(view, source, window, mirrored);
        if (this.#batch.full) await this.#runBatch();
      }
    }
  }

  async #runBatch(): Promise<void> {
    const { size } = this.#batch;
    const views = this.#batch.take();
    await this.#submit(this.#member.session.network, this.#batch, size, size, views);
  }

  /** The whole image, and mirrored in the same batch. */
  async #addMap(view: View, source: Image, mirrored: boolean): Promise<void> {
    const { width, height } = source;
    this.#member.checkMap?.(width, height);
    const { channels } = this.#member.session.card;
    const mirror = mirrored ? [0, 1] : [0];
    const bytes = width * height * channels;
    const images = new Uint8Array(mirror.length * bytes);
    const box = { left: 0, top: 0, width, height, clipped: false };
    const window = { ...box, outLeft: 0, outTop: 0, outWidth: width, outHeight: height };
    for (const place of mirror.keys()) {
      fillSlot(source, window, width, images.subarray(place * bytes), channels);
    }
    const batch = { images, mirror: Uint8Array.from(mirror) };
    const network = this.#dense.of(height, width);
    await this.#submit(
      network,
      batch,
      height,
      width,
      mirror.map(() => view),
    );
  }

  async #submit(
    network: Network,
    batch: Pick<ViewBatch, 'images' | 'mirror'>,
    height: number,
    width: number,
    views: readonly View[],
  ): Promise<void> {
    const input = uploadImages(this.#member.session, batch, height, width);
    const logits = tf.tidy(() => network.predict(input));
    const done = this.#collect(network, input, logits, views);
    // Its error appears where it is awaited.
    done.catch(() => {});
    await this.#pending;
    this.#pending = done;
  }

  async #collect(
    network: Network,
    input: tf.Tensor4D,
    logits: tf.Tensor2D,
    views: readonly View[],
  ): Promise<void> {
    const values = await logits.data<'float32'>();
    const { protocols, session } = this.#member;
    const classes = session.card.classes.length;
    const nameOf = (slot: number) => {
      const view = views[slot];
      return view && this.#nameOf(view.image);
    };
    const finite = values.subarray(0, views.length * classes).every(Number.isFinite);
    const problem = finite ? undefined : findNotFinite({ network }, input, nameOf);
    tf.dispose([input, logits]);
    if (problem !== undefined) throw problem;
    for (const [slot, { image, protocol }] of views.entries()) {
      const row = values.subarray(slot * classes, (slot + 1) * classes);
      const weight = this.#share / (protocols[protocol] as Protocol).views;
      (this.#averages[protocol] as Averages).add(image, row, weight);
    }
  }
}
