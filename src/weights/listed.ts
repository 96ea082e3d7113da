const SHOWN = 20;

/** A line of a message, `3 tensors are missing: …`; nothing where no tensor is. */
export function listed(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const rest = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : '';
  const count = names.length === 1 ? '1 tensor is' : `${names.length} tensors are`;
  return `\n${count} ${what}: ${names.slice(0, SHOWN).join(', ')}${rest}`;
}
