import { requireAddon } from '../addon.js';

/** The element types that the addon stores; the numbers are those of native/tensor.h. */
export const STORAGE = { f32: 0, bf16: 1, i32: 2, u8: 3 } as const;
export type Storage = keyof typeof STORAGE;

export const STORAGE_BYTES: Readonly<Record<Storage, number>> = { f32: 4, bf16: 2, i32: 4, u8: 1 };

export type Values = Float32Array | Int32Array | Uint8Array;

/** The functions of native/binding.cc. */
export interface Addon {
  open(threads: number, strict: boolean): string;
  commands(): ArrayBuffer;
  kernels(): (string | number)[];
  submit(words: number): void;
  write(slot: number, storage: number, values: Values): void;
  readSync(slot: number, into: Values): void;
  read<T extends Values>(slot: number, into: T): Promise<T>;
  sync(): Promise<void>;
  memory(resetPeak: boolean): [number, number];
  profile(on: boolean): void;
  timings(): number[];
  trim(): void;
}

let loaded: Addon | undefined;

/** The addon. Throws where it cannot be loaded. */
export function loadAddon(): Addon {
  loaded ??= requireAddon() as Addon;
  return loaded;
}
