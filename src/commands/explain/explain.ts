import { explain } from '../../explain/explain.js';
import { explanationPage } from '../../explain/page/page.js';
import { type Given, givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { checkWritable, writeOutput } from '../../system/files.js';
import { checkAuxiliary, givenArchitecture } from '../architecture.js';
import type { Result } from '../command.js';
import { explanationLines } from './text.js';

export async function runExplain(given: Given): Promise<Result> {
  const sources = await givenSources('explain', given);
  const architecture = givenArchitecture(sources, '--arch resnet50');
  const { settings } = resolveSettings('explain', sources, architecture);
  const { inputSize: size, channels, numClasses: classes, auxiliary, html } = settings;
  checkAuxiliary(architecture, auxiliary);
  if (html !== null) await checkWritable(html, '--html');
  const explained = await explain(architecture, { size, channels, classes, auxiliary });
  const lines = explanationLines(explained);
  if (html === null) return { lines, json: { ...explained.explanation, html } };
  const page = explanationPage(explained);
  await writeOutput(html, page);
  const megabytes = (Buffer.byteLength(page) / 1e6).toFixed(2);
  return {
    lines: [...lines, '', `page ${html}, ${megabytes} MB; open it in a browser`],
    json: { ...explained.explanation, html },
  };
}
