/** Runs the parts one after another; one that fails or hangs loses no other. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { commit } from '../rounds.js';
import { type Day, type Part, PartFailed, Run } from './day.js';

interface Told {
  readonly name: string;
  readonly run?: Run;
  end: string;
}

/** Whether all passed. `end`: when all must be over, in milliseconds of performance.now(). */
export async function runParts(parts: readonly Part[], day: Day, end: number): Promise<boolean> {
  const told: Told[] = [];
  for (const part of parts) {
    await runPart(part, day, end, told);
    writeSummary(day, told);
  }
  return told.every(({ end }) => end === 'passed');
}

async function runPart(part: Part, day: Day, end: number, told: Told[]): Promise<void> {
  const { name } = part;
  const began = performance.now();
  const seconds = Math.min(part.seconds, (end - began) / 1000);
  if (seconds <= 0) {
    told.push({ name, end: 'no time left' });
    return;
  }
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), 1000 * seconds);
  const run = new Run(day, over.signal, began + 1000 * seconds, () => writeSummary(day, told));
  const entry: Told = { name, run, end: 'is running' };
  told.push(entry);
  console.error(`${name}, at most ${seconds.toFixed(0)} s`);
  try {
    await Promise.race([part.run(run), leftBehind(over.signal)]);
    entry.end = 'passed';
  } catch (error) {
    const { message, stack } = error as Error;
    entry.end = error instanceof PartFailed ? message : String(stack);
  } finally {
    clearTimeout(timer);
  }
  console.error(`  ${entry.end} after ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** Rejects a little after the signal, which ends the part's tasks. */
function leftBehind(over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    over.addEventListener('abort', () => {
      setTimeout(() => reject(new PartFailed('no time left')), 500);
    });
  });
}

function writeSummary(day: Day, told: readonly Told[]): void {
  const title = `# cnn ${commit()}, ${day.hardware}, ${cpus()[0]?.model}, ${day.cores} cores\n`;
  const parts = told.map(({ name, end, run }) => `## ${name}\n\n${end}\n\n${run?.found ?? ''}\n`);
  writeFileSync(join(day.out, 'summary.md'), [title, ...parts].join('\n'));
}
