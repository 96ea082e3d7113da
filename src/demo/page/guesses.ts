/** The five likeliest classes. */
import type { Description } from '../../export/description.js';
import { element } from './elements.js';

const TOP = 5;

export interface Guess {
  readonly label: number;
  readonly name: string;
  /** The name of the class in the data, where people call it something else. */
  readonly id: string;
  readonly probability: number;
}

export function likeliest(
  { classes, words = [] }: Pick<Description, 'classes' | 'words'>,
  probabilities: Float64Array,
): Guess[] {
  return [...probabilities.keys()]
    .sort((a, b) => (probabilities[b] as number) - (probabilities[a] as number))
    .slice(0, TOP)
    .map((label) => {
      const id = classes[label] ?? String(label);
      const word = words[label] ?? '';
      const probability = probabilities[label] as number;
      return { label, name: word || id, id: word ? id : '', probability };
    });
}

export function percent(probability: number): string {
  return `${(100 * probability).toFixed(2)} %`;
}

export function showGuesses(guesses: readonly Guess[]): void {
  const rows = guesses.map(({ label, name, id, probability }) => {
    const row = document.createElement('li');
    row.dataset['label'] = String(label);
    row.dataset['probability'] = String(probability);
    const bar = part('span', 'meter', '');
    bar.style.setProperty('--part', String(probability));
    row.append(part('b', 'name', name), part('span', 'percent', percent(probability)), bar);
    if (id !== '') row.append(part('span', 'soft id', id));
    return row;
  });
  element('guesses', HTMLOListElement).replaceChildren(...rows);
}

function part(tag: 'b' | 'span', className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  Object.assign(made, { className, textContent: text });
  return made;
}
