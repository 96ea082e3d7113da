/**
 * The records of a CSV file with a header (RFC 4180): fields may be quoted, and hold quotes twice.
 */
export function parseCsv(text: string): Record<string, string>[] {
  const [header = [], ...rows] = lines(text);
  return rows.map((row) =>
    Object.fromEntries(header.map((column, index) => [column, row[index] ?? ''])),
  );
}

function lines(text: string): string[][] {
  const found: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g,
  )) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') found.push(row);
    row = [];
  }
  return found;
}
