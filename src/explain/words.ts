/** `25.6M`, `1.2K`. */
export function short(count: number): string {
  const units = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'K'],
  ] as const;
  const [size, unit] = units.find(([least]) => count >= least) ?? [1, ''];
  if (size === 1) return String(count);
  return `${(count / size).toPrecision(3)}${unit}`;
}
