import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import {
  type ChartSpec,
  drawChart,
  inlineSvg,
  pngFile,
  svgFile,
} from '../../../src/report/charts/chart.js';
import { COLOURS } from '../../../src/report/charts/colours.js';

const HOSTILE = '</script><script>alert(1)</script>&"';

const SPEC: ChartSpec = {
  data: {
    values: [
      { epoch: 1, loss: 2, series: HOSTILE },
      { epoch: 2, loss: 1, series: HOSTILE },
    ],
  },
  mark: 'line',
  encoding: {
    x: { field: 'epoch', type: 'quantitative' },
    y: { field: 'loss', type: 'quantitative' },
    color: { field: 'series', type: 'nominal' },
  },
};

describe('a chart', () => {
  it('inside a page has no address, and takes its colours from the page', async () => {
    const svg = inlineSvg(await drawChart(SPEC));
    assert.match(svg, /stroke="var\(--series-1\)"/);
    assert.doesNotMatch(svg, /https?:/);
    assert.ok(svg.includes('&lt;/script&gt;') && !svg.includes('<script'), 'text is escaped');
  });

  it('as a file has the colours of its theme in place of variables', async () => {
    const chart = await drawChart(SPEC);
    for (const theme of ['light', 'dark'] as const) {
      const svg = svgFile(chart, theme);
      assert.doesNotMatch(svg, /var\(/);
      assert.ok(svg.includes(COLOURS['series-1'][theme]) && svg.includes(COLOURS.paper[theme]));
    }
  });

  it('as pixels has twice the size of the drawing', async () => {
    const chart = await drawChart(SPEC);
    const { format, width, height } = await sharp(await pngFile(chart)).metadata();
    assert.deepEqual([format, width, height], ['png', 2 * chart.width, 2 * chart.height]);
  });

  it('loads nothing', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cnn-test-'));
    try {
      const url = join(directory, 'losses.csv');
      writeFileSync(url, 'epoch,loss,series\n1,2,elsewhere\n');
      const { svg } = await drawChart({ ...SPEC, data: { url } });
      assert.doesNotMatch(svg, /elsewhere/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
