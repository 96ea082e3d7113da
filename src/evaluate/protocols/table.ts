/** How papers evaluate: which parts of an image, at which sizes, the network sees. */

/** A row of the table; sizes are those for networks that see 224×224. */
export interface ProtocolRow {
  /** `--crops`. */
  readonly crops: '1' | '10' | '144' | '150' | 'dense';
  /** The families of networks whose papers it is from; all others where it is left out. */
  readonly families?: readonly string[];
  /** Empty for what is everyone's. */
  readonly source: string;
  /** What people call it. */
  readonly title: string;
  /**
   * The short sides to which an image is resized; `network`: that of the evaluations in the
   * training, or --resize-size.
   */
  readonly scales: 'network' | readonly number[];
  /** The square parts of the resized image in which the crops are; without them all of it. */
  readonly squares?: 'centre' | 'three';
  /** The crops of each of them; `map` is the network's map of the whole image. */
  readonly places: 'centre' | 'five' | 'five and whole' | 'grid' | 'map';
  readonly mirror: boolean;
  /** Whether --mirror and --no-mirror may say otherwise. */
  readonly mirrorIsFree?: true;
}

const KRIZHEVSKY = 'Krizhevsky et al., 2012, section 4.1';
const SIMONYAN = 'Simonyan and Zisserman, 2014, section';
const SZEGEDY = 'Szegedy et al., 2014, section 7';
const HE = 'He et al., 2015, section 3.4';

/**
 * The first row whose crops and family fit is taken. In all of them the probabilities (softmax) of
 * the views are averaged. So say Krizhevsky ("the predictions made by the network's softmax
 * layer"), Simonyan ("soft-max class posteriors") and Szegedy ("softmax probabilities"); He
 * averages "scores" and leaves open which. Within the map of a dense evaluation it is the logits
 * whose mean is taken: Simonyan's "class score map" before its softmax.
 */
// biome-ignore format: one protocol a row
export const PROTOCOLS: readonly ProtocolRow[] = [
  { crops: '1', source: '', title: 'centre crop', scales: 'network', places: 'centre', mirror: false, mirrorIsFree: true },
  // The image is the square in the centre of the resized one.
  { crops: '10', families: ['alexnet'], source: KRIZHEVSKY, title: 'ten crops', scales: 'network', squares: 'centre', places: 'five', mirror: true },
  // The corners of the whole resized image, as in fb.resnet.torch and torchvision's TenCrop.
  { crops: '10', source: HE, title: 'ten crops', scales: 'network', places: 'five', mirror: true },
  { crops: '144', source: SZEGEDY, title: '144 crops', scales: [256, 288, 320, 352], squares: 'three', places: 'five and whole', mirror: true },
  { crops: '150', source: `${SIMONYAN} 3.2`, title: '150 crops', scales: [256, 384, 512], places: 'grid', mirror: true },
  // The section does not say whether images are mirrored; in VGG's dense form, to which it refers, they are.
  { crops: 'dense', families: ['resnet'], source: HE, title: 'dense', scales: [224, 256, 384, 480, 640], places: 'map', mirror: true, mirrorIsFree: true },
  { crops: 'dense', source: `${SIMONYAN} 3.2`, title: 'dense', scales: 'network', places: 'map', mirror: true, mirrorIsFree: true },
];
