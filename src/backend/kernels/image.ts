import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelCall, KernelRows } from './row.js';

interface ImageInputs {
  images: TensorInfo;
  mirror: TensorInfo;
  offsets: TensorInfo;
}

interface ImageAttrs {
  mean: readonly number[];
  std: readonly number[];
}

function imageToFloat({
  inputs: { images, mirror, offsets },
  attrs: { mean, std },
  backend,
}: KernelCall<ImageInputs, ImageAttrs>) {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  if (images.dtype !== 'bool' || mirror.dtype !== 'int32') return undefined;
  if (offsets.dtype !== 'float32') return undefined;
  if (images.shape.includes(0) || (channels !== 1 && channels !== 3)) return undefined;
  // (byte / 255 + offset - mean) / std as byte * scale + shift, to which the kernel adds the
  // offset; there are always three of each.
  const scale = [0, 0, 0].map((_, channel) => 1 / (255 * (std[channel] ?? 1)));
  const shift = [0, 0, 0].map((_, channel) => -(mean[channel] ?? 0) / (std[channel] ?? 1));
  const output = { shape: images.shape, storage: 'compute' } as const;
  const params = { batch, height, width, channels, scale, shift };
  return backend.runOne('ImageToFloat', [images, mirror, offsets], output, params);
}

interface MixInputs {
  images: TensorInfo;
  rows: TensorInfo;
  shares: TensorInfo;
}

function mixImages({ inputs: { images, rows, shares }, backend }: KernelCall<MixInputs>) {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  if (rows.dtype !== 'int32' || shares.dtype !== 'float32') return undefined;
  if (images.dtype !== 'float32' || images.shape.includes(0)) return undefined;
  const output = { shape: images.shape, storage: 'same' } as const;
  const params = { batch, height, width, channels };
  return backend.runOne('MixImages', [images, rows, shares], output, params);
}

export const imageKernels: KernelRows = { ImageToFloat: imageToFloat, MixImages: mixImages };
