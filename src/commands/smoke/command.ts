/** `cnn train --smoke` for one network, `cnn smoke` for some or all. */
import { availableParallelism } from 'node:os';
import { architectures, findArchitecture } from '../../archs/index.js';
import { RunError, UsageError } from '../../errors.js';
import type { Given } from '../../settings/given.js';
import { givenSources } from '../../settings/given.js';
import { resolveSettings, strongest } from '../../settings/resolve.js';
import { checkWritable, writeOutput } from '../../system/files.js';
import { createReporter } from '../../terminal/progress.js';
import { table } from '../../terminal/table.js';
import type { Result } from '../command.js';
import { CHECKS, type CheckName } from './checks.js';
import type { Finding } from './finding.js';
import { junitXml } from './junit.js';
import { type Checked, type Smoke, smoke } from './smoke.js';
import { type Answer, answersOf } from './workers.js';

/** More processes than these take more memory than a machine for continuous integration has. */
const MOST_JOBS = 4;

/** `cnn train --smoke`. */
export async function runSmokeTraining(given: Given): Promise<Result<Smoke>> {
  const { smoke: _, json: __, verbose: ___, ...training } = given;
  const found = await smoke(training, createReporter());
  const lines = (Object.keys(CHECKS) as CheckName[]).map((name) => {
    const problem = found.checks[name];
    const mark = problem === undefined ? 'not reached' : problem === null ? 'ok' : 'FAILED';
    return `${CHECKS[name].padEnd(28)}${mark}`;
  });
  const last = `${found.arch} at ${found.inputSize} pixels, loss ${lossText(found)}, ${found.seconds.toFixed(1)} s`;
  return { lines: [...lines, last], json: found, ...failure([found]) };
}

/** `cnn smoke`. */
export async function runSmoke(given: Given): Promise<Result<readonly Finding[]>> {
  const sources = await givenSources('smoke', given);
  const { settings } = resolveSettings('smoke', sources);
  const names = namesOf(given, settings.all);
  if (settings.junit !== null) await checkWritable(settings.junit, '--junit');
  const cores = availableParallelism();
  const jobs = strongest('jobs', sources) ? settings.jobs : Math.min(cores, MOST_JOBS);
  const threads = settings.threads ?? Math.max(1, Math.floor(cores / jobs));
  const { backend, device, precision, seed } = given;
  const common = { data: settings.data ?? 'synthetic', backend, device, precision, seed };
  const defined = Object.entries(common).filter(([, value]) => value !== undefined);
  const tasks = names.map((arch) => ({
    ...Object.fromEntries(defined),
    ...{ arch, threads: String(threads), workers: '1' },
  }));
  const reporter = createReporter();
  const findings: Finding[] = [];
  await answersOf(tasks, jobs, (answer, index) => {
    const finding = findingOf(names[index] as string, answer);
    findings[index] = finding;
    reporter.note(noteOf(finding));
  });
  if (settings.junit !== null) await writeOutput(settings.junit, junitXml(findings));
  return { lines: tableLines(findings), json: findings, ...failure(findings) };
}

function namesOf(given: Given, all: boolean): string[] {
  const words = (given['names'] ?? []) as readonly unknown[];
  if (all && words.length > 0) throw new UsageError('Expected --all or networks, not both');
  if (all) return architectures.map(({ name }) => name);
  if (words.length === 0) {
    throw new UsageError('Expected networks or --all, for example: cnn smoke resnet18 vgg11');
  }
  return [...new Set(words.map((word) => findArchitecture(String(word)).name))];
}

/** A line as soon as a network is done: those that take long are seen before the table. */
function noteOf(finding: Finding): string {
  const { arch, seconds, cpuSeconds } = finding;
  const mark = problemsOf(finding).length === 0 ? 'ok    ' : 'FAILED';
  const time = [
    ...(seconds === undefined ? [] : [`${seconds.toFixed(1)} s`]),
    ...(cpuSeconds === undefined ? [] : [`CPU ${cpuSeconds.toFixed(1)} s`]),
  ];
  return `${mark}  ${[arch, ...time].join(', ')}`;
}

function findingOf(arch: string, answer: Answer): Finding {
  const { cpuSeconds } = answer;
  const time = cpuSeconds === undefined ? {} : { cpuSeconds };
  if ('smoke' in answer) return { ...answer.smoke, ...time };
  return { arch, checks: { training: answer.error }, ...time };
}

function tableLines(findings: readonly Finding[]): string[] {
  const header = ['network', 'pixels', 'loss', 'checks', 'seconds', 'CPU'];
  const rows = findings.map((finding) => [
    finding.arch,
    String(finding.inputSize ?? '-'),
    lossText(finding),
    checksText(finding.checks),
    finding.seconds?.toFixed(1) ?? '-',
    finding.cpuSeconds?.toFixed(1) ?? '-',
  ]);
  const good = findings.filter((finding) => problemsOf(finding).length === 0).length;
  const alignment = ['left', 'right', 'left', 'left'] as const;
  return [
    ...table([header, ...rows], { alignment, leaveOut: [5, 1] }),
    '',
    `${good} of ${findings.length} networks: ${Object.values(CHECKS).join(', ')}`,
  ];
}

function lossText({ losses = [] }: Partial<Smoke>): string {
  return losses.map((loss) => loss.toFixed(3)).join(' → ') || '-';
}

function checksText(checks: Checked): string {
  const failed = (Object.keys(CHECKS) as CheckName[]).filter((name) => {
    return typeof checks[name] === 'string';
  });
  return failed.length === 0 ? 'ok' : `FAILED: ${failed.join(', ')}`;
}

function problemsOf({ arch, checks }: Finding): string[] {
  return (Object.keys(CHECKS) as CheckName[]).flatMap((name) => {
    const problem = checks[name];
    return typeof problem === 'string' ? [`${arch}, ${name} (${CHECKS[name]}): ${problem}`] : [];
  });
}

function failure(findings: readonly Finding[]): { error?: Error } {
  const problems = findings.flatMap(problemsOf);
  if (problems.length === 0) return {};
  const what = problems.length === 1 ? 'A check failed' : `${problems.length} checks failed`;
  return { error: new RunError(`${what}:\n${problems.map((line) => `  ${line}`).join('\n')}`) };
}
