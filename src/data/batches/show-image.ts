import { fillSlot, type Image, isPlainCrop, type Window } from '../../augment/index.js';
import { createRecords, placeWindow } from '../decode/image-record.js';
import { jpegAddon } from '../decode/jpeg.js';

/**
 * `fillSlot`, the same bytes, by the addon where it is built with libjpeg-turbo and has to
 * resample.
 */
export function showImage(
  image: Image,
  window: Window,
  size: number,
  target: Uint8Array,
  channels: 1 | 3,
): void {
  const addon = jpegAddon();
  if (addon instanceof Error || isPlainCrop(window)) {
    fillSlot(image, window, size, target, channels);
    return;
  }
  const record = createRecords(1);
  placeWindow(record, image, window);
  addon.fillFromPixels(image.data, record, target, size, channels);
}
