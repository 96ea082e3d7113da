import { type Html, html, type Part } from './html.js';

export interface Column {
  readonly title: string;
  /** Numbers are set to the right, and sorted as numbers. */
  readonly numeric?: boolean;
}

/** A cell: what is shown, and where that is not a plain value what it is sorted by. */
export type Cell = Part | { readonly shown: Part; readonly sortedBy: number | string };

interface TableOptions {
  /** What the table shows, for those who do not see its place. */
  readonly caption: string;
  readonly sortable?: boolean;
  readonly id?: string;
}

/** A table whose first column names its rows. */
export function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { caption, sortable = false, id }: TableOptions,
): Html {
  const head = columns.map(({ title, numeric }) => {
    return html`<th scope="col"${numeric ? html` class="number"` : ''}>${title}</th>`;
  });
  const body = rows.map(
    (row) => html`<tr>${row.map((cell, at) => cellOf(cell, at, columns))}</tr>`,
  );
  const attributes = html`${sortable ? html` class="sortable"` : ''}${id ? html` id="${id}"` : ''}`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table${attributes}><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>`;
}

function cellOf(cell: Cell, at: number, columns: readonly Column[]): Html {
  const { shown, sortedBy } = sortedCell(cell);
  const sorted = sortedBy === undefined ? '' : html` data-value="${sortedBy}"`;
  const kind = columns[at]?.numeric ? html` class="number"` : '';
  if (at === 0) return html`<th scope="row"${kind}${sorted}>${shown}</th>`;
  return html`<td${kind}${sorted}>${shown}</td>`;
}

function sortedCell(cell: Cell): { shown: Part; sortedBy?: number | string } {
  const sorted = typeof cell === 'object' && cell !== null && 'sortedBy' in cell;
  return sorted ? cell : { shown: cell as Part };
}
