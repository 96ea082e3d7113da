/**
 * What joins the halves of a network that two processes compute, each with one half of the channels of
 * every layer: layers that take values from the other process. They run in a training's plan alone
 * (src/network/rules/divided.ts).
 */
import type * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import type { LayerSettings, Shape } from './layer.js';

/** Which half of the channels a process has: the first or the second. */
export type Half = 0 | 1;

interface HalfSettings extends LayerSettings {
  half: Half;
}

abstract class Divided<Settings extends HalfSettings> extends layers.Layer {
  protected readonly settings: Settings;

  constructor(settings: Settings) {
    super(settings);
    this.settings = settings;
  }

  /** How many channels come of so many. */
  protected abstract channels(given: number): number;

  override computeOutputShape(inputShape: Shape): Shape {
    const shape = inputShape as (number | null)[];
    return shape.with(-1, this.channels(shape.at(-1) as number));
  }

  override call(): tf.Tensor {
    throw new Error(`Layer "${this.name}" runs in a training of two processes alone`);
  }
}

interface JoinedSettings extends HalfSettings {
  /** What follows is the same on both processes, not each one's half of it. */
  alike: boolean;
}

/** The channels of both processes. */
export class JoinedChannels extends Divided<JoinedSettings> {
  static readonly className = 'JoinedChannels';

  protected override channels(given: number): number {
    return 2 * given;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { half, alike } = this.settings;
    return { ...super.getConfig(), half, alike };
  }
}

interface BorderedSettings extends HalfSettings {
  /** Channels of the other half beside the border. */
  width: number;
}

abstract class AtBorder extends Divided<BorderedSettings> {
  override getConfig(): tf.serialization.ConfigDict {
    const { half, width } = this.settings;
    return { ...super.getConfig(), half, width };
  }
}

/** The own channels and the other process's nearest ones. */
export class BorderedChannels extends AtBorder {
  static readonly className = 'BorderedChannels';

  protected override channels(given: number): number {
    return given + this.settings.width;
  }
}

/** Those without the other process's. */
export class OwnChannels extends AtBorder {
  static readonly className = 'OwnChannels';

  protected override channels(given: number): number {
    return given - this.settings.width;
  }
}
