/** The page of a network: its parts are filled by src/demo/page/. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunError } from '../errors.js';
import type { Description } from '../export/description.js';
import { PACKAGE_ROOT } from '../package-root.js';
import { type Html, html, jsonBlock, textBlock } from '../report/page/html.js';
import { pageText, type Section } from '../report/page/page.js';
import type { ModelJson, PageSettings } from './page/messages.js';

/** What the page runs, as `npm run build:demo` bundles it. */
const BUNDLES = 'dist/demo/bundles';

/** The page of a network; `weights` in base64, empty where they are beside the page. */
export function demoPage(model: ModelJson, settings: PageSettings, weights: string): string {
  const { userDefinedMetadata: description } = model;
  const { architecture } = description;
  return pageText({
    title: architecture,
    head: head(description),
    sections: [image(description), look(), layer(), filters(), about(model)],
    program: {
      script: bundle('main.js').toString(),
      style: readFileSync(join(PACKAGE_ROOT, 'src/demo/page/demo.css'), 'utf8'),
      permissions: {
        'script-src':
          settings.files.length > 0 ? "'self' 'wasm-unsafe-eval'" : "'wasm-unsafe-eval'",
        'worker-src': 'blob:',
      },
      // A browser asks a server for an icon otherwise.
      head: html`<link rel="icon" href="data:,">`,
      data: [
        jsonBlock('settings', settings),
        jsonBlock('model', model),
        weights !== '' && textBlock('weights', weights),
        textBlock('wasm', bundle('tfjs-backend-wasm-simd.wasm').toString('base64')),
        jsonBlock('worker', bundle('worker.js').toString()),
      ],
    },
  });
}

function bundle(name: string): Buffer {
  const file = join(PACKAGE_ROOT, BUNDLES, name);
  if (existsSync(file)) return readFileSync(file);
  throw new RunError(`Expected ${file}, which the page runs: npm run build:demo makes it`);
}

function head({ classes, accuracy }: Description): Html {
  const measured = accuracy
    ? ` Its top-1 accuracy is ${accuracy.top1.toFixed(2)} %${accuracy.data ? ` on ${accuracy.data}` : ''}.`
    : '';
  return html`<p class="lead">A network that tells ${classes.length.toLocaleString('en')} classes apart, running in this browser.${measured}</p>
<noscript><p class="missing">This page computes: allow it to run its script.</p></noscript>
<p id="status" role="status" aria-live="polite">Reading the network…</p>
<progress id="progress" max="1" aria-label="Reading the network"></progress>
<p id="alert" class="missing" role="alert" hidden></p>`;
}

function image({ input }: Description): Section {
  const { height, width, channels } = input;
  const body = html`<div class="bench">
<div class="inputs when-ready" hidden>
<div id="drawing" hidden>
<p id="field-help">Draw a digit with a mouse, a finger or a pen. With keys: Space lowers and lifts the pen, arrow keys move it (with Shift a little), Delete clears.</p>
<div class="field"><canvas id="field" width="280" height="280" tabindex="0" role="application" aria-label="Field to draw a digit in" aria-describedby="field-help"></canvas><span id="pen" hidden></span></div>
<p><button type="button" class="action" id="clear">Clear the field</button></p>
</div>
<div class="give">
<label class="action" for="file">Choose an image…</label><input type="file" id="file" accept="image/*">
<button type="button" class="action" id="camera">Use the camera</button>
<p class="soft">Or drop an image anywhere on this page, or paste one. It stays on this computer.</p>
</div>
<div id="camera-panel" hidden>
<video id="video" muted playsinline aria-label="What the camera sees"></video>
<p><button type="button" class="action" id="take">Classify this image</button> <label><input type="checkbox" id="continuously"> continuously</label> <button type="button" class="action" id="camera-off">Turn the camera off</button></p>
</div>
</div>
<div class="outputs">
<p class="before-classified soft">The five likeliest classes appear here.</p>
<div class="when-classified" hidden>
<figure><canvas id="seen" role="img" class="pixelated" width="${width}" height="${height}" aria-label="The image as the network sees it"></canvas><figcaption>What the network sees: ${width}×${height} pixels${channels === 1 ? ' in grey' : ''}</figcaption></figure>
<ol id="guesses" aria-label="The five likeliest classes"></ol>
</div>
</div>
</div>`;
  return { id: 'image', title: 'What is it?', body };
}

function look(): Section {
  const body = html`<div class="when-classified" hidden>
<p class="controls"><label for="look-class">Evidence for</label> <select id="look-class"></select> <button type="button" class="action" id="look-go" hidden>Look</button> <button type="button" class="action" id="look-stop" hidden>Stop</button></p>
<div class="beside">
<figure><canvas id="look-canvas" role="img" aria-label="Where it looked"></canvas><figcaption id="look-words"></figcaption></figure>
<div>
<p class="scale"><span>less</span><span class="ramp"></span><span>more evidence</span></p>
<p class="soft" id="method-activation" hidden>Coloured are the places whose last maps speak for the class, by the weights that it gives them (class activation map; Zhou et al., 2016).</p>
<p class="soft" id="method-occlusion" hidden>Coloured are the places without which the class is less probable: a square of the mean colour covers one place after the other (Zeiler and Fergus, 2014).</p>
</div>
</div>
<p id="look-said" class="heard" role="status" aria-live="polite"></p>
</div>`;
  return { id: 'look', title: 'Where did it look?', body: html`${waiting()}${body}` };
}

function waiting(): Html {
  return html`<p class="before-classified soft">Shown once there is an image.</p>`;
}

function layer(): Section {
  const body = html`${waiting()}<div class="when-classified" hidden>
<p class="controls"><label for="layer">Layer</label> <select id="layer"></select></p>
<figure class="scroll" tabindex="0" role="group" aria-label="Maps of the layer"><canvas id="maps-canvas" role="img" class="pixelated"></canvas><figcaption id="maps-words"></figcaption></figure>
</div>`;
  return { id: 'layers', title: 'What does a layer see?', body };
}

function filters(): Section {
  const body = html`<figure id="filters" hidden><canvas id="filters-canvas" role="img" class="pixelated"></canvas><figcaption id="filters-words"></figcaption></figure>`;
  return { id: 'filters-section', title: 'What does it look for first?', body };
}

function about({ userDefinedMetadata, weightsManifest }: ModelJson): Section {
  const { architecture, input, resize, accuracy, mean, std, producer } = userDefinedMetadata;
  const halves = weightsManifest.some(({ weights }) => weights.some((one) => one.quantization));
  const rows: [string, string][] = [
    ['network', architecture],
    ['input', `${input.height}×${input.width}×${input.channels}, ${input.values}`],
    ['images become that by', resize.rule],
    ['mean', mean.map(shortened).join(', ')],
    ['standard deviation', std.map(shortened).join(', ')],
    ...(accuracy
      ? ([
          ['top-1, top-5', `${accuracy.top1.toFixed(3)} %, ${accuracy.top5.toFixed(3)} %`],
          ['measured on', `${accuracy.images.toLocaleString('en')} images, ${accuracy.protocol}`],
        ] as [string, string][])
      : []),
    ...(halves ? ([['kernels', 'rounded to float16']] as [string, string][]) : []),
    ['written by', producer],
    ['computed by', 'TensorFlow.js in WebAssembly, float32'],
  ];
  const body = html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
  return { id: 'about', title: 'About this network', body };
}

function shortened(value: number): string {
  return String(Number(value.toPrecision(4)));
}
