/** Charts as files, for papers and slides. */
import { join } from 'node:path';
import type { Settings } from '../settings/types.js';
import { makeDirectories, writeOutput } from '../system/files.js';
import { pngFile, svgFile } from './charts/chart.js';
import type { NamedChart } from './sections/curves.js';

/** What of a page is a file too. */
export interface Files {
  readonly charts: readonly NamedChart[];
  /** PNGs that are no drawings, by their names. */
  readonly pngs: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/** Writes the charts into the directories that are given; returns the files. */
export async function writeFiles(
  { charts, pngs }: Files,
  { png, svg }: Pick<Settings<'report'>, 'png' | 'svg'>,
): Promise<string[]> {
  const written: string[] = [];
  async function write(directory: string, name: string, content: string | Buffer): Promise<void> {
    const file = join(directory, name);
    await writeOutput(file, content);
    written.push(file);
  }
  for (const directory of [png, svg]) if (directory !== null) await makeDirectories(directory);
  for (const { name, chart } of charts) {
    if (svg !== null) await write(svg, `${name}.svg`, svgFile(chart));
    if (png !== null) await write(png, `${name}.png`, await pngFile(chart));
  }
  if (png !== null) for (const { name, bytes } of pngs) await write(png, `${name}.png`, bytes);
  return written;
}
