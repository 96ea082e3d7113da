/** The entry of a process that smokes one network after another for `cnn smoke`. */
import { CnnError, firstLine } from '../../errors.js';
import type { Given } from '../../settings/given.js';
import { smoke } from './smoke.js';
import type { Answer } from './workers.js';

async function answer(given: Given): Promise<Answer> {
  try {
    return { smoke: await smoke(given) };
  } catch (error) {
    return { error: firstLine(error), exitCode: error instanceof CnnError ? error.exitCode : 1 };
  }
}

process.on('message', async (given: Given) => {
  const { user, system } = process.cpuUsage();
  const answered = await answer(given);
  const after = process.cpuUsage({ user, system });
  process.send?.({ ...answered, cpuSeconds: (after.user + after.system) / 1e6 });
});
// The parent closes the channel once there is nothing more to do, or ends.
process.on('disconnect', () => process.exit());
