import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Writes tfjs-core's specs with our backend; a process of its own runs the file. */
export async function bundleSpecs(outfile: string): Promise<void> {
  // All of tfjs-core must be one instance: its tests, our backend and tfjs-backend-cpu.
  await build({
    entryPoints: [fileURLToPath(new URL('run.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    // tfjs-core declares its side effects falsely, which would drop the specs.
    ignoreAnnotations: true,
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
}
