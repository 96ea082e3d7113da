import { styleText } from 'node:util';

/** Styles by what they say. */
const STYLES = {
  error: ['red', 'bold'],
  warning: ['yellow', 'bold'],
  strong: ['bold'],
  faint: ['dim'],
} as const;

/**
 * Whether a stream gets colours: on a terminal, unless NO_COLOR (https://no-color.org), CI or
 * TERM=dumb says otherwise; FORCE_COLOR decides against all of them, 0 and false for none.
 */
export function hasColours(
  stream: { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (env['NO_COLOR'] || !isInteractive(stream, env)) return false;
  return true;
}

/**
 * Whether a person watches the stream: a terminal that can move its cursor, and no CI. Open MPI gives
 * its processes one whose output may go to a file.
 */
export function isInteractive(
  stream: { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  const ci = env['CI'] ?? '';
  if (env['OMPI_COMM_WORLD_SIZE'] !== undefined) return false;
  return stream.isTTY === true && env['TERM'] !== 'dumb' && ['', '0', 'false'].includes(ci);
}

/** Text in a style, where the stream gets colours. */
export function paint(
  stream: { readonly isTTY?: boolean },
  style: keyof typeof STYLES,
  text: string,
): string {
  if (!hasColours(stream)) return text;
  return styleText([...STYLES[style]], text, { validateStream: false });
}
