/** The tables of an evaluation, from whatever a network says of a dataset. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Outcomes } from '../../src/evaluate/outcomes.js';
import { classScores, pairsOf, surestMistakes } from '../../src/report/evaluation/confusions.js';
import type { Evaluated } from '../../src/report/evaluation/network.js';
import { html } from '../../src/report/page/html.js';
import { confusion } from '../../src/report/sections/confusion.js';
import { classTable, mistakes } from '../../src/report/sections/network.js';
import { evaluated } from './made-up.js';

/** An image: its class, and what the network says of each class; nothing where it cannot be read. */
interface Said {
  readonly label: number;
  readonly values: readonly number[] | undefined;
}
interface Made {
  readonly names: readonly string[];
  readonly images: readonly Said[];
}

const made: fc.Arbitrary<Made> = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 7 })
  .chain((names) => {
    // Few values, so that classes are often equally likely.
    const value = fc.constantFrom(0, 0.125, 0.25, 0.5, 1);
    const values = fc.array(value, { minLength: names.length, maxLength: names.length });
    const image = fc.record({
      label: fc.nat(names.length - 1),
      values: fc.option(values, { nil: undefined, freq: 9 }),
    });
    return fc.record({ names: fc.constant(names), images: fc.array(image, { maxLength: 30 }) });
  });

function evaluatedOf({ names, images }: Made): Evaluated {
  const labels = Int32Array.from(images, ({ label }) => label);
  const outcomes = new Outcomes(labels);
  for (const [at, { values }] of images.entries()) {
    if (values !== undefined) outcomes.add(at, Float64Array.from(values), 1);
  }
  return evaluated({ names, files: images.map((_, at) => `/${at}.png`), labels, outcomes });
}

/** The places of the classes, the likeliest first; of equal ones the first. */
function order(values: readonly number[]): number[] {
  return [...values.keys()].sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
}

/** How many images of a class were given another one, counted from what the network said. */
function taken({ images }: Made, label: number, guess: number): number {
  return images.filter((image) => {
    return image.label === label && image.values !== undefined && order(image.values)[0] === guess;
  }).length;
}

function cellsOf(text: string): string[][] {
  const [body = ''] = /<tbody>[\s\S]*<\/tbody>/.exec(text) ?? [];
  return [...body.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, found = '']) => found),
  );
}

const shownName = (name: string) => html`${name}`.text;
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)}\u00a0%`;

/** A row of the table of classes, but for its interval. */
function rowOf(all: Made, label: number): string[] {
  const { names, images } = all;
  const own = images.filter((image) => image.label === label);
  const places = own.map(({ values }) => values && order(values).indexOf(label));
  const hits = (most: number) =>
    places.filter((place) => place !== undefined && place < most).length;
  const given = names.reduce((sum, _, other) => sum + taken(all, other, label), 0);
  const counts = names.map((_, guess) => (guess === label ? 0 : taken(all, label, guess)));
  const most = Math.max(...counts);
  const other = shownName(names[counts.indexOf(most)] as string);
  return [
    shownName(names[label] as string),
    String(own.length),
    own.length === 0 ? '' : percent(hits(1), own.length),
    own.length === 0 ? '' : percent(hits(5), own.length),
    given === 0 ? '' : percent(hits(1), given),
    most === 0 ? '' : `${other} (${most})`,
  ];
}

describe('the tables of an evaluation', () => {
  it('have what the network said of each class, whatever it is', () =>
    fc.assert(
      fc.property(made, (all) => {
        const evaluated = evaluatedOf(all);
        const { text } = classTable(classScores(evaluated, pairsOf(evaluated)), all.names).body;
        const rows = cellsOf(text).map((row) => row.filter((_, column) => column !== 3));
        assert.deepEqual(
          rows,
          all.names.map((_, label) => rowOf(all, label)),
        );
        assert.doesNotMatch(text, /NaN|undefined/);
      }),
      { numRuns: 200 },
    ));

  it('have each cell of the confusion matrix', () =>
    fc.assert(
      fc.asyncProperty(made, async (all) => {
        const evaluated = evaluatedOf(all);
        const { section } = await confusion(evaluated, pairsOf(evaluated), all.names, READING);
        const [table = ''] = /<table class="matrix">[\s\S]*<\/table>/.exec(section.body.text) ?? [];
        const found = cellsOf(table).map(([, ...cells]) =>
          cells.map((cell) => Number(/>(\d+)<\/button>/.exec(cell)?.[1] ?? 0)),
        );
        const expected = all.names.map((_, label) =>
          all.names.map((_, guess) => taken(all, label, guess)),
        );
        assert.deepEqual(found, expected);
      }),
      { numRuns: 10 },
    ));

  it('list mistakes alone, the surest first', () =>
    fc.assert(
      fc.property(made, fc.integer({ min: 0, max: 40 }), (all, most) => {
        const evaluated = evaluatedOf(all);
        const wrong = all.images.flatMap(({ label, values }) => {
          const [guess] = values === undefined ? [] : order(values);
          return values !== undefined && guess !== label ? [values[guess as number] as number] : [];
        });
        const listed = surestMistakes(evaluated, most);
        const sureness = listed.map((image) => Math.max(...(all.images[image]?.values ?? [])));
        assert.deepEqual(sureness, wrong.sort((a, b) => b - a).slice(0, most));
        const { text } = mistakes(evaluated, new Map(), all.names).body;
        assert.match(text, /The network mistook no image/);
      }),
      { numRuns: 100 },
    ));
});

/** No image is there to be read. */
const READING = { maxPixels: 1e9, exifRotate: false } as never;
