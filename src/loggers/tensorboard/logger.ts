import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import type { Row } from '../../runs/csv.js';
import { describeSetting } from '../../settings/describe-origin.js';
import type { Value } from '../../settings/options/index.js';
import type { Provenance } from '../../settings/resolve.js';
import type { Ending, Logger, StepFigures } from '../logger.js';
import {
  HParamsPluginDataSchema,
  SessionEndInfo_Status,
  SessionLog_SessionStatus,
  TensorProto_DataType,
} from './event_pb.js';
import { createEventFile, type EventContent, type EventFile } from './event-file.js';

export interface TensorboardRun {
  /** The directory of the event files. */
  readonly directory: string;
  /** Of the run, as the HPARAMS page shows it. */
  readonly name: string;
  /** Steps taken before this start. */
  readonly step: number;
  readonly settings: Provenance;
}

/** The figures of steps by their tags; a chart has the runs with the same tag. */
const STEP_TAGS = {
  loss: 'train/loss',
  top1: 'train/top1',
  top5: 'train/top5',
  lr: 'train/lr',
  imagesPerSecond: 'speed/images_per_second',
  dataWaitPercent: 'speed/data_wait_percent',
} as const satisfies Partial<Record<keyof StepFigures, string>>;

/** The columns of summary.csv by their tags. */
const EPOCH_TAGS = {
  train_loss: 'epoch/train_loss',
  train_top1: 'epoch/train_top1',
  train_top5: 'epoch/train_top5',
  eval_loss: 'validation/loss',
  eval_top1: 'validation/top1',
  eval_top5: 'validation/top5',
  seconds: 'epoch/seconds',
} as const satisfies Partial<Record<keyof Row, string>>;

/** A run that was stopped has not ended: readers keep the first status that they find. */
const STATUS: Readonly<Record<Ending, SessionEndInfo_Status | undefined>> = {
  finished: SessionEndInfo_Status.SUCCESS,
  stopped: undefined,
  failed: SessionEndInfo_Status.FAILURE,
};

/** Writes event files that TensorBoard shows. */
export async function tensorboardLogger(
  run: TensorboardRun,
  seconds: () => number = () => Date.now() / 1000,
): Promise<Logger> {
  const file = await createEventFile(run.directory, seconds);
  begin(file, run, seconds());
  let last = run.step;
  return {
    onSteps(figures) {
      // After a rollback steps are taken again.
      if (figures.step <= last) file.append(restart(figures.step));
      last = figures.step;
      file.append(scalars(figures.step, STEP_TAGS, figures));
    },
    async onEpoch(row) {
      file.append(scalars(row.step, EPOCH_TAGS, row));
    },
    async onEnd(ending) {
      const status = STATUS[ending];
      try {
        if (status === undefined) return;
        const value = { status, endTimeSecs: seconds() };
        file.append(hparams('session_end_info', { case: 'sessionEndInfo', value }));
      } finally {
        file.close();
      }
    },
  };
}

function begin(file: EventFile, { name, step, settings }: TensorboardRun, startTimeSecs: number) {
  file.append(restart(step + 1));
  const info = { hparams: hparamsOf(settings), groupName: name, startTimeSecs };
  file.append(hparams('session_start_info', { case: 'sessionStartInfo', value: info }));
}

/** Has readers drop what was written before from this step on. */
function restart(step: number): EventContent {
  const value = { status: SessionLog_SessionStatus.START };
  return { step: BigInt(step), what: { case: 'sessionLog', value } };
}

function scalars<K extends string>(
  step: number,
  tags: Readonly<Record<K, string>>,
  values: Readonly<Record<NoInfer<K>, number>>,
): EventContent {
  const value = Object.entries<string>(tags).map(([name, tag]) => {
    return { tag, value: { case: 'simpleValue' as const, value: values[name as K] } };
  });
  return { step: BigInt(step), what: { case: 'summary', value: { value } } };
}

/** An event of the HPARAMS page, which looks for it beside a tensor without elements. */
function hparams(
  tag: 'session_start_info' | 'session_end_info',
  data: NonNullable<MessageInitShape<typeof HParamsPluginDataSchema>['data']>,
): EventContent {
  const message = create(HParamsPluginDataSchema, { data });
  const content = toBinary(HParamsPluginDataSchema, message);
  const tensor = { dtype: TensorProto_DataType.DT_FLOAT, tensorShape: { dim: [{}] } };
  const value = {
    tag: `_hparams_/${tag}`,
    value: { case: 'tensor' as const, value: tensor },
    metadata: { pluginData: { pluginName: 'hparams', content } },
  };
  return { what: { case: 'summary', value: { value: [value] } } };
}

/** The settings that have a value. */
function hparamsOf(settings: Provenance) {
  const entries = Object.entries(settings).flatMap(([name, { value }]) => {
    return value === null ? [] : [[name, create(ValueSchema, { kind: kindOf(value) })] as const];
  });
  return Object.fromEntries(entries);
}

function kindOf(value: NonNullable<Value>) {
  if (typeof value === 'number') return { case: 'numberValue', value } as const;
  if (typeof value === 'boolean') return { case: 'boolValue', value } as const;
  return { case: 'stringValue', value: describeSetting(value) } as const;
}
