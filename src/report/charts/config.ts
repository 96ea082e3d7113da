import type { Config } from 'vega-lite';
import { colour, SERIES } from './colours.js';

const FONT = 'system-ui, sans-serif';

/** The look of all charts. */
export const CHART_CONFIG: Config = {
  background: 'transparent',
  font: FONT,
  padding: 4,
  view: { stroke: null, continuousWidth: 420, continuousHeight: 240 },
  title: {
    color: colour('ink'),
    subtitleColor: colour('soft'),
    fontSize: 15,
    anchor: 'start',
    offset: 12,
  },
  axis: {
    labelColor: colour('soft'),
    titleColor: colour('soft'),
    labelFontSize: 13,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    domainColor: colour('line'),
    tickColor: colour('line'),
    gridColor: colour('line'),
    tickCount: 6,
  },
  legend: {
    labelColor: colour('ink'),
    titleColor: colour('soft'),
    labelFontSize: 13,
    titleFontSize: 13,
    orient: 'bottom',
    labelLimit: 240,
  },
  text: { color: colour('ink'), fontSize: 12 },
  rule: { color: colour('soft') },
  line: { strokeWidth: 2 },
  bar: { color: colour('series-1') },
  point: { color: colour('series-1'), filled: true },
  range: { category: SERIES as string[] },
};
