/** How much each part does: on a GPU, and to try the program without one. */

export interface Sizes {
  /** Trained beside PyTorch, in this order, at each batch size. */
  readonly networks: readonly string[];
  readonly batches: readonly number[];
  readonly precision: string;
  readonly rounds: { readonly rounds: number; readonly steps: number; readonly seconds: number };
  /** PyTorchs that start at the same time, while the tests run. */
  readonly starting: number;
  /** Folders of test/ and single files; the first come first. */
  readonly tests: readonly string[];
  /** Whether tfjs-core's own specs run too. */
  readonly conformance: boolean;
  /** Test files that run under compute-sanitizer, and its tools. */
  readonly sanitized: readonly (readonly [tool: string, file: string])[];
  /** Networks whose layers are timed. */
  readonly profiled: readonly string[];
  /** Training on JPEGs: the network, the copies of each carried image, the batch, the steps. */
  readonly training: {
    readonly arch: string;
    readonly copies: number;
    readonly batch: number;
    readonly steps: number;
  };
  /** Decoding for it without training, by the processor and on the GPU, by threads. */
  readonly decoding: {
    readonly steps: number;
    readonly threads: readonly number[];
  };
  /** Our backend cpu by threads. */
  readonly cpu: {
    readonly arch: string;
    readonly batch: number;
    readonly threads: readonly number[];
  };
  readonly inputSize?: number;
}

/** Own kernels with shared memory or with indices that go astray easily. */
const SANITIZED = [
  'unary',
  'binary',
  'reduce',
  'layout',
  'pool',
  'lrn',
  'batch-norm',
  'joined-maps',
  'training-kernels',
].map((name) => `test/backend/${name}.test.js`);

export const FULL: Sizes = {
  networks: ['resnet50', 'vgg16', 'densenet121', 'googlenet', 'alexnet'],
  batches: [128, 256],
  precision: 'bf16',
  rounds: { rounds: 3, steps: 10, seconds: 1 },
  starting: 4,
  tests: ['test/cuda', 'test/backend', 'test/network'],
  conformance: true,
  sanitized: [
    ...SANITIZED.map((file) => ['memcheck', file] as const),
    ...SANITIZED.slice(2).map((file) => ['racecheck', file] as const),
  ],
  profiled: ['resnet50', 'densenet121', 'vgg16'],
  training: { arch: 'resnet50', copies: 210, batch: 128, steps: 60 },
  decoding: { steps: 30, threads: [16, 4] },
  cpu: { arch: 'resnet50', batch: 16, threads: [16, 8, 4, 2, 1] },
};

export const QUICK: Sizes = {
  networks: ['lenet5'],
  batches: [2, 4],
  precision: 'f32',
  rounds: { rounds: 2, steps: 1, seconds: 0 },
  starting: 1,
  tests: ['test/backend/unary.test.js'],
  conformance: false,
  sanitized: [['memcheck', 'test/backend/unary.test.js']],
  profiled: ['lenet5'],
  training: { arch: 'lenet5', copies: 1, batch: 4, steps: 3 },
  decoding: { steps: 3, threads: [2] },
  cpu: { arch: 'lenet5', batch: 4, threads: [2, 1] },
};
