/** Must be imported before the specs: what they run on is decided while they are declared. */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import { env } from '@tensorflow/tfjs-core';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { NATIVE_BACKEND, openBackend } from '../../src/backend/index.js';

await openBackend('cpu', { precision: 'f32' });
// It skips the checks that half of the specs are about.
env().set('PROD', false);
setTestEnvs([{ name: NATIVE_BACKEND, backendName: NATIVE_BACKEND, flags: {}, isDataSync: true }]);
