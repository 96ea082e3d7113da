import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build, type Ended } from './program.js';

const PROGRAM = fileURLToPath(new URL('../../bin/cnn.js', import.meta.url));

const CNN = 'cnn() { "$NODE" "$PROGRAM" "$@"; }; export -f cnn\n';

/** Runs a script of bash, in which `cnn` is the program, with a limit of two minutes. */
export async function shell(script: string, cwd: string): Promise<Ended> {
  await build();
  return new Promise((resolve) => {
    const env = { ...process.env, NODE: process.execPath, PROGRAM };
    const options = { cwd, env, timeout: 120_000, killSignal: 'SIGKILL' as const };
    execFile('bash', ['-c', CNN + script], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Whether a script can mount a file system, in a namespace that ends with it. */
export async function canMount(cwd: string): Promise<boolean> {
  const { code } = await shell('unshare -rm mount -t tmpfs tmpfs /mnt', cwd);
  return code === 0;
}
