import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DemoFiles, demoFiles, writeDemo } from '../demo/files.js';
import { servePage } from '../demo/serve.js';
import { exportedFiles, exportedModel, type ModelFiles, trainedFiles } from '../demo/source.js';
import { UsageError } from '../errors.js';
import type { Reporter } from '../session/reporter.js';
import { type Given, givenSources, givenValue } from '../settings/given.js';
import type { OptionName } from '../settings/options/index.js';
import { resolveSettings, type SettingsSource, strongest } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { checkNewDirectory } from '../system/new-directory.js';
import { createReporter } from '../terminal/progress.js';
import type { Result } from './command.js';
import { givenModel } from './model.js';

type DemoSettings = Settings<'demo'>;

/** The name of the directory of the page. */
const PLACE = 'demo';

/** What says which network it is, how it sees images and is stored: an exported one says so itself. */
const OF_TRAINED: readonly OptionName[] = [
  ...(['ema', 'arch', 'arch-options', 'weights'] as const),
  ...(['resize-size', 'crop-size', 'channels', 'mean', 'std', 'float16'] as const),
];

interface Opened {
  readonly settings: DemoSettings;
  /** The directory for the page where none is named. */
  readonly place: string;
  readonly files: () => Promise<ModelFiles>;
}

export async function runDemo(given: Given, reporter = createReporter()): Promise<Result> {
  const sources = await givenSources('demo', given);
  const { settings, place, files } = await open(sources, reporter);
  const { serve, port, exifRotate } = settings;
  if (!serve && strongest('port', sources) !== undefined) {
    throw new UsageError('--port does nothing without --serve: add it, or leave --port out');
  }
  const out = settings.out ?? (serve ? null : place);
  if (out !== null) await checkNewDirectory(out, '--out');
  const write = async () => demoFiles(await files(), { exifRotate });
  return serve ? served(write, out, port, reporter) : written(await write(), out ?? place);
}

async function open(sources: readonly SettingsSource[], reporter: Reporter): Promise<Opened> {
  const path = givenValue(sources, 'checkpoint');
  const exported = path === null ? undefined : await exportedModel(path);
  if (exported !== undefined) {
    const idle = OF_TRAINED.find((name) => strongest(name, sources) !== undefined);
    if (idle !== undefined) {
      throw new UsageError(
        `--${idle} does nothing to ${exported}, which says how it sees images and is stored: leave it out`,
      );
    }
    const { settings } = resolveSettings('demo', sources);
    return { settings, place: PLACE, files: () => exportedFiles(exported) };
  }
  const trained = await givenModel(await withFile(sources, path));
  const { stored, architecture, run } = trained;
  const { settings } = resolveSettings('demo', [stored, ...sources], architecture);
  const place = run === undefined ? PLACE : join(run, PLACE);
  return { settings, place, files: () => trainedFiles(trained, settings, reporter) };
}

/** A file in the place of a run is one of weights. */
async function withFile(
  sources: readonly SettingsSource[],
  path: string | null,
): Promise<readonly SettingsSource[]> {
  const found = path === null ? undefined : await stat(path).catch(() => undefined);
  if (path === null || !found?.isFile()) return sources;
  const others = sources.map(({ values: { checkpoint: _, ...values }, ...source }) => {
    return { ...source, values };
  });
  return [...others, { values: { weights: path }, source: 'flag' }];
}

async function written(files: DemoFiles, out: string): Promise<Result> {
  const { bytes, beside } = await writeDemo(files, out);
  const page = join(out, 'index.html');
  const parts = beside === 0 ? '' : ` in ${beside + 1} files`;
  const lines = [
    `page ${page}, ${(bytes / 1e6).toFixed(1)} MB${parts}; open it in a browser`,
    ...(beside === 0 ? [] : [`The ${beside} files of weights must stay beside index.html.`]),
    'It needs no server, except in browsers that give no camera to a file: cnn demo … --serve is for them.',
  ];
  return { lines, json: { out, page, bytes, files: beside + 1 } };
}

/** Until a signal comes. */
async function served(
  write: () => Promise<DemoFiles>,
  out: string | null,
  port: number,
  reporter: Reporter,
): Promise<Result> {
  const page = new Map<string, Uint8Array>();
  const server = await servePage(page, port);
  try {
    for (const [name, content] of await write()) page.set(name, content);
    if (out !== null) {
      await writeDemo(page, out);
      reporter.note(`page ${join(out, 'index.html')}`);
    }
    reporter.note(`page ${server.address} for browsers of this machine; Ctrl-C ends it`);
    await stopped();
  } finally {
    await server.close();
  }
  const { address } = server;
  return { lines: [`${address} is no longer served`], json: { address, out } };
}

/** Ctrl-C is how a server ends; other signals end the program as they do elsewhere. */
function stopped(): Promise<void> {
  return new Promise((resolve) => process.once('SIGINT', () => resolve()));
}
