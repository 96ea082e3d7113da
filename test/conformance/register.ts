/** Must be imported before the specs: what they run on is decided while they are declared. */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import { env, getBackend } from '@tensorflow/tfjs-core';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { openBackend } from '../../src/backend/index.js';
import { registerTwins } from '../../src/network/twins/index.js';
import { openOurs } from '../network/backends.js';

if (process.env['CNN_TEST_BACKEND'] === 'tensorflow') {
  await openBackend('tensorflow', { precision: 'f32' });
  // Some of its kernels are ours too.
  registerTwins(getBackend());
} else {
  await openOurs('f32');
}
const name = getBackend();
// It skips the checks that half of the specs are about.
env().set('PROD', false);
setTestEnvs([{ name, backendName: name, flags: {}, isDataSync: true }]);
