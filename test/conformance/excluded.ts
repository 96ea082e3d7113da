/** Specs of tfjs-core that do not run on our backend, each with its reason. */
export const excluded: readonly (readonly [name: string, reason: string])[] = [
  [
    'maxPool onednn {} [x=[3,3,1] f=[2,2] s=1 ignores NaNs',
    'a NaN is the maximum of its window, as in PyTorch: no kernel hides one',
  ],
  [
    'argmax onednn {} ignores NaNs',
    'the place of a NaN is that of the maximum, as in PyTorch: no kernel hides one',
  ],
];
