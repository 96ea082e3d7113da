/**
 * What papers say of their networks: the form of the files here, one for each family. Sizes and
 * costs are not in them, because `cnn explain` counts those of the network itself.
 */

/** A row of the table in which a paper shows its network. */
export interface PaperRow {
  /** Its name in the paper. */
  readonly name: string;
  /** Matches the names of its layers. */
  readonly layers: RegExp;
  /** What the paper prints of its size and cost. */
  readonly printed?: string;
}

export interface PaperTable {
  /** Matches the names of the networks. */
  readonly of: RegExp;
  /** Where the paper was published. */
  readonly venue: string;
  /** Where in the paper the network is. */
  readonly source: string;
  readonly rows: readonly PaperRow[];
  /** What the paper prints of the whole of a network, by the network's name. */
  readonly printed?: Readonly<Record<string, string>>;
}

/** In what a network departs from its paper. */
export interface Departure {
  /** Matches the names of the networks; all of the family where it is absent. */
  readonly of?: RegExp;
  /** Where it is so: in the networks here, in torchvision, or in both. */
  readonly where: 'here' | 'torchvision' | 'both';
  readonly about: 'network' | 'training';
  readonly what: string;
  /** What has or says it. */
  readonly source: string;
}

export interface Family {
  readonly tables: readonly PaperTable[];
  readonly departures: readonly Departure[];
}
