/** The settings that an experiment file gives, for all cells and for each value of an axis. */
import { UsageError } from '../../errors.js';
import { findOption, type OptionName, type Value } from '../../settings/options/index.js';
import { checkValues, type Values } from '../../settings/validate.js';
import { CELL_OPTIONS } from './format.js';
import type { ExperimentFile } from './read.js';

/** Settings with the place of each in the file. */
export interface Placed {
  readonly values: Values;
  readonly places: Readonly<Partial<Record<OptionName, string>>>;
}

export interface Axis {
  readonly name: string;
  readonly values: readonly AxisValue[];
}

export interface AxisValue extends Placed {
  /** Its part of the names of cells. */
  readonly label: string;
}

/** The name of a directory in every file system, and of one word in a shell. */
const LABEL = /^[A-Za-z0-9][\w.+=,-]*$/;

/** What joins the labels of a cell's name. */
export const JOINT = '_';

export function readSettings(
  { place }: Pick<ExperimentFile, 'place'>,
  record: Readonly<Record<string, unknown>>,
  path: readonly string[],
): Placed {
  const placeOf = (key: string) => place([...path, key]);
  const values = checkValues('train', record, placeOf);
  const places: Partial<Record<OptionName, string>> = {};
  for (const key of Object.keys(record)) {
    const option = findOption(Object.keys(values) as OptionName[], key) as OptionName;
    places[option] = placeOf(key);
    if (!CELL_OPTIONS.includes(option)) throw notTaken(key, placeOf(key));
  }
  return { values, places };
}

function notTaken(key: string, place: string): UsageError {
  const instead = key === 'seed' ? 'list it in "seeds"' : 'an experiment chooses it itself';
  return new UsageError(`"${key}" in ${place} cannot be a setting of a cell: ${instead}`);
}

export function readAxes(file: ExperimentFile): Axis[] {
  const axes = Object.entries(file.shape.axes ?? {}).map(([name, given]) => ({
    name,
    values: Array.isArray(given) ? listed(file, name, given) : named(file, name, given),
  }));
  const seen = new Map<string, string>();
  for (const { name, values } of axes) {
    if (values.length === 0) {
      throw new UsageError(`${file.place(['axes', name])}: the axis "${name}" has no values`);
    }
    checkLabels(file, name, values);
    for (const option of new Set(values.flatMap((value) => Object.keys(value.values)))) {
      const other = seen.get(option);
      if (other !== undefined) {
        const place = file.place(['axes', name], 'key');
        throw new UsageError(`${place}: the axes "${other}" and "${name}" both set "${option}"`);
      }
      seen.set(option, name);
    }
  }
  return axes;
}

function checkLabels(file: ExperimentFile, axis: string, values: readonly AxisValue[]): void {
  const seen = new Set<string>();
  for (const [index, { label }] of values.entries()) {
    const path = Array.isArray(file.shape.axes?.[axis]) ? index : label;
    const place = file.place(['axes', axis, path], 'key');
    if (seen.has(label)) throw new UsageError(`${place}: the axis "${axis}" has "${label}" twice`);
    seen.add(label);
    checkName(label, place);
  }
}

/** A cell and a value of an axis name directories. */
export function checkName(name: string, place: string): void {
  if (LABEL.test(name)) return;
  throw new UsageError(
    `${place}: expected a name of letters, digits and any of _ . + = , - but received "${name}": give named settings, such as {name: {lr: 0.1}}`,
  );
}

function listed(file: ExperimentFile, axis: string, given: readonly unknown[]): AxisValue[] {
  return given.map((value, index) => {
    const place = file.place(['axes', axis, index]);
    const values = checkValues('train', { [axis]: value }, place);
    const [option, checked] = Object.entries(values)[0] as [OptionName, Value];
    if (!CELL_OPTIONS.includes(option)) throw notTaken(axis, file.place(['axes', axis], 'key'));
    return { label: labelOf(option, checked), values, places: { [option]: place } };
  });
}

/** `resnet20-cifar`, `lr=0.1`. */
function labelOf(option: OptionName, value: Value): string {
  return typeof value === 'string' ? value : `${option}=${value}`;
}

function named(
  file: ExperimentFile,
  axis: string,
  given: Readonly<Record<string, unknown>>,
): AxisValue[] {
  return Object.entries(given).map(([label, settings]) => {
    const path = ['axes', axis, label];
    if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
      throw new UsageError(
        `${file.place(path)}: expected "${label}" to be settings, such as {lr: 0.1}`,
      );
    }
    return { label, ...readSettings(file, settings as Record<string, unknown>, path) };
  });
}

/** The value of an axis that a word or number in the file means. */
export function findValue(axis: Axis, word: unknown): AxisValue | undefined {
  return axis.values.find(({ label, values }) => {
    const [only, ...others] = Object.values(values);
    return label === word || (others.length === 0 && only === word);
  });
}
