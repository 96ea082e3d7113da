/** One line of progress, which fits the terminal whatever its width. */
import stringWidth from 'string-width';

const MOST_CELLS = 20;
const LEAST_CELLS = 5;

export interface BarLine {
  readonly title: string;
  readonly done: number;
  readonly total: number;
  /** What is shown beside the bar, the most important first. */
  readonly figures: readonly string[];
}

/**
 * Leaves out what does not fit into `width` columns: first the cells of the bar beyond a few, then
 * figures from the right, then the bar.
 */
export function barLine({ title, done, total, figures }: BarLine, width: number): string {
  const shown = [`${done}/${total}`, ...figures];
  const room = () => width - stringWidth([title, '', ...shown].join(' '));
  while (shown.length > 1 && room() < LEAST_CELLS) shown.pop();
  const count = Math.min(MOST_CELLS, room());
  if (count >= LEAST_CELLS) {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    return [title, cells(Math.floor(share * count), count), ...shown].join(' ');
  }
  const [steps = ''] = shown;
  if (stringWidth(title) + 1 + steps.length <= width) return `${title} ${steps}`;
  return steps.slice(0, width);
}

/** A bar of `count` cells, `full` of them full. */
export function cells(full: number, count: number): string {
  return '█'.repeat(full) + '░'.repeat(count - full);
}
