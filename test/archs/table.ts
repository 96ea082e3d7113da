/**
 * What each network of the catalogue must be: trained parameters and multiply-adds (convolutions
 * and dense layers, one image) at its defaults, and the output shapes that its paper's tables give.
 */

type Shapes = Readonly<Record<string, readonly number[]>>;
export type Row = readonly [name: string, parameters: number, macs: number, shapes: Shapes];

/** Table 1 of VGG's paper. */
const VGG: Shapes = {
  pool1: [112, 112, 64],
  pool2: [56, 56, 128],
  pool3: [28, 28, 256],
  pool4: [14, 14, 512],
  pool5: [7, 7, 512],
  fc6: [4096],
  fc7: [4096],
  fc8: [1000],
};

/** Table 1 of GoogLeNet's paper. */
const GOOGLENET: Shapes = {
  pool1: [56, 56, 64],
  'conv2.3x3': [56, 56, 192],
  pool2: [28, 28, 192],
  'inception3a.concat': [28, 28, 256],
  'inception3b.concat': [28, 28, 480],
  pool3: [14, 14, 480],
  'inception4a.concat': [14, 14, 512],
  'inception4b.concat': [14, 14, 512],
  'inception4c.concat': [14, 14, 512],
  'inception4d.concat': [14, 14, 528],
  'inception4e.concat': [14, 14, 832],
  pool4: [7, 7, 832],
  'inception5a.concat': [7, 7, 832],
  'inception5b.concat': [7, 7, 1024],
  pool5: [1024],
  fc: [1000],
};

/** Table 1 of ResNet's paper: the last block of each stage, which ends in `end`. */
function resnet(blocks: readonly number[], widen: number, end = 'relu'): Shapes {
  const stages = blocks.map((count, stage): [string, number[]] => {
    const side = 56 / 2 ** stage;
    return [`conv${stage + 2}_${count}.${end}`, [side, side, 64 * 2 ** stage * widen]];
  });
  const stem = { conv1: [112, 112, 64], pool1: [56, 56, 64] };
  return { ...stem, ...Object.fromEntries(stages), pool5: [512 * widen], fc: [1000] };
}

/** Section 4.2 of ResNet's paper, n blocks a stage. */
function cifarResnet(n: number): Shapes {
  return {
    conv1: [32, 32, 16],
    [`conv2_${n}.relu`]: [32, 32, 16],
    [`conv3_${n}.relu`]: [16, 16, 32],
    [`conv4_${n}.relu`]: [8, 8, 64],
    pool4: [64],
    fc: [10],
  };
}

/** The same in the order of He et al., 2016, whose bottlenecks widen the maps. */
function cifarPreresnet(n: number, widen = 1): Shapes {
  return {
    conv1: [32, 32, 16],
    [`conv2_${n}.add`]: [32, 32, 16 * widen],
    [`conv3_${n}.add`]: [16, 16, 32 * widen],
    [`conv4_${n}.add`]: [8, 8, 64 * widen],
    pool4: [64 * widen],
    fc: [10],
  };
}

/** Table 1 of DenseNet's paper; channels after the dense blocks, which transitions halve. */
function densenet(growth: number, blocks: readonly number[], channels: readonly number[]): Shapes {
  const [first = 0, second = 0, third = 0, last = 0] = channels;
  return {
    conv1: [112, 112, 2 * growth],
    pool1: [56, 56, 2 * growth],
    [`dense1_${blocks[0]}.concat`]: [56, 56, first],
    'transition1.conv': [56, 56, first / 2],
    'transition1.pool': [28, 28, first / 2],
    [`dense2_${blocks[1]}.concat`]: [28, 28, second],
    'transition2.pool': [14, 14, second / 2],
    [`dense3_${blocks[2]}.concat`]: [14, 14, third],
    'transition3.pool': [7, 7, third / 2],
    [`dense4_${blocks[3]}.concat`]: [7, 7, last],
    pool5: [last],
    fc: [1000],
  };
}

/**
 * Multiply-adds of the ImageNet networks are those of the papers' and torchvision's tables. By
 * hand: lenet5-1998: 28² × 6 × 25 + 10² × 60 × 25 + 120 × 16 × 25 + 120 × 84 + 84 × 10, which is
 * the   paper's 340,908 connections less 6,508 to biases and 5 × (14² × 6 + 5² × 16) of S2 and S4.
 * simple-cnn: 28² × 49 × 64 + 14² × 9 × 128 × (64 + 128) + 7² × 9 × 256 × (128 + 256) + 2304 × 128
 * + 128 × 64 + 64 × 10. nin: 54² × 96 × (363 + 2 × 96) + 27² × 256 × (25 × 96 + 2 × 256) + 13² ×
 * 384 × (9 × 256 + 2 × 384)   + 6² × 1024 × (9 × 384 + 1024 + 1000). nin-cifar: 32² × (75 × 192 +
 * 192 × 160 + 160 × 96) + 16² × 192 × (25 × 96 + 2 × 192)   + 8² × 192 × (9 × 192 + 192 + 10).
 * resnet*-cifar, n blocks a stage: the first convolution has 32² × 27 × 16; each of 6n others   32²
 * × 9 × 16² = 2,359,296 (half the side and twice the channels cost as much), but half of that   the
 * two that begin stages; the dense layer 640: 14,155,776 n - 1,916,288. densenet40-k12: 32² × 27 ×
 * 16; blocks of 12 layers on 16, 160 and 304 maps at 32², 16² and 8²,   each side² × 9 × 12 × (12 ×
 * maps + 12 × 66); transitions 32² × 160² + 16² × 304²; 448 × 10. densenet-bc100-k12: 32² × 27 ×
 * 24; blocks of 16 layers on 24, 108 and 150 maps, each side² × 48 ×   (16 × maps + 12 × 120) +
 * side² × 16 × 9 × 48 × 12; transitions 32² × 216 × 108 +   16² × 300 × 150; 342 × 10.
 * preresnet164-cifar: 32² × 27 × 16; a bottleneck of f filters on i maps f × i + 9 f² + 4 f², and
 * 4 f × i where the shape changes.
 */
// biome-ignore format: one network a row
export const TABLE: readonly Row[] = [
  ['lenet5',                    61_706,        416_520, { conv1: [28, 28, 6], pool1: [14, 14, 6], conv2: [10, 10, 16], pool2: [5, 5, 16], fc3: [120], fc4: [84], fc5: [10] }],
  ['lenet5-1998',               60_850,        326_520, { c1: [28, 28, 6], s2: [14, 14, 6], c3: [10, 10, 16], s4: [5, 5, 16], c5: [1, 1, 120], f6: [84], output: [10] }],
  ['simple-cnn',             1_413_834,     89_466_496, { conv1: [28, 28, 64], pool1: [14, 14, 64], conv3: [14, 14, 128], pool2: [7, 7, 128], conv5: [7, 7, 256], pool3: [3, 3, 256], fc6: [128], fc7: [64], fc8: [10] }],
  ['alexnet',               60_965_224,    724_406_816, { conv1: [55, 55, 96], pool1: [27, 27, 96], conv2: [27, 27, 256], conv3: [13, 13, 384], conv4: [13, 13, 384], conv5: [13, 13, 256], pool5: [6, 6, 256], fc6: [4096], fc8: [1000] }],
  ['alexnet-1gpu',          62_378_344,  1_135_256_096, { conv2: [27, 27, 256], pool5: [6, 6, 256], fc8: [1000] }],
  ['alexnet-torchvision',   61_100_840,    714_188_480, { conv1: [55, 55, 64], pool5: [6, 6, 256], fc8: [1000] }],
  ['nin',                    7_595_176,  1_100_188_800, { conv1: [54, 54, 96], cccp2: [54, 54, 96], pool1: [27, 27, 96], cccp4: [27, 27, 256], pool2: [13, 13, 256], cccp6: [13, 13, 384], pool3: [6, 6, 384], conv4: [6, 6, 1024], cccp8: [6, 6, 1000], pool4: [1000] }],
  ['nin-cifar',                966_986,    222_486_528, { conv1: [32, 32, 192], cccp1: [32, 32, 160], cccp2: [32, 32, 96], pool1: [16, 16, 96], cccp4: [16, 16, 192], pool2: [8, 8, 192], cccp6: [8, 8, 10], pool3: [10] }],
  ['vgg11',                132_863_336,  7_609_090_048, { conv1_1: [224, 224, 64], ...VGG }],
  ['vgg11-lrn',            132_863_336,  7_609_090_048, { norm1: [224, 224, 64], ...VGG }],
  ['vgg13',                133_047_848, 11_308_466_176, { conv5_2: [14, 14, 512], ...VGG }],
  ['vgg16-1x1',            133_638_952, 11_770_888_192, { conv5_3: [14, 14, 512], ...VGG }],
  ['vgg16',                138_357_544, 15_470_264_320, { conv5_3: [14, 14, 512], ...VGG }],
  ['vgg19',                143_667_240, 19_632_062_464, { conv5_4: [14, 14, 512], ...VGG }],
  ['vgg11-bn',             132_868_840,  7_609_090_048, { bn1_1: [224, 224, 64], ...VGG }],
  ['vgg13-bn',             133_053_736, 11_308_466_176, { bn5_2: [14, 14, 512], ...VGG }],
  ['vgg16-bn',             138_365_992, 15_470_264_320, { bn5_3: [14, 14, 512], ...VGG }],
  ['vgg19-bn',             143_678_248, 19_632_062_464, { bn5_4: [14, 14, 512], ...VGG }],
  ['googlenet',              6_998_552,  1_582_671_872, { conv1: [112, 112, 64], norm2: [56, 56, 192], ...GOOGLENET }],
  ['googlenet-bn',           7_005_832,  1_582_671_872, { conv1: [112, 112, 64], ...GOOGLENET }],
  ['googlenet-torchvision',  6_624_904,  1_498_376_192, { conv1: [112, 112, 64], ...GOOGLENET }],
  ['resnet18',              11_689_512,  1_814_073_344, resnet([2, 2, 2, 2], 1)],
  ['resnet34',              21_797_672,  3_663_761_408, resnet([3, 4, 6, 3], 1)],
  ['resnet50',              25_557_032,  3_857_973_248, { 'conv3_1.conv1': [28, 28, 128], ...resnet([3, 4, 6, 3], 4) }],
  ['resnet101',             44_549_160,  7_570_194_432, resnet([3, 4, 23, 3], 4)],
  ['resnet152',             60_192_808, 11_282_415_616, resnet([3, 8, 36, 3], 4)],
  ['resnet50-torchvision',  25_557_032,  4_089_184_256, { 'conv3_1.conv1': [56, 56, 128], 'conv3_1.conv2': [28, 28, 128], ...resnet([3, 4, 6, 3], 4) }],
  ['resnet101-torchvision', 44_549_160,  7_801_405_440, resnet([3, 4, 23, 3], 4)],
  ['resnet152-torchvision', 60_192_808, 11_513_626_624, resnet([3, 8, 36, 3], 4)],
  ['plain18',               11_515_688,  1_794_805_760, resnet([2, 2, 2, 2], 1)],
  ['plain34',               21_623_848,  3_644_493_824, resnet([3, 4, 6, 3], 1)],
  ['preresnet50',           25_549_352,  4_089_184_256, resnet([3, 4, 6, 3], 4, 'add')],
  ['preresnet101',          44_541_480,  7_801_405_440, resnet([3, 4, 23, 3], 4, 'add')],
  ['preresnet152',          60_185_128, 11_513_626_624, resnet([3, 8, 36, 3], 4, 'add')],
  ['preresnet200',          64_666_152, 15_007_481_856, resnet([3, 24, 36, 3], 4, 'add')],
  ['resnet20-cifar',           269_722,     40_551_040, cifarResnet(3)],
  ['resnet32-cifar',           464_154,     68_862_592, cifarResnet(5)],
  ['resnet44-cifar',           658_586,     97_174_144, cifarResnet(7)],
  ['resnet56-cifar',           853_018,    125_485_696, cifarResnet(9)],
  ['resnet110-cifar',        1_727_962,    252_887_680, cifarResnet(18)],
  ['plain20-cifar',            269_722,     40_551_040, cifarResnet(3)],
  ['plain32-cifar',            464_154,     68_862_592, cifarResnet(5)],
  ['plain44-cifar',            658_586,     97_174_144, cifarResnet(7)],
  ['plain56-cifar',            853_018,    125_485_696, cifarResnet(9)],
  ['preresnet20-cifar',        269_722,     40_551_040, cifarPreresnet(3)],
  ['preresnet56-cifar',        853_018,    125_485_696, cifarPreresnet(9)],
  ['preresnet110-cifar',     1_727_962,    252_887_680, cifarPreresnet(18)],
  ['preresnet164-cifar',     1_703_258,    247_646_720, cifarPreresnet(18, 4)],
  ['densenet121',            7_978_856,  2_834_161_664, densenet(32, [6, 12, 24, 16], [256, 512, 1024, 1024])],
  ['densenet161',           28_681_000,  7_727_907_072, densenet(48, [6, 12, 36, 24], [384, 768, 2112, 2208])],
  ['densenet169',           14_149_480,  3_359_843_328, densenet(32, [6, 12, 32, 32], [256, 512, 1280, 1664])],
  ['densenet201',           20_013_928,  4_291_365_888, densenet(32, [6, 12, 48, 32], [256, 512, 1792, 1920])],
  ['densenet264',           33_337_704,  5_751_653_376, densenet(32, [6, 12, 64, 48], [256, 512, 2304, 2688])],
  ['densenet40-k12',         1_019_722,    264_812_928, { 'dense1_12.concat': [32, 32, 160], 'transition1.pool': [16, 16, 160], 'dense2_12.concat': [16, 16, 304], 'transition2.pool': [8, 8, 304], 'dense3_12.concat': [8, 8, 448], pool4: [448], fc: [10] }],
  ['densenet-bc100-k12',       769_162,    287_929_692, { 'dense1_16.concat': [32, 32, 216], 'transition1.pool': [16, 16, 108], 'dense2_16.concat': [16, 16, 300], 'transition2.pool': [8, 8, 150], 'dense3_16.concat': [8, 8, 342], pool4: [342], fc: [10] }],
];

/** Parameters and multiply-adds with both auxiliary heads. */
// biome-ignore format: one network a row
export const WITH_HEADS: readonly [string, number, number][] = [
  ['googlenet',             13_378_280, 1_591_044_096],
  ['googlenet-bn',          13_385_816, 1_591_044_096],
  ['googlenet-torchvision', 13_004_888, 1_506_748_416],
];
