/** Images that the GPU decodes, each shown by many blocks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend } from '../../../src/backend/index.js';
import { openBatches } from '../../../src/data/batches/batches.js';
import { listFiles } from '../../../src/data/image-table.js';
import { chosenDecoder } from '../../../src/session/decoding.js';
import { bytesOf } from '../../../src/session/session.js';
import { asSharp, testImage } from '../../data/images.js';

const SIZE = 60;

/** A batch of one image, once in colour and once in grey. */
export async function decodedImages(backend: Backend): Promise<Uint8Array[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cnn-test-'));
  try {
    const file = join(folder, 'image.jpg');
    writeFileSync(
      file,
      await asSharp(testImage(170, 131, 3))
        .jpeg()
        .toBuffer(),
    );
    const split = { images: listFiles([file]), labels: Int32Array.of(0) };
    return [await show(1), await show(3)];

    async function show(channels: 1 | 3): Promise<Uint8Array> {
      const transform = { resize: 70, crop: 'centre', size: SIZE, mirror: 0, pad: 0 } as const;
      const loader = await openBatches(split, {
        ...{ batchSize: 1, imageSize: SIZE, channels, transform, seed: 0, workers: 1 },
        ...{ shuffle: false, lastBatch: 'pad', prefetch: 0, cacheBytes: 0 },
        decoder: chosenDecoder('gpu', backend) as NonNullable<ReturnType<typeof chosenDecoder>>,
      });
      for await (const batch of loader.batches(0)) {
        const bytes = bytesOf(batch, [1, SIZE, SIZE, channels]);
        batch.release();
        await loader.close();
        return (await bytes.data()) as unknown as Uint8Array;
      }
      throw new Error('Expected a batch');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
