/** Charts: a Vega-Lite specification becomes an SVG or a PNG, without a browser. */
import sharp from 'sharp';
import type { TopLevelSpec } from 'vega-lite';
import { colour, type Theme, withColours } from './colours.js';
import { CHART_CONFIG } from './config.js';

/** A specification as data; the colours in it are `colour(…)`. */
export type ChartSpec = TopLevelSpec;

/** One of the layers of a specification. */
export type ChartLayer = Extract<ChartSpec, { readonly layer: unknown }>['layer'][number];

/** A drawing whose colours are variables of the page that it stands in. */
export interface Chart {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** Pixels of a PNG for each of the drawing: sharp on a screen of high density and in print. */
const PNG_SCALE = 2;

/** Draws a chart. vega takes a while to load, so that only who draws waits for it. */
export async function drawChart(spec: ChartSpec): Promise<Chart> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const { $schema, ...compiled } = compile({ ...spec, config: CHART_CONFIG }).spec;
  const view = new vega.View(vega.parse(compiled), {
    renderer: 'none',
    logLevel: vega.Error,
    loader: refusingLoader(vega),
  });
  try {
    const svg = await view.toSVG();
    const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? [];
    return { svg, width: Number(width), height: Number(height) };
  } finally {
    view.finalize();
  }
}

/** The drawing as a part of a page. */
export function inlineSvg({ svg }: Chart): string {
  return svg.replaceAll(/ xmlns(?::xlink)?="[^"]*"/g, '');
}

/** The drawing as a file of its own, in the colours of a theme. */
export function svgFile({ svg, width, height }: Chart, theme: Theme = 'light'): string {
  const paper = `<rect width="${width}" height="${height}" fill="${colour('paper')}"/>`;
  return `${withColours(svg.replace(/(<svg[^>]*>)/, `$1${paper}`), theme)}\n`;
}

/** The same as pixels. */
export async function pngFile(chart: Chart, theme: Theme = 'light'): Promise<Buffer> {
  const svg = Buffer.from(svgFile(chart, theme));
  return sharp(svg, { density: 72 * PNG_SCALE })
    .png()
    .toBuffer();
}

/** A chart holds all of its data: an address in it is a mistake. */
function refusingLoader(vega: typeof import('vega')): import('vega').Loader {
  const refuse = async (uri: string) => {
    throw new Error(`A chart must not load ${uri}`);
  };
  return { ...vega.loader(), load: refuse, http: refuse, file: refuse, sanitize: refuse };
}
