/** Smokes networks in processes of their own, so that one that ends a process costs no other. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Given } from '../../settings/given.js';
import type { Smoke } from './smoke.js';

/** What a process says of a network. */
export type Answer = (
  | { readonly smoke: Smoke }
  | { readonly error: string; readonly exitCode: number }
) & { readonly cpuSeconds?: number };

/** The answers in the order of the tasks; `onAnswer` gets each as it comes. */
export async function answersOf(
  tasks: readonly Given[],
  jobs: number,
  onAnswer: (answer: Answer, index: number) => void,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const work = async () => {
    let child: ChildProcess | undefined;
    while (next < tasks.length) {
      const index = next++;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        child = startWorker();
      }
      const answer = await ask(child, tasks[index] as Given);
      answers[index] = answer;
      onAnswer(answer, index);
    }
    child?.disconnect();
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, work));
  return answers;
}

function startWorker(): ChildProcess {
  const source = import.meta.url.endsWith('.ts');
  const entry = fileURLToPath(new URL(`./worker.${source ? 'ts' : 'js'}`, import.meta.url));
  const loader = source ? ['--import', 'tsx'] : [];
  return fork(entry, [], {
    execArgv: [...process.execArgv, ...loader],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Of a process that ends before it answers, how it ended. */
function ask(child: ChildProcess, task: Given): Promise<Answer> {
  return new Promise((resolve) => {
    const done = (answer: Answer) => {
      child.off('message', done).off('close', ended);
      resolve(answer);
    };
    const ended = (code: number | null, signal: string | null) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      done({ error: `The process ended ${how}`, exitCode: 1 });
    };
    child.on('message', done).on('close', ended);
    child.send(task);
  });
}
