// What a signal does from the first moment on. Node would start to debug at SIGUSR1, and does not
// inherit from nohup that SIGHUP is ignored. The program requires it before anything else.
const { readFileSync, readlinkSync } = require('node:fs');
const { basename } = require('node:path');

/** Of a scheduler: it is to start the program again. A training that can be saved listens as well. */
const START_ME_AGAIN = 75;

if (process.platform !== 'win32') {
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGXCPU']) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(START_ME_AGAIN);
    });
  }
  if (startedByNohup()) process.on('SIGHUP', () => {});
}

/**
 * The name that a shell gives the command it starts, a parent that ignores SIGHUP, or what nohup makes
 * of a terminal: an input that cannot be read, and output to nohup.out.
 */
function startedByNohup() {
  if (basename(process.env['_'] ?? '') === 'nohup') return true;
  try {
    const status = readFileSync(`/proc/${process.ppid}/status`, 'utf8');
    // SIGHUP is the first signal of the mask.
    if (Number.parseInt(/^SigIgn:.*(.)$/m.exec(status)?.[1], 16) & 1) return true;
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8'))?.[1];
    const writeOnly = (Number.parseInt(flags, 8) & 3) === 1;
    if (writeOnly && readlinkSync('/proc/self/fd/0') === '/dev/null') return true;
    return [1, 2].some((fd) => basename(readlinkSync(`/proc/self/fd/${fd}`)) === 'nohup.out');
  } catch {
    return false;
  }
}
