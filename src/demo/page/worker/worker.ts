/** The thread that computes, so that the page answers meanwhile. */
import type { Answer, Layer, Method, Request } from '../messages.js';
import { averagedMaps, classActivation } from './class-activation.js';
import { firstFiltersOf, layerMaps, layersOf } from './layers.js';
import { type Network, openNetwork, probabilitiesOf } from './network.js';
import { occlusion } from './occlusion.js';
import { seenBy } from './see.js';

interface Opened {
  readonly network: Network;
  readonly layers: readonly Layer[];
}

interface Scope {
  onmessage: (event: { readonly data: Request }) => void;
  postMessage(answer: Answer): void;
}

const scope = self as unknown as Scope;
let opened: Opened | undefined;
let seen: Uint8Array | undefined;
let probabilities: Float64Array | undefined;
/** Another number begins with every request that ends a search. */
let search = 0;

scope.onmessage = ({ data }) => {
  answer(data).catch((error: unknown) => {
    scope.postMessage({
      kind: 'failed',
      why: error instanceof Error ? error.message : String(error),
    });
  });
};

async function answer(request: Request): Promise<void> {
  if (request.kind === 'open') await open(request);
  if (request.kind === 'stop') search++;
  if (opened === undefined) return;
  if (request.kind === 'classify') classify(opened, request);
  if (seen === undefined) return;
  if (request.kind === 'maps') maps(opened, request.layer, seen);
  if (request.kind === 'look') await look(opened, request.label, seen);
}

async function open({ model, weights, wasm }: Extract<Request, { kind: 'open' }>): Promise<void> {
  const network = await openNetwork(model, weights, wasm);
  const layers = layersOf(network);
  const { height, width, channels } = network.description.input;
  const started = performance.now();
  probabilitiesOf(network, [new Uint8Array(height * width * channels)]);
  const milliseconds = performance.now() - started;
  const method: Method = averagedMaps(network) === undefined ? 'occlusion' : 'activation';
  opened = { network, layers };
  const filters = firstFiltersOf(network);
  scope.postMessage({ kind: 'ready', layers, filters, method, milliseconds });
}

function classify({ network }: Opened, { image }: Extract<Request, { kind: 'classify' }>): void {
  search++;
  const started = performance.now();
  seen = seenBy(network.description, image);
  [probabilities] = probabilitiesOf(network, [seen]);
  if (probabilities === undefined) return;
  const milliseconds = performance.now() - started;
  scope.postMessage({ kind: 'classified', seen, probabilities, milliseconds });
}

function maps({ network, layers }: Opened, name: string, image: Uint8Array): void {
  const layer = layers.find((other) => other.name === name);
  if (layer !== undefined) scope.postMessage({ kind: 'maps', ...layerMaps(network, layer, image) });
}

async function look({ network }: Opened, label: number, image: Uint8Array): Promise<void> {
  const own = ++search;
  const averaged = averagedMaps(network);
  if (averaged !== undefined) {
    scope.postMessage({ kind: 'looked', ...classActivation(network, averaged, image, label) });
    return;
  }
  for (const heat of occlusion(network, image, label, probabilities?.[label] ?? 0)) {
    scope.postMessage({ kind: 'looked', ...heat });
    // Requests that came meanwhile are answered first; one of them may end this search.
    await new Promise((resolve) => setTimeout(resolve));
    if (own !== search) return;
  }
}
