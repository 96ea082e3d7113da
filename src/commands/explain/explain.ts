import { picturesOf } from '../../explain/drawing/network.js';
import { sheetOf } from '../../explain/drawing/sheet.js';
import { explain } from '../../explain/explain.js';
import { explanationPage } from '../../explain/page/page.js';
import { svgFile } from '../../report/charts/chart.js';
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
  const { inputSize: size, channels, numClasses: classes, auxiliary, html, svg } = settings;
  checkAuxiliary(architecture, auxiliary);
  if (html !== null) await checkWritable(html, '--html');
  if (svg !== null) await checkWritable(svg, '--svg');
  const explained = await explain(architecture, { size, channels, classes, auxiliary });
  const written: string[] = [];
  if (html !== null) {
    const page = explanationPage(explained);
    await writeOutput(html, page);
    const megabytes = (Buffer.byteLength(page) / 1e6).toFixed(2);
    written.push(`page ${html}, ${megabytes} MB; open it in a browser`);
  }
  if (svg !== null) {
    await writeOutput(svg, svgFile(sheetOf(explained.title, picturesOf(explained))));
    written.push(`drawing ${svg}`);
  }
  return {
    lines: [...explanationLines(explained), ...(written.length > 0 ? ['', ...written] : [])],
    json: { ...explained.explanation, html, svg },
  };
}
