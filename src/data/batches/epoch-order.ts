/** What a slot of a batch shows. */
export interface Place {
  /** The number of the image in the split. */
  readonly index: number;
  /** Which of its copies, from 0 on; each is augmented in its own way. */
  readonly copy: number;
}

/**
 * The slots of a step that begins at the image `first` of an epoch in which every image comes `copies`
 * times in a row (repeated augmentation: Hoffer et al., 2019; Berman et al., 2019). `order` holds the
 * images in their order, or is absent where they are in that of the split. All first copies of a
 * step come before all second ones, so that no image is mixed with itself.
 */
export function placesOf(
  order: Int32Array | undefined,
  first: number,
  count: number,
  copies: number,
): Place[] {
  const places = Array.from({ length: count }, (_, slot) => {
    const at = Math.floor((first + slot) / copies);
    return { index: order?.[at] ?? at, copy: (first + slot) % copies };
  });
  return copies === 1 ? places : places.sort((a, b) => a.copy - b.copy);
}
