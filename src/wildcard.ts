/** What a pattern of names fits, in which `*` stands for any letters. */
export function wildcard(pattern: string): RegExp {
  const words = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${words.join('.*')}$`);
}
