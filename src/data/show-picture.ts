import { fillSlot, isPlainCrop, type Picture, type Window } from '../augment/index.js';
import { jpegAddon } from './jpeg.js';
import { placeWindow, RECORD_FIELDS } from './picture-record.js';

/** `fillSlot`, the same bytes, by the addon where it is built with libjpeg-turbo and has to resample. */
export function showPicture(
  picture: Picture,
  window: Window,
  size: number,
  target: Uint8Array,
  channels: 1 | 3,
): void {
  const addon = jpegAddon();
  if (addon instanceof Error || isPlainCrop(window)) {
    fillSlot(picture, window, size, target, channels);
    return;
  }
  const record = new Float64Array(RECORD_FIELDS);
  placeWindow(record, picture, window);
  addon.fillFromPixels(picture.data, record, target, size, channels);
}
