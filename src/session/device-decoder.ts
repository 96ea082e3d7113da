/** Has the addon decode JPEGs into the memory of the GPU on which a backend computes. */
import type { ImageBatch } from '../backend/addon.js';
import type { NativeBackend } from '../backend/native-backend.js';
import type { DeviceDecoder, DeviceImages } from '../data/batches/device-decoder.js';
import { isOurs, type JpegAddon } from '../data/decode/jpeg.js';
import { RunError } from '../errors.js';

/** `addon` is the one that has opened the device. Throws where nothing decodes on it. */
export function deviceDecoder(device: NativeBackend, addon: Partial<JpegAddon>): DeviceDecoder {
  if (addon.openJpegPool === undefined || !isOurs(addon)) {
    throw new RunError(
      '--decode gpu needs an addon with libjpeg-turbo, which reads the headers of JPEGs: install libjpeg62-turbo-dev and run bin/setup --cuda.',
    );
  }
  return {
    description: device.describeDecoder(),
    open(threads, { maxPixels, exifRotate }) {
      const pool = addon.openJpegPool(threads, maxPixels, exifRotate);
      return {
        async decode(files, records, shape) {
          const batch = device.beginBatch(...shape);
          const complete = await addon.decodeJpegs(pool, files, records, batch);
          if (complete) return imagesOf(device, batch);
          device.queue.dropBatch(batch);
          return undefined;
        },
        close: () => addon.closeJpegPool(pool),
      };
    },
  };
}

function imagesOf(device: NativeBackend, batch: ImageBatch): DeviceImages {
  let given = false;
  return {
    take(images, slots) {
      const data = device.holdBatch(batch, images, slots);
      given = true;
      return data;
    },
    release() {
      if (!given) device.queue.dropBatch(batch);
      given = true;
    },
  };
}
