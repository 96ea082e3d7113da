import type { EstimateMemory } from './request.js';

/**
 * Estimates of one training, each made once: the choice of a precision asks for both of them, and
 * for the one that was chosen the check of memory and the choice of kernels ask again.
 */
export function estimatedOnce(estimate: EstimateMemory): EstimateMemory {
  const known = new Map<string, ReturnType<EstimateMemory>>();
  return (architecture, backend, settings) => {
    const key = [backend.name, backend.precision, settings.batchSize].join();
    const found = known.get(key) ?? estimate(architecture, backend, settings);
    known.set(key, found);
    return found;
  };
}
