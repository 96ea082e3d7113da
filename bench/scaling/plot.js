/**
 * Draws the curves of bench/scaling.ts.
 *
 *     node bench/scaling/plot.js bench/results/scaling.csv plot.svg
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as vega from 'vega';
import * as vegaLite from 'vega-lite';

const [from, to] = process.argv.slice(2);
const values = vega.read(readFileSync(from, 'utf8'), { type: 'csv', parse: 'auto' });
const [{ hardware, commit } = {}] = values;
const speeds = [...new Set(values.map(({ speed }) => speed))];

const panel = (speed) => ({
  title: speed === 1 ? 'nodes like this machine' : `nodes ${speed} times as fast (assumed)`,
  facet: { column: { field: 'arch', title: null, sort: null } },
  spec: {
    width: 200,
    height: 160,
    layer: [
      { mark: 'line' },
      {
        mark: { type: 'point', filled: true },
        encoding: { shape: { field: 'sum', title: 'sums of gradients' } },
      },
    ],
    encoding: {
      x: { field: 'nodes', type: 'quantitative', title: 'nodes', scale: { type: 'log', base: 2 } },
      y: {
        field: 'efficiency',
        type: 'quantitative',
        title: 'efficiency',
        axis: { format: '%' },
        scale: { domain: [0, 1] },
      },
      color: { field: 'gigabits', type: 'ordinal', title: 'Gbit/s' },
    },
  },
  transform: [{ filter: { field: 'speed', equal: speed } }],
});

const { spec } = vegaLite.compile({
  title: `Training on many nodes, a model (${hardware}; ${commit})`,
  data: { values },
  vconcat: speeds.map(panel),
});
writeFileSync(to, await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG());
