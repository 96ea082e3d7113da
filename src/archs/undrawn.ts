import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Architecture, BuildOptions } from './architecture.js';
import { withoutDrawing } from './blocks/initialisers.js';

/** Gives `use` a network whose weights are not drawn, for its shapes, and disposes of it. */
export function withUndrawn<T>(
  architecture: Architecture,
  options: Omit<BuildOptions, 'seed'>,
  use: (model: LayersModel) => T,
): T {
  const model = withoutDrawing(() => architecture.build({ ...options, seed: 0 }));
  try {
    return use(model);
  } finally {
    model.dispose();
  }
}
