/**
 * `cnn finetune`: chooses the settings of a training from the data and the weights, runs it, evaluates
 * its best network and writes its report.
 */
import { findIndex } from '../../data/open-dataset.js';
import { estimateMemory } from '../../measure/memory.js';
import { runDirectory } from '../../runs/run-directory.js';
import type { Reporter } from '../../session/reporter.js';
import { describeSetting } from '../../settings/describe-origin.js';
import {
  type Given,
  givenNumber,
  givenSources,
  givenTexts,
  givenValue,
} from '../../settings/given.js';
import { resolveSettings, type SettingsSource } from '../../settings/resolve.js';
import { isGiven, resolveTraining } from '../../settings/resolve-training.js';
import { createReporter } from '../../terminal/progress.js';
import { table } from '../../terminal/table.js';
import type { TrainRequest } from '../../train/start/request.js';
import { givenArchitecture } from '../architecture.js';
import type { Result } from '../command.js';
import { runEval } from '../eval.js';
import { runReport } from '../report.js';
import { required } from '../require.js';
import {
  noteChanges,
  resumeRequest,
  trained,
  trainedOrEstimated,
  withLastingData,
} from '../train.js';
import {
  adviceWithoutWeights,
  type Choice,
  chooseInput,
  chooseNetwork,
  chooseTraining,
  inputOfWeights,
} from './choices.js';
import { factsOf } from './data-facts.js';
import { factsOfWeights } from './weights-facts.js';

/** Of data without validation images: of few, more are needed to see a difference. */
const VALIDATION = { few: 2_000, ofFew: 0.2, ofMany: 0.1 };

interface Chosen {
  readonly request: TrainRequest;
  readonly choices: readonly Choice[];
}

export async function runFinetune(given: Given, terminal = createReporter()): Promise<Result> {
  const reporter = sayingOnce(terminal);
  const sources = (await givenSources('finetune', given)).map(withLastingData);
  const { request, choices } = await chosen(sources, reporter);
  if (request.settings.dryRun) {
    const { lines, json } = await trainedOrEstimated(request, reporter);
    return { lines, json: { choices: told(choices), ...(json as object) } };
  }
  const training = await trained(request, reporter);
  // Of several processes one evaluates and reports.
  if (training.silent) return training;
  const { run } = training.json;
  const { backend, device, precision, threads, workers } = request.settings;
  const machine = Object.entries({ backend, device, precision, threads, workers });
  const same = Object.fromEntries(machine.filter(([, value]) => value !== null));
  const checkpoint = runDirectory(run).best;
  const evaluation = await runEval({ ...same, checkpoint, data: request.data }, reporter);
  const page = await runReport({ ...same, runs: [run] }, reporter);
  return {
    lines: [...training.lines.slice(0, -1), ...evaluation.lines.slice(0, -1), ...page.lines].concat(
      evaluation.lines.slice(-1),
    ),
    json: {
      ...{ choices: told(choices), training: training.json },
      ...{ evaluation: evaluation.json, report: page.json },
    },
    ...(training.next && { next: training.next }),
  };
}

/** Training, evaluation and report open the same backend and data, of which one line is enough. */
function sayingOnce(reporter: Reporter): Reporter {
  const said = new Set<string>();
  const once = (say: (line: string) => void) => (line: string) => {
    if (said.has(line)) return;
    said.add(line);
    say(line);
  };
  return { ...reporter, note: once(reporter.note), warn: once(reporter.warn) };
}

async function chosen(sources: readonly SettingsSource[], reporter: Reporter): Promise<Chosen> {
  const resume = givenValue(sources, 'resume');
  if (resume !== null) {
    const request = await resumeRequest(resume, sources);
    noteChanges(request, reporter);
    return { request, choices: [] };
  }
  const data = required(givenValue(sources, 'data'), 'The folder', 'cnn finetune photos');
  const index = await findIndex(data, reporter.note, givenValue(sources, 'labels'));
  const split = splitOf(index);
  const asked = resolveSettings('finetune', [sourceOf(split), ...sources]).settings;
  const facts = await factsOf(index, asked, reporter);
  const network = await networkOf(sources, facts);
  const numbers = {
    epochs: givenNumber(sources, 'epochs'),
    batchSize: givenNumber(sources, 'batch-size'),
  };
  const withWeights = asked.weights !== null;
  const all = [
    ...[...split, ...network.choices],
    ...chooseTraining(network.architecture, facts, withWeights, numbers),
  ];
  const isGivenAs = isGiven(sources);
  const choices = all.filter(({ option, unless = [] }) => ![option, ...unless].some(isGivenAs));
  const source = sourceOf(choices);
  const { settings, provenance } = resolveTraining(network.architecture, sources, source);
  for (const line of choiceLines(choices)) reporter.note(line);
  if (!withWeights) reporter.note(adviceWithoutWeights(network.architecture.name));
  const architecture = network.architecture;
  return { request: { settings, provenance, architecture, data, estimateMemory }, choices };
}

function splitOf({
  val,
  train,
}: Pick<Awaited<ReturnType<typeof findIndex>>, 'val' | 'train'>): Choice[] {
  if (val !== undefined) return [];
  const few = train.images.length < VALIDATION.few;
  const value = few ? VALIDATION.ofFew : VALIDATION.ofMany;
  const share = few ? 'a fifth' : 'a tenth';
  return [
    {
      option: 'val-fraction',
      value,
      reason: `the data has no validation images: ${share} of each class, drawn by --seed`,
    },
  ];
}

async function networkOf(
  sources: readonly SettingsSource[],
  facts: Awaited<ReturnType<typeof factsOf>>,
) {
  const options = givenTexts(sources, 'arch-options');
  const [weights, arch] = [givenValue(sources, 'weights'), givenValue(sources, 'arch')];
  const inputSize = givenNumber(sources, 'input-size');
  if (weights !== null) {
    const found = await factsOfWeights(weights, { arch, options, inputSize });
    const choice: Choice = {
      option: 'arch',
      value: found.architecture.name,
      reason: found.reason,
    };
    return { architecture: found.architecture, choices: [choice, ...inputOfWeights(found)] };
  }
  const choice = chooseNetwork(facts);
  const named = arch === null ? [sourceOf([choice]), ...sources] : sources;
  const architecture = givenArchitecture(named, '--arch resnet18');
  return { architecture, choices: [choice, ...chooseInput(architecture, facts)] };
}

/** What a reader is told of choices. */
function told(choices: readonly Choice[]) {
  return choices.map(({ option, value, reason }) => ({ option, value, reason }));
}

/** Weaker than all that is given, and stronger than the recipe of the network. */
function sourceOf(choices: readonly Choice[]): SettingsSource {
  const reasons = new Map(choices.map(({ option, reason }) => [option, reason]));
  return {
    values: Object.fromEntries(choices.map(({ option, value }) => [option, value])),
    source: 'recipe',
    where: (option) => reasons.get(option),
  };
}

function choiceLines(choices: readonly Choice[]): string[] {
  const rows = choices.map(({ option, value, reason }) => {
    return [`--${option}`, describeSetting(value), reason];
  });
  return table(rows, { alignment: ['left', 'left', 'left'], width: undefined });
}
