import { counted } from '../../counted.js';
import type { BenchmarkResult } from '../../measure/steps.js';
import { profileLines } from './profile-tables.js';

/** What a benchmark of a network's steps, or passes forward, tells. */
export function speedLines(
  title: string,
  result: BenchmarkResult,
  step: 'step' | 'pass',
): string[] {
  const many =
    step === 'step'
      ? counted(result.steps, 'step')
      : counted(result.steps, 'pass forward', 'passes forward');
  const divided = result.processes > 1 ? ` of ${result.processes} processes` : '';
  return [
    `${title} on ${result.backend} in ${result.precision}, ` +
      `${counted(result.threads, 'thread')}, batches of ${result.batch_size}${divided}, ${many}`,
    `${result.images_per_second.toFixed(1)} images/s`,
    `${result.milliseconds_per_step.toFixed(2)} ms per ${step}`,
    `${result.javascript_milliseconds_per_step.toFixed(2)} ms of JavaScript per ${step}`,
    `${mebibytes(result.peak_bytes)} at most, ${mebibytes(result.peak_resident_bytes)} of the whole process`,
    ...(step === 'step'
      ? [`${result.data_wait_percent.toFixed(1)} % of the time waiting for data`]
      : []),
    ...(result.profile ? profileLines(result.profile) : []),
  ];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
