/** The data of a tensor of our backend, and its values on the host. */
import { backend_util, type DataType } from '@tensorflow/tfjs-core';
import type { Storage, Values } from './addon.js';

/** Values that stay on the host: strings and complex numbers, never in training. */
export type HostValues = Uint8Array[] | { real: Float32Array; imag: Float32Array };

/** A tensor's data; the object itself is tfjs's data id. */
export class NativeData {
  refCount = 1;
  constructor(
    readonly slot: number,
    readonly dtype: DataType,
    readonly storage: Storage,
    readonly size: number,
    readonly host?: HostValues,
  ) {}
}

/** How values of a dtype are stored when the host writes them. */
export function storageFor(dtype: DataType): Storage {
  return dtype === 'int32' ? 'i32' : dtype === 'bool' ? 'u8' : 'f32';
}

const ARRAYS = { f32: Float32Array, bf16: Float32Array, i32: Int32Array, u8: Uint8Array } as const;

/** An array that a read of these data fills. */
export function emptyValues(data: NativeData): Values {
  return new ARRAYS[data.storage](data.size);
}

/** The values as the typed array of their dtype; a moved tensor may come in another one. */
export function typedValues(
  values: backend_util.BackendValues | null | undefined,
  dtype: DataType,
  size: number,
): Values {
  const wanted = ARRAYS[storageFor(dtype)];
  if (values === null || values === undefined) return new wanted(size);
  return values instanceof wanted ? values : wanted.from(values as Float32Array);
}

/** A host tensor as tfjs reads it: strings, or real and imaginary parts in turn. */
export function hostValues(host: HostValues): backend_util.BackendValues {
  if (Array.isArray(host)) return host;
  return backend_util.mergeRealAndImagArrays(host.real, host.imag);
}
