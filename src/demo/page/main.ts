/** The page: opens the network in a worker, and shows what it says of an image. */
import { type Camera, startCamera } from './camera.js';
import { startDrawing } from './drawing.js';
import { announce, complain, element, heldJson, heldText } from './elements.js';
import { startFiles } from './files.js';
import { type Guess, likeliest, percent, showGuesses } from './guesses.js';
import { describeHeat, listGuesses, listLayers, showFilters, showMaps } from './inside.js';
import type { Answer, Method, ModelJson, PageSettings, Request, RgbaImage } from './messages.js';
import { showHeat, showPixels } from './pixels.js';
import { bytesOf, readWeights } from './weights.js';

const settings = heldJson<PageSettings>('settings');
const model = heldJson<ModelJson>('model');
const { userDefinedMetadata: description } = model;
const { input } = description;
const worker = new Worker(
  URL.createObjectURL(new Blob([heldJson<string>('worker')], { type: 'text/javascript' })),
);
const send = (request: Request, transfer: Transferable[] = []) =>
  worker.postMessage(request, transfer);

/** Shorter searches begin by themselves. */
const PATIENCE_MS = 4000;
/** Images that a search by covering computes. */
const COVERED_PICTURES = 196;
/** Between two announcements of a camera that runs. */
const PAUSE_MS = 4000;

/** What is shown now. */
const shown = {
  name: '',
  guesses: [] as readonly Guess[],
  seen: undefined as Uint8Array | undefined,
  continuous: false,
  announced: 0,
};
let method: Method = 'occlusion';
let milliseconds = 0;
let camera: Camera | undefined;

worker.onmessage = ({ data }: MessageEvent<Answer>) => {
  if (data.kind === 'ready') ready(data);
  else if (data.kind === 'classified') classified(data);
  else if (data.kind === 'maps') showMaps(data, Math.min(16, data.shape[2]));
  else if (data.kind === 'looked') {
    showHeat(element('look-canvas', HTMLCanvasElement), seenPixels(), data);
    describeHeat(data, shown.guesses.find(({ label }) => label === data.label)?.name ?? '');
    element('look-stop', HTMLButtonElement).hidden = data.done >= 1;
  } else fail(data.why);
};
worker.onerror = (event) => fail(event.message);

open().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));

async function open(): Promise<void> {
  const progress = element('progress', HTMLProgressElement);
  const weights = await readWeights(settings, (part) => {
    progress.value = part;
  });
  const wasm = bytesOf(heldText('wasm')).buffer;
  send({ kind: 'open', model, weights, wasm }, [weights, wasm]);
}

function fail(why: string): void {
  complain(why);
  element('progress', HTMLProgressElement).hidden = true;
  announce('');
}

function ready(answer: Extract<Answer, { kind: 'ready' }>): void {
  ({ method, milliseconds } = answer);
  element('progress', HTMLProgressElement).hidden = true;
  for (const part of document.querySelectorAll<HTMLElement>('.when-ready')) part.hidden = false;
  element(`method-${method}`, HTMLElement).hidden = false;
  showFilters(answer.filters);
  listLayers(answer.layers, (layer) => send({ kind: 'maps', layer }));
  element('look-go', HTMLButtonElement).onclick = () => look(chosenLabel());
  element('look-stop', HTMLButtonElement).onclick = () => {
    send({ kind: 'stop' });
    element('look-stop', HTMLButtonElement).hidden = true;
    element('look-go', HTMLButtonElement).focus();
  };
  startFiles(settings.exifRotate, (image, name) => classify(image, name));
  camera = startCamera((image, continuous) => classify(image, 'The camera', continuous));
  const draws = input.channels === 1 && input.height <= 32;
  if (draws) startDrawing((image) => classify(image, 'The drawing'));
  announce(`The network is ready: ${draws ? 'draw a digit, or ' : ''}choose an image`);
}

function classify(image: RgbaImage, name: string, continuous = false): void {
  complain(undefined);
  Object.assign(shown, { name, continuous });
  send({ kind: 'classify', image });
}

function classified({ seen, probabilities }: Extract<Answer, { kind: 'classified' }>): void {
  shown.seen = seen;
  shown.guesses = likeliest(description, probabilities);
  for (const part of document.querySelectorAll<HTMLElement>('.when-classified')) {
    part.hidden = false;
  }
  for (const part of document.querySelectorAll<HTMLElement>('.before-classified')) {
    part.hidden = true;
  }
  const canvas = element('seen', HTMLCanvasElement);
  showPixels(canvas, seenPixels());
  canvas.ariaLabel = `${shown.name}, as the network sees it`;
  showGuesses(shown.guesses);
  sayGuess();
  listGuesses(shown.guesses, look);
  send({ kind: 'maps', layer: element('layer', HTMLSelectElement).value });
  prepareLook();
  camera?.next();
}

/** A camera that runs would say too much. */
function sayGuess(): void {
  const now = performance.now();
  if (shown.continuous && now - shown.announced < PAUSE_MS) return;
  shown.announced = now;
  const [first] = shown.guesses;
  if (first !== undefined) announce(`${shown.name}: ${first.name}, ${percent(first.probability)}`);
}

/** Looks at once where it is quick; else a button says how long it takes. */
function prepareLook(): void {
  const expected = method === 'activation' ? milliseconds : COVERED_PICTURES * milliseconds;
  const go = element('look-go', HTMLButtonElement);
  go.textContent = `Look, which takes about ${Math.ceil(expected / 1000)} s`;
  go.hidden = expected < PATIENCE_MS;
  element('look-stop', HTMLButtonElement).hidden = true;
  if (method === 'activation' || (go.hidden && !shown.continuous)) look(chosenLabel());
  else {
    showHeat(element('look-canvas', HTMLCanvasElement), seenPixels(), undefined);
    element('look-words', HTMLElement).textContent = '';
  }
}

function look(label: number): void {
  element('look-stop', HTMLButtonElement).hidden = method === 'activation';
  send({ kind: 'look', label });
}

function chosenLabel(): number {
  return Number(element('look-class', HTMLSelectElement).value);
}

function seenPixels() {
  const { width, height, channels } = input;
  const data = shown.seen ?? new Uint8Array(width * height * channels);
  return { data, width, height, channels: channels === 1 ? 1 : 3 } as const;
}
