import { type Chart, inlineSvg } from '../charts/chart.js';
import { type Html, html, type Part, trusted } from './html.js';

/** A chart as a part of a page. `label` tells those who do not see it what it shows. */
export function chartFigure(chart: Chart, label: string, caption?: Part): Html {
  const { width, height } = chart;
  return html`<figure class="chart" style="--width:${width}px;--ratio:${width}/${height}" role="group" aria-label="${label}">${trusted(inlineSvg(chart))}${caption !== undefined && html`<figcaption>${caption}</figcaption>`}</figure>`;
}

/** An image as a part of a page; `shown` are the pixels that it takes where there is room. */
export function imageFigure(
  source: string,
  alt: string,
  { width, height, caption }: { width: number; height: number; caption?: Part },
): Html {
  return html`<figure class="image"><img src="${source}" width="${width}" height="${height}" alt="${alt}">${caption !== undefined && html`<figcaption>${caption}</figcaption>`}</figure>`;
}
