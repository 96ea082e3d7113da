/** Test files on the GPU, each in a process of its own, so that a crash loses no other. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { lastLine, PartFailed, type Run } from './day.js';
import { inParallel } from './task.js';

/** A file may take this long, and longer under compute-sanitizer. */
const SECONDS = 90;
const AT_ONCE = 4;

// Mocha starts another process for options of Node's, which compute-sanitizer would not follow.
const MOCHA = [
  ...[process.execPath, '--import', './test/strict.js', 'node_modules/mocha/bin/mocha.js'],
  ...['--no-config', '--timeout', '60000', '--reporter', './test/reporter.cjs'],
];
/** The last line of a file's tests. */
const COUNTS = /^(\d+) passed, 0 failed/m;
const ENVIRONMENT = { CNN_TEST_BACKEND: 'cuda' };

export async function runTests(run: Run): Promise<void> {
  const { tests, conformance } = run.day.sizes;
  const jobs = tests.flatMap(testFiles).map((file) => job(file, [...MOCHA, file]));
  if (conformance) {
    jobs.push(job('tfjs-core', [process.execPath, 'build/conformance.mjs']));
  }
  return runJobs(run, 'tests.txt', jobs);
}

export async function runSanitized(run: Run): Promise<void> {
  const there = await run.task(['compute-sanitizer', '--version'], { seconds: 20 });
  if (!there.passed) throw new PartFailed(`compute-sanitizer is not there (${there.end})`);
  const jobs = run.day.sizes.sanitized.map(([tool, file]) => {
    const sanitizer = ['compute-sanitizer', '--tool', tool, '--error-exitcode', '9'];
    return job(`${tool} ${file}`, [...sanitizer, ...MOCHA, file]);
  });
  return runJobs(run, 'sanitizer.txt', jobs);
}

export interface Job {
  readonly name: string;
  readonly command: readonly string[];
}

const job = (name: string, command: readonly string[]): Job => ({ name, command });

/** A job that ends well but counts no tests has failed, too. */
export async function runJobs(run: Run, file: string, jobs: readonly Job[]): Promise<void> {
  const failed: string[] = [];
  let [passed, tests] = [0, 0];
  const tell = () => {
    const sum = `${passed} of ${jobs.length} files passed, ${tests} tests`;
    run.tell([sum, ...failed.map((name) => `- ${name}`)].join('\n'));
  };
  await inParallel(jobs, AT_ONCE, async ({ name, command }) => {
    if (run.secondsLeft() < 1) {
      failed.push(`${name}: no time left`);
      return;
    }
    const ended = await run.task(command, { seconds: SECONDS, environment: ENVIRONMENT });
    run.append(file, `== ${name}: ${ended.end}, ${ended.seconds.toFixed(1)} s\n${ended.output}\n`);
    const counts = COUNTS.exec(ended.output);
    if (ended.passed && counts) {
      passed++;
      tests += Number(counts[1]);
    } else {
      const why = ended.passed ? 'it counts no tests' : lastLine(ended.output);
      failed.push(`${name}: ${ended.end}, ${why}`);
    }
    tell();
  });
  tell();
  if (failed.length > 0) throw new PartFailed(`${failed.length} of ${jobs.length} files failed`);
  if (tests === 0) throw new PartFailed('no test ran');
}

/** The test files of a folder, or the file. */
function testFiles(path: string): string[] {
  const full = join(PACKAGE_ROOT, path);
  if (!statSync(full, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(full, { recursive: true }) as string[];
  return names
    .filter((name) => name.endsWith('.test.js'))
    .sort()
    .map((name) => join(path, name));
}
