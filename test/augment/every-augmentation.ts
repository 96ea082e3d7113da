/** Settings that together use every augmentation of `cnn train`, for networks of 12 × 12 pixels. */
import { AUGMENTATION } from '../../src/settings/options/augmentation.js';

export type Settings = Readonly<Record<string, string>>;

const JITTER = { 'color-jitter': '0.4,0.4,0.4,0.1' };

/** Settings that use an option, where its row has no choices. */
// biome-ignore format: a table
const EXAMPLES: Readonly<Record<string, Settings>> = {
  'train-resize-size':     { 'train-resize-size': '14,20', 'train-crop-mode': 'random' },
  'train-crop-size':       { 'train-crop-size': '10', arch: 'resnet20-cifar' },
  scale:                   { 'train-crop-mode': 'area', scale: '0.3,1' },
  ratio:                   { 'train-crop-mode': 'area', ratio: '0.8,1.2' },
  padding:                 { 'train-crop-mode': 'random', padding: '2' },
  hflip:                   { hflip: '0.5' },
  'color-pca':             { 'color-pca': '0.1' },
  'color-jitter':          JITTER,
  'ra-magnitude':          { 'auto-augment': 'ra', 'ra-magnitude': '15' },
  'ra-num-ops':            { 'auto-augment': 'ra', 'ra-num-ops': '3' },
  'augmix-severity':       { 'auto-augment': 'augmix', 'augmix-severity': '8' },
  'random-erase':          { 'random-erase': '0.5' },
  'mixup-alpha':           { 'mixup-alpha': '0.2' },
  'cutmix-alpha':          { 'cutmix-alpha': '1' },
  'repeated-augmentation': { 'repeated-augmentation': '2' },
};

/** One for each option, or each of its choices, and one of what people use together. */
export const EVERY_AUGMENTATION: readonly Settings[] = [
  ...Object.entries(AUGMENTATION).flatMap(([name, row]): Settings[] => {
    if (row.kind === 'choice') return row.choices.map((choice) => ({ [name]: choice }));
    const example = EXAMPLES[name];
    if (example === undefined) throw new Error(`Expected settings that use --${name}`);
    return [example];
  }),
  {
    ...{ 'auto-augment': 'ta_wide', 'random-erase': '0.25', ...JITTER },
    ...{ 'mixup-alpha': '0.2', 'cutmix-alpha': '1', 'repeated-augmentation': '2' },
  },
];

/** Such as `auto-augment ra, ra-num-ops 3`. */
export function describeSettings(settings: Settings): string {
  return Object.entries(settings)
    .map((pair) => pair.join(' '))
    .join(', ');
}

/** The flags that give these settings. */
export function flagsOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}
