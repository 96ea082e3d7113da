/** The page of a network: its drawing, its paper's table, its departures and results. */
import { shapeText } from '../../archs/index.js';
import { type Html, html, type Part } from '../../report/page/html.js';
import { pageText, type Section } from '../../report/page/page.js';
import { tableOf } from '../../report/page/table.js';
import { grouped } from '../../report/sections/words.js';
import { fieldsSvg } from '../drawing/fields.js';
import { pictureSvg, picturesOf } from '../drawing/network.js';
import { COLOUR_OF } from '../drawing/svg.js';
import type { Explained, Explanation } from '../explain.js';
import type { Stage } from '../network/stages.js';
import type { Kind } from '../network/words.js';
import { short } from '../words.js';

export function explanationPage(explained: Explained): string {
  const { title, explanation } = explained;
  return pageText({
    title,
    head: head(explanation),
    sections: [
      drawing(explained),
      stages(explanation),
      fields(explanation),
      differences(explanation),
      ...(explanation.published.length > 0 ? [results(explanation)] : []),
    ],
  });
}

function head(explanation: Explanation): Part {
  const { paper, inputSize, channels, classes, depth, parameters, macs } = explanation;
  const image = shapeText([inputSize, inputSize, channels]);
  const { authors, title, venue, year, url, table } = paper;
  const last = explanation.stages.findLast(({ stride }) => stride !== null);
  return html`<p class="lead">${authors}: <i>${title}</i>, ${year}. ${venue}; ${url.replace(/^https?:\/\//, '')}. The network is that of ${table}.</p>
<dl class="tiles">${[
    tile('parameters', short(parameters), grouped(parameters)),
    tile('multiply-adds', short(macs), `for an image of ${image}`),
    depth !== null && tile('layers', depth, 'with weights, on the longest path'),
    tile('classes', grouped(classes), 'logits'),
    last && tile('receptive field', last.receptiveField, `pixels a side, after ${last.name}`),
  ]}</dl>`;
}

function tile(title: string, value: Part, below: Part): Html {
  return html`<div><dt>${title}</dt><dd><b>${value}</b><span>${below}</span></dd></div>`;
}

const LEGEND: Readonly<Partial<Record<Kind, string>>> = {
  conv: 'convolution',
  pool: 'pooling',
  norm: 'normalisation over channels',
  dense: 'fully connected',
  join: 'where paths meet',
};

function drawing(explained: Explained): Section {
  const pictures = picturesOf(explained).map((picture) => {
    return html`<figure class="stage">${pictureSvg(picture)}</figure>`;
  });
  const boxes = explained.stages.flatMap(({ units }) => units.flatMap(({ unit }) => unit.boxes));
  const kinds = new Set(boxes.map(({ words }) => words.kind));
  const legend = Object.entries(LEGEND)
    .filter(([kind]) => kinds.has(kind as Kind))
    .map(([kind, name]) => {
      return html`<li><span class="swatch" style="--paint:${COLOUR_OF[kind as Kind]}"></span>${name}</li>`;
    });
  return {
    id: 'drawing',
    title: 'Drawing',
    body: html`<p class="soft">To be read downwards, column by column. A box says its filters and with /2 its stride; a frame with × n stands for n blocks of one form, each on the output of the one before it. Field: the side of the receptive field, the square of the image that a value of the output depends on, in pixels; stride: the pixels from one such square to the next.</p>
<ul class="legend">${legend}</ul>
<div class="network">${pictures}</div>`,
  };
}

function stages({ stages: rows, parameters, macs, printed, paper }: Explanation): Section {
  const hasPrinted = printed !== null || rows.some((row) => row.printed !== null);
  const columns = [
    { title: 'stage' },
    { title: 'operations' },
    { title: 'output' },
    { title: 'field', numeric: true },
    { title: 'stride', numeric: true },
    { title: 'parameters', numeric: true },
    { title: 'multiply-adds', numeric: true },
    ...(hasPrinted ? [{ title: 'printed in the paper' }] : []),
  ];
  const body = rows.map((row) => [
    ...cells(row, { parameters, macs }),
    ...(hasPrinted ? [row.printed ?? ''] : []),
  ]);
  const total = ['total', '', '', '', '', grouped(parameters), grouped(macs)];
  const caption = `The stages of ${paper.table}, and what each has in the network here. Field: the side of the receptive field, in pixels of the image; stride: the pixels between two neighbours.`;
  return {
    id: 'stages',
    title: 'Stages',
    body: tableOf(columns, [...body, [...total, ...(hasPrinted ? [printed ?? ''] : [])]], {
      caption,
    }),
  };
}

function cells(stage: Stage, total: { parameters: number; macs: number }) {
  const { name, operations, outputShape, receptiveField, stride, parameters, macs } = stage;
  return [
    name,
    operations,
    html`<span class="size">${shapeText(outputShape)}</span>`,
    receptiveField,
    stride ?? '',
    share(parameters, total.parameters),
    share(macs, total.macs),
  ];
}

/** A number over a bar that is its share of all. */
function share(count: number, all: number): Html {
  const part = (count / Math.max(1, all)).toFixed(3);
  return html`${grouped(count)}<br><span class="bar" style="--part:${part}"></span>`;
}

function fields(explanation: Explanation): Section {
  return {
    id: 'fields',
    title: 'Receptive fields',
    body: html`<div class="charts"><figure class="stage">${fieldsSvg(explanation)}</figure><div><p>What a value in the middle of the last map of a stage depends on, along the path that sees most. A layer with a window of k values adds k − 1 times the stride of its input, and multiplies the stride by its own. What is beyond the image is zeros of the padding.</p><p>The dashed square is the image, ${explanation.inputSize} pixels a side. Where squares would be too close, the wider one is drawn; the table has all.</p></div></div>`,
  };
}

function differences({ differs }: Explanation): Section {
  const list = (rows: Explanation['differs']['here']) =>
    html`<ul class="departures">${rows.map(({ about, what, source }) => html`<li><b>${about}</b> ${coded(what)} <span class="soft">(${coded(source)})</span></li>`)}</ul>`;
  const part = (title: string, rows: Explanation['differs']['here'], none: string) =>
    html`<h3>${title}</h3>${rows.length > 0 ? list(rows) : html`<p>${none}</p>`}`;
  return {
    id: 'differences',
    title: 'What differs from the paper',
    body: html`${part('Here', differs.here, 'Nothing that is known.')}${part('In torchvision', differs.torchvision, 'Nothing that is known: it is the same network.')}`,
  };
}

/** Text whose parts between backquotes are code. */
function coded(text: string): Part {
  return text
    .split('`')
    .map((part, place) => (place % 2 === 1 ? html`<code>${part}</code>` : part));
}

function results({ published }: Explanation): Section {
  const columns = [
    { title: 'protocol' },
    { title: 'top-1', numeric: true },
    { title: 'top-5', numeric: true },
    { title: 'from' },
    { title: 'recipe' },
  ];
  const rows = published.map(({ protocol, source, top1, top5, recipe }) => {
    const flag = html`<code>--recipe ${recipe}</code>`;
    return [protocol, accuracy(top1), accuracy(top5), source, flag];
  });
  const caption = 'Published accuracies, and the recipe here that trains alike';
  return { id: 'results', title: 'Published results', body: tableOf(columns, rows, { caption }) };
}

function accuracy(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(2)}\u00a0%`;
}
