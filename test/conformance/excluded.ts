/** Specs of tfjs-core that do not run on our backend, each with its reason. */
export const excluded: readonly (readonly [name: string, reason: string])[] = [];
