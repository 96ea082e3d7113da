import type { Reporter } from '../session/reporter.js';
import { SILENT } from '../session/reporter.js';
import { type Launched, rankName } from './launcher.js';

/** The leader says all, the others only warn, and everyone says who it is. */
export function rankReporter(reporter: Reporter, launched: Launched | undefined): Reporter {
  if (launched === undefined) return reporter;
  const warn = (line: string) => reporter.warn(`${rankName(launched)}: ${line}`);
  return launched.rank === 0 ? { ...reporter, warn } : { ...SILENT, warn };
}
