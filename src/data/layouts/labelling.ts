/** Says of each picture in a flat folder which class it has. */
export interface Labelling {
  /** The file that says so, for messages. */
  readonly file: string;
  /** The class by the name of the picture in its folder; undefined if the file does not say. */
  classOf(picture: string): string | undefined;
}
