/** Images: decoding what somebody gives, and drawing what the network makes of it. */
import type { Pixels } from '../../report/charts/mosaic.js';
import type { Heat, RgbaImage } from './messages.js';

/** The pixels of an image file, in the colours that are in it. */
export async function decodeImage(file: Blob, exifRotate: boolean): Promise<RgbaImage> {
  const bitmap = await createImageBitmap(file, {
    // Typed as what the standard has now; browsers keep the word that ignores the orientation.
    imageOrientation: (exifRotate ? 'from-image' : 'none') as ImageOrientation,
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  });
  try {
    return pixelsOf(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** What is shown now, with so many pixels. */
export function pixelsOf(source: CanvasImageSource, width: number, height: number): RgbaImage {
  const context = contextOf(new OffscreenCanvas(width, height));
  context.drawImage(source, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { data, width, height };
}

/** Puts pixels on a canvas, one for one; the style of the page enlarges them. */
export function showPixels(canvas: HTMLCanvasElement, pixels: Pixels): void {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  contextOf(canvas).putImageData(imageData(pixels), 0, 0);
}

/** Pixels on each side of a map of heat. */
const HEAT_SIDE = 448;

/** The image in grey, and in colour over it how much each place speaks for a class. */
export function showHeat(canvas: HTMLCanvasElement, seen: Pixels, heat: Heat | undefined): void {
  const enlarged = Math.max(1, Math.floor(HEAT_SIDE / seen.width));
  canvas.width = enlarged * seen.width;
  canvas.height = enlarged * seen.height;
  const context = contextOf(canvas);
  context.imageSmoothingEnabled = false;
  const { width, height } = canvas;
  context.drawImage(asCanvas(inGrey(seen)), 0, 0, width, height);
  if (heat === undefined) return;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(asCanvas(coloured(heat)), 0, 0, width, height);
}

function inGrey({ data, width, height, channels }: Pixels): Pixels {
  const grey = new Uint8Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      sum += data[pixel * channels + channel] as number;
    }
    grey[pixel] = sum / channels;
  }
  return { data: grey, width, height, channels: 1 };
}

/** From nothing over yellow to red. */
function coloured({ values, rows, columns }: Heat): Pixels {
  const data = new Uint8Array(4 * values.length);
  for (const [place, value] of values.entries()) {
    data.set([255, 225 * (1 - value), 40 * (1 - value), 215 * value], 4 * place);
  }
  return { data, width: columns, height: rows, channels: 4 };
}

function asCanvas(pixels: Pixels): OffscreenCanvas {
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  contextOf(canvas).putImageData(imageData(pixels), 0, 0);
  return canvas;
}

function imageData({ data, width, height, channels }: Pixels): ImageData {
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const from = pixel * channels + (channels === 1 ? 0 : channel);
      image.data[4 * pixel + channel] = data[from] as number;
    }
    image.data[4 * pixel + 3] = channels === 4 ? (data[4 * pixel + 3] as number) : 255;
  }
  return image;
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Kept in the memory of the processor, where reading it back changes nothing. */
function contextOf(canvas: HTMLCanvasElement | OffscreenCanvas): Context {
  const context = canvas.getContext('2d', { willReadFrequently: true }) as Context | null;
  if (context !== null) return context;
  throw new Error('This browser cannot draw an image of this size');
}
