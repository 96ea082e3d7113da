/** Prints what nvcc made of each kernel: npm run cuda:check. */
import { table } from '../../src/terminal/table.js';
import {
  compiledKernels,
  kernelFiles,
  missingMachineCode,
  readable,
  targets,
  wideAccesses,
} from './machine-code.js';

const missing = missingMachineCode();
if (missing !== undefined) {
  console.error(missing);
  process.exit(1);
}
const shown = targets().includes('sm_90') ? 'sm_90' : targets()[0];
for (const file of kernelFiles()) {
  const kernels = compiledKernels(file);
  const wide = wideAccesses(file, String(shown));
  const names = [...new Set(kernels.map(({ name }) => name))];
  const titles = readable(names);
  const rows = names.map((name, index) => {
    const all = kernels.filter((kernel) => kernel.name === name);
    const { loads = 0, stores = 0 } = wide.get(name) ?? {};
    return [
      (titles[index] ?? name).replaceAll(/cnn::|\(anonymous namespace\)::|^void /g, ''),
      ...targets().map((target) => String(all.find((one) => one.target === target)?.registers)),
      ...(['shared', 'stack'] as const).map((use) =>
        String(Math.max(...all.map((one) => one[use]))),
      ),
      `${loads}/${stores}`,
    ];
  });
  const heading = [file, ...targets(), 'shared', 'stack', `16 bytes, ${shown}`];
  console.log(table([heading, ...rows], { alignment: ['left'] }).join('\n'), '\n');
}
