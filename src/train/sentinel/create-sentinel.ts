import type { EventLog } from '../../runs/events.js';
import type { Reporter } from '../../session/reporter.js';
import type { Prepared } from '../start/prepare.js';
import { Sentinel } from './sentinel.js';

interface Told {
  readonly reporter: Pick<Reporter, 'warn'>;
  readonly events: EventLog;
}

/** The sentinel of a prepared training; what was named before a resume is not named again. */
export function createSentinel(prepared: Prepared, told: Told): Sentinel {
  const { request, session, dataset, updating, sentinelCounters } = prepared;
  const heads = session.model.outputs.length - 1;
  return new Sentinel({
    ...told,
    session,
    counters: sentinelCounters,
    train: dataset.train,
    val: dataset.val,
    rate: (step) => updating.rate(step),
    auxiliary: heads * request.settings.auxWeight,
    loss: request.settings.bceLoss ? 'sigmoid' : 'softmax',
    known: request.resume?.record.events?.map(({ kind }) => kind) ?? [],
  });
}
