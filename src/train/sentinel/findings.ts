/** What the sentinel finds, and the usual causes of each. */
export const CAUSES = {
  'loss-high':
    'a learning rate that is too high, images that are not normalised (--mean, --std), or --weights that do not fit',
  'loss-stuck':
    'a learning rate that is far too high or too low, too large a --weight-decay, labels that have nothing to do with the images, or initial weights that are too small for so deep a network',
  'dead-relu':
    'a learning rate that was too high for a while, biases far below 0, or --weights that do not fit',
  'labels-misaligned':
    'classes or labels of the validation images in another order than those of training ("cnn data check" shows them), images normalised in another way, or statistics of batch normalisation that are far from settled',
  'labels-constant':
    'images that come in the order of their classes, or labels that were read from the wrong place',
} as const;

export type Finding = keyof typeof CAUSES;

/** A sentence with its usual causes. */
export function sentenceOf(finding: Finding, what: string): string {
  return `${what}. Usual causes: ${CAUSES[finding]}`;
}
