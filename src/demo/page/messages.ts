/** What the page and its worker say to each other, and what the page holds. */
import type { Description } from '../../export/description.js';
import type { Filters } from '../../report/evaluation/filters.js';
import type { LayerMaps } from '../../report/evaluation/maps.js';

/** A node of the graph in model.json. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
}

/** model.json as `cnn export --format tfjs` writes it. */
export interface ModelJson {
  readonly userDefinedMetadata: Description;
  readonly signature: object;
  readonly modelTopology: { readonly node: readonly GraphNode[] };
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly { readonly quantization?: object }[];
  }[];
}

/** What the page knows besides the model. */
export interface PageSettings {
  /** Bytes of all weights. */
  readonly bytes: number;
  /** The files of the weights beside the page; none where they are in it. */
  readonly files: readonly string[];
  /** Photographs are turned upright by their EXIF orientation. */
  readonly exifRotate: boolean;
}

/** Decoded bytes: red, green, blue and opacity of each pixel. */
export interface RgbaImage {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export type Request =
  | {
      readonly kind: 'open';
      readonly model: ModelJson;
      readonly weights: ArrayBuffer;
      readonly wasm: ArrayBuffer;
    }
  | { readonly kind: 'classify'; readonly image: RgbaImage }
  | { readonly kind: 'maps'; readonly layer: string }
  | { readonly kind: 'look'; readonly label: number }
  | { readonly kind: 'stop' };

/** How it is found where the network looks. */
export type Method = 'activation' | 'occlusion';

export interface Layer {
  readonly name: string;
  /** (height, width, channels) */
  readonly shape: readonly [number, number, number];
}

/** A class's evidence over the image, from 0 to 1; rows from above, each from the left. */
export interface Heat {
  readonly label: number;
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** The part of the work that is done, from 0 to 1. */
  readonly done: number;
}

export type Answer =
  | {
      readonly kind: 'ready';
      readonly layers: readonly Layer[];
      readonly filters: Filters | undefined;
      readonly method: Method;
      /** Of one image. */
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'classified';
      /** (size, size, channels), what the network sees. */
      readonly seen: Uint8Array;
      readonly probabilities: Float64Array;
      readonly milliseconds: number;
    }
  | ({ readonly kind: 'maps' } & LayerMaps)
  | ({ readonly kind: 'looked' } & Heat)
  | { readonly kind: 'failed'; readonly why: string };
