import { printable } from '../../system/file-names.js';

/** Orders names by code units, whatever the locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

const TAR = /\.tar$/i;

/** Whether a file is a tar file by its name. */
export function isTarName(name: string): boolean {
  return TAR.test(name);
}

/** The name of a tar file without its ending. */
export function withoutTar(name: string): string {
  return name.replace(TAR, '');
}

/** The first few names for a message, or "nothing". */
export function list(names: readonly string[], most = 5): string {
  if (names.length === 0) return 'nothing';
  const shown = names.slice(0, most).map(printable).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** `1 image`, `12 images`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
