/** The most pixels of a side of an image that a network sees, or that one is cut from. */
export const MOST_SIDE = 2 ** 14;
