import { ACTIVATIONS, type Activation } from '../activations.js';
import { ADDON_PATH, requireAddon } from '../addon.js';
import { PURPOSES } from '../rng.js';
import {
  type Addon,
  ALIGNMENT,
  FREE,
  MAX_POOL_FILTER,
  MAX_RANK,
  STEP,
  STORAGE,
  STORAGE_BYTES,
  type Storage,
} from './addon.js';
import { describeParameters, type NativeKernel, PARAMETERS } from './parameters.js';

const loaded = new Map<string, Addon>();

/** The addon; throws where it cannot be loaded or was built from other sources than these. */
export function loadAddon(path = ADDON_PATH): Addon {
  const known = loaded.get(path);
  if (known) return known;
  const addon = requireAddon(path) as Partial<Addon>;
  checkAddon(addon, path);
  loaded.set(path, addon);
  return addon;
}

/** Throws unless kernels, parameters and numbers of the addon are those of these sources. */
export function checkAddon(addon: Partial<Addon>, path = ADDON_PATH): asserts addon is Addon {
  const kernels = Object.keys(PARAMETERS) as NativeKernel[];
  const ours = new Map([
    ...kernels.map((kernel) => [`parameters of ${kernel}`, describeParameters(kernel)] as const),
    ...expectedFacts(),
  ]);
  const theirs = new Map([
    ...pairsOf(addon.kernels?.()).map(([name, text]) => [`parameters of ${name}`, text] as const),
    ...pairsOf(addon.facts?.()),
  ]);
  for (const what of new Set([...ours.keys(), ...theirs.keys()])) {
    const [wanted, found] = [ours.get(what), theirs.get(what)];
    if (wanted === found) continue;
    // A kernel that GPUs do not have.
    if (found === undefined && addon.hasCpu?.() === false) continue;
    throw new Error(
      `${path} was built from other sources: ` +
        `expected ${what} to be ${quoted(wanted)} but found ${quoted(found)}`,
    );
  }
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'absent' : text === '' ? 'none' : `"${text}"`;
}

/** What facts() of native/binding.cc has to tell. */
function expectedFacts(): [string, string][] {
  const names: Readonly<Record<Storage, string>> = {
    f32: 'float32',
    bf16: 'bfloat16',
    i32: 'int32',
    u8: 'uint8',
  };
  const storages = inOrder(Object.keys(STORAGE) as Storage[], (storage) => STORAGE[storage]);
  const activations = Object.keys(ACTIVATIONS) as Activation[];
  const byNumber = inOrder(activations, (activation) => ACTIVATIONS[activation].number);
  return [
    ['types and bytes', list(storages.map((type) => `${names[type]} ${STORAGE_BYTES[type]}`))],
    ['activations', list(byNumber.map((name) => name.charAt(0).toUpperCase() + name.slice(1)))],
    ['alignment', String(ALIGNMENT)],
    ['longest pooling window', String(MAX_POOL_FILTER)],
    ['most axes with strides', String(MAX_RANK)],
    ['random numbers of dropout', String(PURPOSES.dropout)],
    ['command that frees', String(FREE)],
    ['commands around a step', `${STEP.begin}, ${STEP.end}`],
  ];
}

/** Names by their numbers, which count from 0. */
function inOrder<Name>(names: readonly Name[], numberOf: (name: Name) => number): Name[] {
  const ordered = new Array<Name>(names.length);
  for (const name of names) ordered[numberOf(name)] = name;
  return ordered;
}

const list = (names: readonly string[]) => names.join(', ');

/** [name, value, …] as pairs. */
function pairsOf(list: readonly string[] = []): [string, string][] {
  return list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? '']] : []));
}
