import {
  type Architecture,
  layerCosts,
  shapeText,
  titleOf,
  withUndrawn,
} from '../../archs/index.js';
import { withCountingBackend } from '../../backend/counting-backend.js';
import { counted } from '../../counted.js';
import { UsageError } from '../../errors.js';
import { type TrainingMemory, trainingMemory } from '../../measure/memory.js';
import { SET_UP } from '../../package-root.js';
import { trainingSize } from '../../session/augmentation.js';
import { COMMAND_OPTIONS } from '../../settings/commands.js';
import type { Given } from '../../settings/given.js';
import { givenSources, givenValue } from '../../settings/given.js';
import type { OptionName } from '../../settings/options/index.js';
import { resolveSettings, type SettingsSource, strongest } from '../../settings/resolve.js';
import { checkAuxiliary, givenArchitecture } from '../architecture.js';
import type { Result } from '../command.js';
import { summariseModule } from './module.js';
import { csvLines, megabytes, tableLines, totalsOf, totalsText } from './table.js';

/** The options that shape a module; all others but --csv belong to networks. */
const OF_MODULES: readonly OptionName[] = ['module', 'in-channels'];
const OF_BOTH: readonly OptionName[] = ['input-size', 'csv'];

/** Those that change nothing but the memory of a training step. */
const OF_TRAININGS: readonly OptionName[] = [
  'train-crop-size',
  'opt',
  'ema-decay',
  'grad-accum-steps',
];

/** Works by shapes alone: no weight is drawn and no backend computes. */
export async function runSummary(given: Given): Promise<Result> {
  const sources = await givenSources('summary', given);
  const { csv } = resolveSettings('summary', sources).settings;
  if (csv && given['json'] === true) throw new UsageError('Expected --csv or --json, not both');
  const result = await summarise(sources);
  return csv ? { lines: csvLines(result.json.layers), json: null } : result;
}

async function summarise(sources: readonly SettingsSource[]) {
  const module = givenValue(sources, 'module');
  const others = COMMAND_OPTIONS.summary.filter((name) => {
    return !OF_BOTH.includes(name) && OF_MODULES.includes(name) === (module === null);
  });
  for (const name of others) {
    if (sources.some(({ values }) => values[name] !== undefined)) {
      throw new UsageError(`Expected --${name} ${module === null ? 'with' : 'without'} --module`);
    }
  }
  if (module !== null) return summariseModule(module, sources);
  const architecture = givenArchitecture(sources, '--arch vgg16; or --module inception');
  return summariseNetwork(architecture, sources);
}

async function summariseNetwork(architecture: Architecture, sources: readonly SettingsSource[]) {
  const { settings, provenance } = resolveSettings('summary', sources, architecture);
  const { inputSize: size, channels, numClasses: classes, auxiliary, batchSize } = settings;
  checkAuxiliary(architecture, auxiliary);
  const precision = settings.precision === 'bf16' ? 'bf16' : 'f32';
  const options = { classes, size, channels, auxiliary };
  const costs = await withCountingBackend(precision, () =>
    withUndrawn(architecture, options, layerCosts),
  );
  const totals = totalsOf(costs, precision);
  const image = shapeText([size, size, channels]);
  const lines = [
    ...tableLines(costs, totals),
    '',
    `${titleOf(architecture)} with ${classes} classes on ${image}: ${totalsText(totals, precision)}`,
  ];
  const json = {
    arch: architecture.name,
    options: architecture.given ?? [],
    ...{ inputSize: size, channels, classes, auxiliary, precision },
    layers: costs,
    ...totals,
  };
  if (provenance['batch-size']?.source === 'recipe') {
    checkNoTraining(sources);
    return { lines, json };
  }
  const { trainCropSize: side } = settings;
  const step = { ...settings, inputSize: trainingSize(settings) };
  const sized = side === null ? '' : ` of ${shapeText([side, side, channels])}`;
  const { bytes, source } = await withCountingBackend(precision, async (device) => {
    const { calls: _calls, ...bytes } = await trainingMemory(architecture, device, step);
    return { bytes, source: device.source };
  });
  return {
    lines: [
      ...lines,
      `a training step of ${counted(batchSize, 'image')}${sized} in ${precision}, estimated for backend cpu:`,
      ...memoryLines(bytes),
      ...(source instanceof Error ? [unknownText(source)] : []),
    ],
    json: { ...json, training: { batchSize, bytes } },
  };
}

/** Throws a UsageError for options of a training whose memory nobody asked for. */
function checkNoTraining(sources: readonly SettingsSource[]): void {
  const option = OF_TRAININGS.find((name) => strongest(name, sources) !== undefined);
  if (option === undefined) return;
  throw new UsageError(
    `Expected --${option} with --batch-size, of a training step whose memory it changes`,
  );
}

function memoryLines(bytes: Omit<TrainingMemory, 'calls'>): string[] {
  const parts = [
    ['weights', bytes.weights],
    ['state of the optimizer', bytes.optimizer],
    ['averaged weights', bytes.average],
    ['gradients of the weights', bytes.gradients],
    ['copies of weights for the kernels', bytes.copies],
    ['activations kept for the backward pass', bytes.activations],
    ['at most at any time', bytes.peak],
  ] as const;
  return parts.map(([part, count]) => {
    const text = count === null ? 'not known' : megabytes(count);
    return `  ${part.padEnd(38)}${text.padStart(12)}`;
  });
}

function unknownText({ message }: Error): string {
  const [reason] = message.split('\n');
  return `What kernels take for themselves is not known without the native addon (${reason}). Run ${SET_UP} to build it.`;
}
