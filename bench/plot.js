/**
 * Draws the curves of bench/scale.ts.
 *
 *     node bench/plot.js bench/results/scale-<commit>.csv plot.svg
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as vega from 'vega';
import * as vegaLite from 'vega-lite';

const [from, to] = process.argv.slice(2);
const parse = { arch: 'string', commit: 'string', version: 'string' };
const values = vega.read(readFileSync(from, 'utf8'), { type: 'csv', parse: 'auto' }, parse);
const curves = [...new Set(values.map(({ curve }) => curve))];
const [{ hardware, commit, program, version } = {}] = values;

const mebibytes = (field) => ({ calculate: `datum.${field} / 1048576`, as: field });
const quantities = [
  { field: 'images_per_second', title: 'images/s' },
  { field: 'peak_bytes', title: 'MiB of tensors and scratch memory' },
  { field: 'peak_resident_bytes', title: 'MiB of the process' },
];

const nameOf = (curve) => curve.replace(' ', '_');
const sizes = (curve) => [
  ...new Set(values.filter((row) => row.curve === curve).map((row) => row[nameOf(curve)])),
];
const panel = (curve, { field, title }) => ({
  width: 260,
  height: 200,
  transform: [{ filter: { field: 'curve', equal: curve } }],
  mark: { type: 'line', point: true },
  encoding: {
    x: {
      field: nameOf(curve),
      title: curve,
      type: 'quantitative',
      scale: curve === 'batch size' ? { type: 'log', base: 2 } : { zero: false },
      axis: { values: sizes(curve) },
    },
    y: { field, title, type: 'quantitative', scale: { type: 'log' } },
    color: { field: 'arch', title: 'network' },
    strokeDash: { field: 'precision' },
  },
});

const { spec } = vegaLite.compile({
  background: 'white',
  title: `${program} ${version} of commit ${commit} on ${hardware}`,
  data: { values },
  transform: [mebibytes('peak_bytes'), mebibytes('peak_resident_bytes')],
  vconcat: curves.map((curve) => ({
    hconcat: quantities.map((quantity) => panel(curve, quantity)),
  })),
});
const svg = await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
writeFileSync(to, `${svg}\n`);
