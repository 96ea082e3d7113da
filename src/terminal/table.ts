import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

export interface TableOptions {
  /** A column is aligned right unless this says otherwise. */
  readonly alignment?: readonly ('left' | 'right')[];
  /** Columns that are left out where the table is too wide, the least important first. */
  readonly leaveOut?: readonly number[];
  /** The column that is cut where the table is still too wide; by default the widest. */
  readonly cut?: number;
  /** Columns of the terminal; without one the table has its full width. */
  readonly width?: number | undefined;
}

/** Spaces between two columns. */
const GAP = 2;
/** A column that is cut keeps at least this width. */
const LEAST_WIDTH = 8;

/** The columns of the terminal on stdout; undefined where it has none or is a file or a pipe. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
}

/**
 * Rows of text, the first one a header, in aligned columns that fit the terminal. A last line names
 * the columns that were left out.
 */
export function table(
  rows: readonly (readonly string[])[],
  { alignment = [], leaveOut = [], cut, width = terminalWidth() }: TableOptions = {},
): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) => {
    return Math.max(0, ...rows.map((row) => stringWidth(row[column] ?? '')));
  });
  const shown = new Set(widths.keys());
  const total = () =>
    [...shown].reduce((sum, column) => sum + (widths[column] as number), GAP * (shown.size - 1));
  const missing: number[] = [];
  for (const column of leaveOut) {
    if (width === undefined || total() <= width) break;
    shown.delete(column);
    missing.push(column);
  }
  if (width !== undefined && total() > width) {
    const widest = [...shown].reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a), 0);
    const column = cut ?? widest;
    const excess = total() - width;
    widths[column] = Math.max(LEAST_WIDTH, (widths[column] ?? 0) - excess);
  }
  const lines = rows.map((row) =>
    [...shown]
      .filter((column) => column < row.length)
      .map((column) => cell(row[column] ?? '', widths[column] as number, alignment[column]))
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
  if (missing.length === 0) return lines;
  const names = missing.toSorted((a, b) => a - b).map((column) => rows[0]?.[column] ?? '');
  return [...lines, `(a wider terminal shows ${names.join(', ')} too)`];
}

/** The text in so many columns of the terminal, padded or cut. */
function cell(text: string, width: number, alignment: 'left' | 'right' = 'right'): string {
  const fitted = stringWidth(text) <= width ? text : `${cutTo(text, width - 1)}…`;
  const padding = ' '.repeat(width - stringWidth(fitted));
  return alignment === 'left' ? fitted + padding : padding + fitted;
}

/** The first characters that take at most `width` columns. */
function cutTo(text: string, width: number): string {
  let fitted = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(fitted + segment) > width) break;
    fitted += segment;
  }
  return fitted;
}

/** Breaks lines that are wider than the terminal between words; a longer word stays whole. */
export function wrapLines(lines: readonly string[], width = terminalWidth()): string[] {
  if (width === undefined) return [...lines];
  return lines.flatMap((line) => {
    if (stringWidth(line) <= width) return [line];
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const wrapped = wrapAnsi(line.slice(indent.length), width - indent.length, { trim: true });
    return wrapped.split('\n').map((part) => indent + part);
  });
}
