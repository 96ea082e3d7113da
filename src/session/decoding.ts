/** Where JPEGs are decoded: by the processor, or on the GPU that trains. */
import { cudaAddonPath, requireAddon } from '../addon.js';
import type { Backend } from '../backend/index.js';
import type { BatchLoader } from '../data/batches/batches.js';
import type { DeviceDecoder } from '../data/batches/device-decoder.js';
import type { JpegAddon } from '../data/decode/jpeg.js';
import { UsageError } from '../errors.js';
import type { Settings } from '../settings/types.js';
import { deviceDecoder } from './device-decoder.js';
import type { Reporter } from './reporter.js';

export type Decode = Settings<'eval'>['decode'];

/** Throws a UsageError where other settings contradict it, before anything is opened. */
export function checkDecode({
  decode,
  backend,
  cache,
  autoAugment = 'none',
  colorJitter = null,
}: Pick<Settings<'eval'>, 'decode' | 'backend' | 'cache'> &
  Partial<Pick<Settings<'train'>, 'autoAugment' | 'colorJitter'>>): void {
  if (decode === 'cpu') return;
  if (autoAugment !== 'none' || colorJitter !== null) {
    throw new UsageError(
      `--decode gpu leaves images to the processor that change their pixels, but ${autoAugment === 'none' ? '--color-jitter' : `--auto-augment ${autoAugment}`} was given: leave one of them out.`,
    );
  }
  if (backend !== 'auto' && backend !== 'cuda') throw needsCuda(`--backend ${backend} was given`);
  if (cache === 'memory') {
    throw new UsageError(
      '--decode gpu decodes the images of each epoch anew and keeps none, but --cache memory was given: leave one of them out.',
    );
  }
}

function needsCuda(but: string): UsageError {
  return new UsageError(
    `--decode gpu needs --backend cuda, but ${but}: leave it out, or see "cnn doctor".`,
  );
}

/** What decodes on the device, where that is asked for; throws where nothing does. */
export function chosenDecoder(
  decode: Decode,
  { name, device }: Pick<Backend, 'name' | 'device'>,
): DeviceDecoder | undefined {
  if (decode === 'cpu') return undefined;
  if (name !== 'cuda' || device === undefined) {
    throw needsCuda(`backend ${name} computes`);
  }
  return deviceDecoder(device, requireAddon(cudaAddonPath()) as Partial<JpegAddon>);
}

/** Makes a function that tells, once for a loader, how many images a GPU left to the processor. */
export function createDecodingNote(reporter: Pick<Reporter, 'note'>) {
  const told = new Set<Pick<BatchLoader, 'decoded'>>();
  return (loader: Pick<BatchLoader, 'decoded'>): void => {
    if (loader.decoded === undefined || told.has(loader)) return;
    told.add(loader);
    reporter.note(describeDecoded(loader.decoded));
  };
}

/** How many images were decoded where. */
export function describeDecoded({
  device,
  processor,
}: NonNullable<BatchLoader['decoded']>): string {
  const all = (device + processor).toLocaleString('en');
  if (processor === 0) return `all ${all} images were decoded on the GPU`;
  if (device === 0) return `all ${all} images were left to the processor, the GPU decoded none`;
  const left = processor.toLocaleString('en');
  return `${left} of ${all} images were left to the processor, the others decoded on the GPU`;
}
