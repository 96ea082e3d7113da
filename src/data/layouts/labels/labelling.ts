/** Says of each image in a flat folder which class it has. */
export interface Labelling {
  /** The file that says so, for messages. */
  readonly file: string;
  /** The class by the name of the image in its folder; undefined if the file does not say. */
  classOf(image: string): string | undefined;
}
