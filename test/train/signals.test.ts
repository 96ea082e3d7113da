import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { listenForStop, SIGNAL_EXIT_CODES, type StopSignal } from '../../src/train/signals.js';

describe('signals', () => {
  const heard: StopSignal[] = [];
  let stop: ReturnType<typeof listenForStop>;
  const kill = process.kill;
  const killed: unknown[] = [];

  beforeEach(() => {
    heard.length = 0;
    killed.length = 0;
    process.kill = (pid, signal) => {
      killed.push(pid, signal);
      return true;
    };
    stop = listenForStop((signal) => heard.push(signal));
  });
  afterEach(() => {
    stop.release();
    process.kill = kill;
  });

  for (const signal of Object.keys(SIGNAL_EXIT_CODES) as StopSignal[]) {
    it(`${signal} asks to stop`, () => {
      assert.equal(stop.signal, undefined);
      process.emit(signal, signal);
      assert.equal(stop.signal, signal);
      assert.ok(stop.asked.aborted);
      assert.deepEqual(heard, [signal]);
    });
  }

  it('of another kind do not end the program while it saves, nor does a second SIGHUP', () => {
    for (const signal of ['SIGUSR1', 'SIGTERM', 'SIGHUP', 'SIGHUP', 'SIGUSR1'] as const) {
      process.emit(signal, signal);
    }
    assert.equal(stop.signal, 'SIGUSR1');
    assert.deepEqual(killed, []);
    process.emit('SIGTERM', 'SIGTERM');
    assert.deepEqual(killed, [process.pid, 'SIGTERM']);
  });

  it('ask for another start before a training listens, and nohup keeps SIGHUP away', () => {
    const signals = join(PACKAGE_ROOT, 'bin/signals.js');
    const ending = (signal: string, prefix = '', suffix = '') => {
      const code = `require('${signals}'); process.kill(process.pid, '${signal}'); setTimeout(() => console.log('alive'), 100)`;
      const script = `${prefix} "$NODE" -e "${code}" ${suffix}; echo "rc $?"`;
      const env = { ...process.env, NODE: process.execPath };
      return spawnSync('bash', ['-c', script], { env, encoding: 'utf8' }).stdout;
    };
    for (const [signal, code] of Object.entries(SIGNAL_EXIT_CODES)) {
      assert.equal(ending(signal), `rc ${code}\n`);
    }
    assert.equal(ending('SIGHUP', 'nohup', '2> /dev/null'), 'alive\nrc 0\n');
    assert.equal(ending('SIGHUP', "trap '' HUP;"), 'alive\nrc 0\n');
  });
});
