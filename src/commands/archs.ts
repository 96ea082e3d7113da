import { type Architecture, architectures } from '../archs/index.js';
import type { Result } from './command.js';
import { table } from './table.js';

export async function runArchs(): Promise<Result> {
  const header = ['name', 'paper', 'year', 'depth', 'parameters', 'GMACs', 'Acc@1', 'Acc@5'];
  const rows = architectures.map((architecture) => {
    const { name, paper, depth, parameters, macs, published } = architecture;
    return [
      name,
      paper.authors,
      paper.year,
      depth,
      parameters.toLocaleString('en'),
      (macs / 1e9).toPrecision(3),
      published?.top1?.toFixed(2) ?? '-',
      published?.top5?.toFixed(2) ?? '-',
    ].map(String);
  });
  return { lines: table([header, ...rows], ['left', 'left']), json: architectures.map(describe) };
}

function describe({ recipe: _recipe, build: _build, ...facts }: Architecture) {
  return facts;
}
