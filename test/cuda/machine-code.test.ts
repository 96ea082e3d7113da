import assert from 'node:assert/strict';
import {
  type CompiledKernel,
  compiledKernels,
  kernelFiles,
  missingMachineCode,
  targets,
  wideAccesses,
} from './machine-code.js';

/**
 * Kernels, by what their compiled names contain, that must move 16 bytes at once; between types of
 * two sizes only the larger ones fill them.
 */
const WIDE: readonly (readonly [RegExp, 'loads' | 'stores' | 'either' | 'both'])[] = [
  [/eachPack.*FillWork/, 'stores'],
  // Shapes without larger packs, rows of bytes, and pieces of so many bytes have smaller packs.
  [/eachPack(?!.*(FillWork|ImageWork|Li1E|WorkI[hjt]))/, 'either'],
  [/eachPack.*OfStored/, 'both'],
  [/addBias.*Li8E/, 'both'],
  [/updateWeights/, 'both'],
  [/gradientOfBias.*Li8E/, 'loads'],
  [/accumulateStatistics.*Li8E/, 'both'],
  [/9normaliseI.*Li8E/, 'both'],
  [/sumGradients.*Li8E/, 'loads'],
  [/writeGradients.*Li8E/, 'both'],
  [/copyChannels.*Li8E/, 'both'],
  [/normaliseFive.*Li8E/, 'both'],
  [/gradientOfFive.*Li8E/, 'both'],
  [/4poolI.*Li8E/, 'both'],
  [/averageGradient.*Li8E/, 'both'],
  [/passOn.*Li8E/, 'both'],
  [/findMaxima.*Li8E/, 'loads'],
  [/gatherGradients.*Li8E/, 'both'],
  [/(meansOf|spreadOver)Windows.*Li8E/, 'both'],
];

describe("the kernels' machine code", function () {
  this.timeout(300_000);
  const kernels: CompiledKernel[] = [];
  before(function () {
    const missing = missingMachineCode();
    if (missing !== undefined) {
      console.log(`    ${missing}`);
      this.skip();
    }
    kernels.push(...kernelFiles().flatMap(compiledKernels));
  });

  it('is there for every target', () => {
    for (const file of kernelFiles()) {
      const of = (target: string) =>
        kernels.filter((kernel) => kernel.file === file && kernel.target === target).length;
      const counts = targets().map(of);
      assert.ok(Math.min(...counts) > 0, `${file} has no kernels for one of ${targets()}`);
      assert.equal(new Set(counts).size, 1, `${file}: ${counts} kernels for ${targets()}`);
    }
  });

  it('keeps what a thread needs in registers', () => {
    for (const { file, target, name, stack, local } of kernels) {
      assert.equal(
        stack + local,
        0,
        `${name} of ${file} spills ${stack + local} bytes on ${target}`,
      );
    }
  });

  it('moves 16 bytes at once where it is meant to', () => {
    const target = targets().includes('sm_90') ? 'sm_90' : String(targets()[0]);
    const accesses = kernelFiles().flatMap((file) => [...wideAccesses(file, target)]);
    const narrow: string[] = [];
    for (const [pattern, which] of WIDE) {
      const named = accesses.filter(([name]) => pattern.test(name));
      assert.ok(named.length > 0, `no kernel is called ${pattern}`);
      for (const [name, { loads, stores }] of named) {
        const wide = { loads, stores, either: loads + stores, both: Math.min(loads, stores) };
        if (wide[which] === 0) narrow.push(`${name}: ${which}`);
      }
    }
    assert.deepEqual(narrow, []);
  });
});
