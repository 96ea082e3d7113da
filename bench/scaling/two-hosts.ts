/**
 * Holds the model of bench/scaling.ts to two processes on two hosts: prints what a step took with a
 * link of 1 Gbit/s between them, and what the model says of the same step without a limit.
 * two-hosts.sh makes the hosts and writes the reports of `cnn bench train --profile`, by which this is called:
 *
 *     npx tsx bench/scaling/two-hosts.ts ARCH FOLDER
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../../src/measure/median.js';
import type { ProfileReport } from '../../src/measure/profile.js';
import { measuredStep } from './measured-step.js';
import { simulateSum } from './simgrid.js';
import { timeStep } from './training-step.js';

const LINK = { nodes: 2, gigabits: 1, microseconds: 50 };

const [arch = '', folder = ''] = process.argv.slice(2);
const profiles = (link: string): ProfileReport[] =>
  readdirSync(folder)
    .filter((file) => file.startsWith(`${link}-`))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).profile);
const [free, limited] = [profiles('free'), profiles('limited')];
const steps = free.map((profile) => measuredStep(arch, profile));
const alone = steps.map((step) => timeStep(step, () => 0).milliseconds);
const modelled = steps.map((step) => timeStep(step, (bytes) => simulateSum(LINK, bytes)));
const exposed = (reports: readonly ProfileReport[]) =>
  median(reports.map(({ sums }) => sums?.exposed_milliseconds ?? Number.NaN));
const took = (reports: readonly ProfileReport[]) =>
  median(reports.map(({ milliseconds_per_step: time }) => time));
const text = (milliseconds: number) => `${milliseconds.toFixed(0)} ms`;
console.log(`${arch}, medians of ${free.length} rounds in turn:`);
console.log(`  computing alone ${text(median(alone))}`);
console.log(`  without a limit ${text(took(free))} a step, ${text(exposed(free))} not hidden`);
console.log(
  `  1 Gbit/s, measured ${text(took(limited))} a step, ${text(exposed(limited))} not hidden`,
);
const model = (name: 'milliseconds' | 'exposed') => text(median(modelled.map((one) => one[name])));
console.log(`  1 Gbit/s, modelled ${model('milliseconds')} a step, ${model('exposed')} not hidden`);
