import { createRequire } from 'node:module';

interface Spec {
  fullName: string;
  status: 'passed' | 'failed' | 'pending' | 'excluded';
  failedExpectations: { message: string; stack?: string }[];
}

interface Environment {
  configure(options: {
    random: boolean;
    specFilter(spec: { getFullName(): string }): boolean;
  }): void;
  addReporter(reporter: {
    specDone(spec: Spec): void;
    jasmineDone(result: { overallStatus: string }): void;
  }): void;
  execute(): void;
}

const Jasmine = createRequire(import.meta.url)('jasmine') as new () => { env: Environment };

/** Jasmine's environment; making it defines `describe`, `it` and the rest as globals. */
export const { env: jasmine } = new Jasmine();
