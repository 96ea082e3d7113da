/** The package names its sources as its types, which do not compile here: this is what we use. */
declare module 'csv-writer/dist/index.js' {
  export function createObjectCsvWriter(options: {
    path: string;
    header: { id: string; title: string }[];
    append: boolean;
  }): { writeRecords(records: object[]): Promise<void> };
  export function createObjectCsvStringifier(options: {
    header: { id: string; title: string }[];
  }): {
    getHeaderString(): string | null;
    stringifyRecords(records: readonly object[]): string;
  };
}
