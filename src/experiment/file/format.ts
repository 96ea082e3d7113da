/** The format of an experiment file, which the reader and the schema for editors share. */
import { z } from 'zod';
import { COMMAND_OPTIONS } from '../../settings/commands.js';
import { type OptionName, optionRow } from '../../settings/options/index.js';
import { settingSchema } from '../../settings/validate.js';

/** Settings of a training that an experiment chooses itself, or that are of one start of the program. */
const NOT_TAKEN: readonly OptionName[] = [
  ...(['seed', 'output', 'experiment', 'resume', 'dry-run'] as const),
  ...(['verify-resume', 'smoke', 'weights-out'] as const),
];

/** The settings that an experiment file may give. */
export const CELL_OPTIONS: readonly OptionName[] = COMMAND_OPTIONS.train.filter(
  (name) => !NOT_TAKEN.includes(name),
);

/** What two cells may be compared by, and what it is of the last epoch. */
export const MEASURES = {
  top1: 'validation top-1 accuracy',
  top5: 'validation top-5 accuracy',
  loss: 'validation loss',
  'train-top1': 'training top-1 accuracy',
  'train-loss': 'training loss',
} as const;

export type Measure = keyof typeof MEASURES;

const DESCRIPTIONS = {
  title: 'a text: the name of the question',
  claim: 'a text: the claim that is put to the test',
  source: 'a text: where the claim comes from',
  settings: 'settings of every cell by the names of the flags, such as {epochs: 3}',
  axes: 'what varies: lists of values by the name of a setting, such as {lr: [0.1, 0.01]}, or of named settings, such as {network: {plain: {arch: plain20-cifar}}}',
  seeds: 'a list of whole numbers: each cell is trained once with each of them',
  exclude: 'a list of combinations to leave out, such as [{network: plain, lr: 0.1}]',
  include: 'more cells: settings by the name of the cell, such as {long: {epochs: 30}}',
  compare:
    'a list of pairs of cells, such as [[plain-20, resnet-20]], or {baseline: CELL}, or {axis: NAME}',
  measures: `a list of what is compared (default: top1): ${Object.keys(MEASURES).join(', ')}`,
  mixed: 'true or false: compare cells of different data or input sizes too',
  ensemble: 'a list of cells whose runs are also evaluated as one network, or true for all of them',
} as const;

export type Key = keyof typeof DESCRIPTIONS;

/** What the value of a key has to be, in words. */
export function describeKey(key: string): string | undefined {
  return DESCRIPTIONS[key as Key];
}

const name = z.string().min(1);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const anyValues = z.record(z.string(), z.unknown());

/** The keys of a file, given what settings are and what axes are. */
function shape<S extends z.ZodType, A extends z.ZodType>(settings: S, axes: A) {
  return {
    title: name,
    claim: name,
    source: name,
    settings: settings.optional(),
    axes: axes.optional(),
    seeds: z.array(z.int().min(0)).min(1),
    exclude: z.array(z.record(z.string(), z.union([scalar, z.array(scalar).min(1)]))).optional(),
    include: z.record(z.string(), settings).optional(),
    compare: z
      .union([
        z.array(z.tuple([name, name])).min(1),
        z.strictObject({ baseline: name }),
        z.strictObject({ axis: name }),
      ])
      .optional(),
    measures: z
      .array(z.enum(Object.keys(MEASURES) as Measure[]))
      .min(1)
      .optional(),
    mixed: z.boolean().optional(),
    ensemble: z.union([z.array(name).min(1), z.literal(true)]).optional(),
  };
}

/** The shape of a file; what its settings are is checked with their places. */
export const fileSchema = z.strictObject(
  shape(anyValues, z.record(z.string(), z.union([z.array(z.unknown()), anyValues]))),
);

export type FileShape = z.infer<typeof fileSchema>;

/** The JSON schema of experiment files, for editors. */
export function editorSchema(): Record<string, unknown> {
  const named = z.registry<{ id?: string; description?: string }>();
  const add = <T extends z.ZodType>(schema: T, meta: { id?: string; description?: string }): T => {
    named.add(schema, meta);
    return schema;
  };
  const described = CELL_OPTIONS.map((option) => {
    const { help, unit } = optionRow(option);
    const description = unit === undefined ? help : `${help}, in ${unit}`;
    return [option, add(settingSchema(option), { id: option, description })] as const;
  });
  const optional = described.map(([option, schema]) => [option, schema.optional()]);
  const settings = add(z.strictObject(Object.fromEntries(optional)), { id: 'settings' });
  const sets = z.record(z.string(), settings);
  // An axis by the name of a setting may be named settings too.
  const lists = described.map(([option, schema]) => {
    return [option, z.union([z.array(schema).min(1), sets]).optional()] as const;
  });
  const axes = z.object(Object.fromEntries(lists)).catchall(sets);
  const keys = Object.entries(shape(settings, axes)).map(([key, schema]) => {
    return [key, add(schema.clone(), { description: describeKey(key) ?? '' })] as const;
  });
  return z.toJSONSchema(z.strictObject(Object.fromEntries(keys)), { io: 'input', metadata: named });
}
