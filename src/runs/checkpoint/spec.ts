import { z } from 'zod';

/** The name and shape of a tensor. */
export const specSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)).max(8),
});

export type Spec = Readonly<z.infer<typeof specSchema>>;

/** The numbers in tensors. */
export function countOf(specs: readonly Spec[]): number {
  const sizes = specs.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}
