/** Entry of a process that trains and kills itself; it prints the census of a training that ended. */
import { type Doomed, trainUntil } from './doomed.js';

function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}

const doomed = JSON.parse(process.argv[2] ?? '') as Doomed;
const census = await trainUntil(doomed, {
  atOnce() {
    kill();
    return new Promise(() => {});
  },
  soon(milliseconds) {
    setTimeout(kill, milliseconds);
  },
});
process.stdout.write(JSON.stringify(census), () => process.exit(0));
