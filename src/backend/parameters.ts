/**
 * The parameters of each kernel of the addon by name: those of the structs in native/params.h, in
 * the same order. contract.ts compares them with what the addon reports.
 */

/** A struct in 32-bit words: whole numbers, then floats, then lists. `name[3]` is three numbers. */
interface Struct {
  readonly ints?: readonly string[];
  readonly floats?: readonly string[];
  /** Of any length, which other fields or the tensors tell. */
  readonly intLists?: readonly string[];
  readonly floatLists?: readonly string[];
}

/** Functions of one number; to add one, see native/cpu/loops/unary.cc. */
export const UNARY = [
  'Abs',
  'Ceil',
  'Exp',
  'Floor',
  'Log',
  'Neg',
  'Reciprocal',
  'Relu',
  'Relu6',
  'Rsqrt',
  'ScaledTanh',
  'Sigmoid',
  'Sign',
  'Sqrt',
  'Square',
  'Step',
  'Tanh',
] as const;

/** Functions of two numbers; to add one, see native/cpu/loops/binary.cc. */
export const ARITHMETIC = [
  'Add',
  'Sub',
  'Multiply',
  'RealDiv',
  'Maximum',
  'Minimum',
  'SquaredDifference',
] as const;

/** Those that give 0 or 1. */
export const COMPARISONS = [
  'Equal',
  'NotEqual',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
] as const;

const NONE = {};

const IMAGES = ['batch', 'inHeight', 'inWidth'] as const;
const WINDOW = [
  'filterHeight',
  'filterWidth',
  'strideHeight',
  'strideWidth',
  'dilationHeight',
  'dilationWidth',
] as const;

const CONVOLUTION = {
  ints: [
    ...IMAGES,
    'inChannels',
    'outHeight',
    'outWidth',
    'outChannels',
    ...WINDOW,
    'padTop',
    'padLeft',
    'groups',
    'activation',
  ],
} as const;

const POOL = {
  ints: [...IMAGES, 'channels', 'outHeight', 'outWidth', ...WINDOW, 'padTop', 'padLeft'],
} as const;

const WINDOW_MEANS = {
  ints: [...IMAGES, 'channels', 'outHeight', 'outWidth'],
  intLists: ['rows', 'columns'],
} as const;

const REDUCE = { ints: ['outer', 'reduce', 'inner', 'divisor'] } as const;
const CROSS_ENTROPY = {
  ints: ['rows', 'classes', 'hits'],
  floats: ['smoothing', 'weight'],
} as const;
const LRN = { ints: ['rows', 'channels', 'radius'], floats: ['bias', 'alpha', 'beta'] } as const;
const BINARY = { ints: ['rank'], intLists: ['sizes', 'stridesA', 'stridesB'] } as const;
const BY_WEIGHT = ['weightDecay', 'lrScale'] as const;
const ADAM = {
  floats: ['beta1', 'beta2', 'epsilon', 'correction1', 'correction2', 'lr', 'gradientScale'],
  floatLists: BY_WEIGHT,
} as const;
const PIECES = { intLists: ['sizes'] } as const;

/** The kernels of the addon, each with its struct. */
export const PARAMETERS = {
  ...of(UNARY, NONE),
  ...of(ARITHMETIC, BINARY),
  ...of(COMPARISONS, BINARY),
  FusedConv2D: CONVOLUTION,
  Conv2DBackpropInput: CONVOLUTION,
  Conv2DBackpropFilter: CONVOLUTION,
  BatchMatMul: {
    ints: ['batchA', 'batchB', 'm', 'k', 'n', 'transposeA', 'transposeB', 'activation'],
  },
  MaxPool: POOL,
  AvgPool: POOL,
  MaxPoolGrad: POOL,
  AvgPoolGrad: POOL,
  WindowMeans: WINDOW_MEANS,
  WindowMeansGrad: WINDOW_MEANS,
  LRN,
  LRNGrad: LRN,
  BatchNormTrain: {
    ints: ['rows', 'channels', 'activation', 'unbiased'],
    floats: ['epsilon', 'momentum'],
  },
  BatchNormInference: { ints: ['rows', 'channels', 'activation'], floats: ['epsilon'] },
  BatchNormGrad: { ints: ['rows', 'channels', 'activation', 'frozen'] },
  AppendChannels: { ints: ['rows', 'channels', 'offset', 'stride', 'statistics'] },
  BatchNormSlice: {
    ints: ['rows', 'channels', 'stride', 'activation', 'unbiased'],
    floats: ['epsilon', 'momentum'],
  },
  BatchNormSliceGrad: {
    ints: ['rows', 'channels', 'stride', 'activation', 'frozen'],
    floats: ['epsilon'],
  },
  BiasActivationGrad: { ints: ['rows', 'channels', 'activation', 'bias'] },
  Dropout: { ints: ['seed', 'step', 'layer', 'threshold', 'first'], floats: ['scale'] },
  AllReduceStart: { ints: ['step', 'narrow'] },
  AllReduceWait: { ints: ['images'] },
  AllGather: { ints: ['step'] },
  ImageToFloat: {
    ints: ['batch', 'height', 'width', 'channels'],
    floats: ['scale[3]', 'shift[3]'],
  },
  MixImages: { ints: ['batch', 'height', 'width', 'channels'] },
  SoftmaxCrossEntropy: CROSS_ENTROPY,
  SigmoidCrossEntropy: CROSS_ENTROPY,
  Sgd: {
    ints: ['nesterov', 'caffe'],
    floats: ['momentum', 'lr', 'gradientScale'],
    floatLists: BY_WEIGHT,
  },
  RmsProp: {
    floats: ['alpha', 'epsilon', 'momentum', 'lr', 'gradientScale'],
    floatLists: BY_WEIGHT,
  },
  Lars: {
    ints: ['nesterov'],
    floats: ['momentum', 'trust', 'epsilon', 'lr', 'gradientScale'],
    floatLists: BY_WEIGHT,
  },
  AdamW: ADAM,
  Lamb: ADAM,
  GradientClip: { floats: ['maxNorm', 'gradientScale'] },
  Accumulate: { floats: ['keep', 'share'] },
  Sum: REDUCE,
  Prod: REDUCE,
  Max: REDUCE,
  Min: REDUCE,
  ArgMax: REDUCE,
  Concat: PIECES,
  SplitV: PIECES,
  StridedCopy: { ints: ['rank', 'offset'], intLists: ['sizes', 'strides'] },
  PadV2: { ints: ['rank'], floats: ['value'], intLists: ['outSizes', 'before', 'inSizes'] },
  Fill: { floats: ['value'] },
  Cast: NONE,
  PeakMultiplyAdd: { ints: ['threads', 'count'] },
  PeakCopy: NONE,
  PeakUpdate: NONE,
} as const satisfies Record<string, Struct>;

export type NativeKernel = keyof typeof PARAMETERS;

type Names<S, Key extends keyof Struct> = S extends { readonly [K in Key]: readonly (infer N)[] }
  ? N & string
  : never;
type Plain<S, Key extends keyof Struct> = Exclude<Names<S, Key>, `${string}[${string}`>;
type Arrays<S> =
  Names<S, 'floats'> extends infer N ? (N extends `${infer Name}[${string}` ? Name : never) : never;

/** What a kernel is called with; a flag is 0 or 1. */
export type ParametersOf<K extends NativeKernel> = {
  readonly [N in Plain<(typeof PARAMETERS)[K], 'ints'>]: number;
} & { readonly [N in Plain<(typeof PARAMETERS)[K], 'floats'>]: number } & {
  readonly [N in
    | Names<(typeof PARAMETERS)[K], 'intLists'>
    | Names<(typeof PARAMETERS)[K], 'floatLists'>
    | Arrays<(typeof PARAMETERS)[K]>]: readonly number[];
};

/** The argument for parameters, which may be left out for a kernel without any. */
export type ParametersIfAny<K extends NativeKernel> = keyof ParametersOf<K> extends never
  ? []
  : [parameters: ParametersOf<K>];

/** The same of any kernel. */
export type Parameters = Readonly<Record<string, number | readonly number[]>>;

function of<Name extends string, S>(names: readonly Name[], struct: S): Record<Name, S> {
  return Object.fromEntries(names.map((name) => [name, struct])) as Record<Name, S>;
}

/** One field in the order of the words. */
interface Field {
  readonly name: string;
  readonly float: boolean;
  /** How many numbers: 1 for a plain one, undefined for a list. */
  readonly length: number | undefined;
}

const fieldsByKernel = new Map<string, readonly Field[]>();

function fieldsOf(kernel: NativeKernel): readonly Field[] {
  const known = fieldsByKernel.get(kernel);
  if (known) return known;
  const { ints = [], floats = [], intLists = [], floatLists = [] }: Struct = PARAMETERS[kernel];
  const plain = (float: boolean) => (text: string) => {
    const [name = '', length = '1'] = text.split(/[[\]]/);
    return { name, float, length: Number(length) };
  };
  const list = (float: boolean) => (name: string) => ({ name, float, length: undefined });
  const fields = [
    ...ints.map(plain(false)),
    ...floats.map(plain(true)),
    ...intLists.map(list(false)),
    ...floatLists.map(list(true)),
  ];
  fieldsByKernel.set(kernel, fields);
  return fields;
}

/** The words that `packParameters` writes. Throws unless every field is there. */
export function countWords(kernel: NativeKernel, parameters: Parameters): number {
  let words = 0;
  for (const { name, length } of fieldsOf(kernel)) {
    const value = parameters[name];
    const found = Array.isArray(value) ? value.length : value === undefined ? 0 : 1;
    if (value === undefined || (length !== undefined && found !== length)) {
      throw new Error(`${kernel} expects the parameter ${name} but received ${value}.`);
    }
    words += found;
  }
  return words;
}

/**
 * Writes parameters from word `at` on and returns the word after them; both arrays share memory.
 */
export function packParameters(
  kernel: NativeKernel,
  parameters: Parameters,
  words: Int32Array,
  floats: Float32Array,
  start: number,
): number {
  let at = start;
  for (const { name, float } of fieldsOf(kernel)) {
    const value = parameters[name];
    const to = float ? floats : words;
    if (Array.isArray(value)) for (const number of value) to[at++] = number;
    else to[at++] = value as number;
  }
  return at;
}

/** The fields of a struct as the addon tells them: "int32 rows, channels; float32 epsilon". */
export function describeParameters(kernel: NativeKernel): string {
  const { ints, floats, intLists, floatLists }: Struct = PARAMETERS[kernel];
  const parts = [
    ['int32', ints],
    ['float32', floats],
    ['int32[]', intLists],
    ['float32[]', floatLists],
  ] as const;
  return parts
    .flatMap(([type, names]) => names && `${type} ${names.join(', ')}`)
    .filter(Boolean)
    .join('; ');
}
