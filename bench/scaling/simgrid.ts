/**
 * The time of a sum over the processes of a cluster by SimGrid's replay of its messages: those of
 * native/collective/exchange.cc, in which each process gets its part from all others and gives all
 * others the sum of it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Nodes with one link each to a switch that never limits. */
export interface Cluster {
  readonly nodes: number;
  readonly gigabits: number;
  /** Of a node's link and of the switch. */
  readonly microseconds: number;
}

/**
 * Of a link's bandwidth, what Ethernet and TCP leave, and all of its latency: SimGrid's own factors
 * are those of a cluster with 1 Gbit/s.
 */
const FACTORS = ['--cfg=smpi/bw-factor:0:0.94', '--cfg=smpi/lat-factor:0:1'];

/** Its number in SimGrid's traces of MPI. */
const BYTE = 6;
const STAGES = [0, 1];

/** Milliseconds; throws where smpirun is missing or fails. */
export function simulateSum(cluster: Cluster, bytes: number): number {
  const { nodes } = cluster;
  const folder = mkdtempSync(join(tmpdir(), 'cnn-simgrid-'));
  try {
    const ranks = Array.from({ length: nodes }, (_, rank) => rank);
    const part = Math.ceil(bytes / nodes);
    for (const rank of ranks) writeFileSync(join(folder, `rank${rank}`), trace(rank, nodes, part));
    writeFileSync(join(folder, 'traces'), lines(ranks.map((rank) => `rank${rank}`)));
    writeFileSync(join(folder, 'hosts'), lines(ranks.map((rank) => `node${rank}`)));
    writeFileSync(join(folder, 'cluster.xml'), platform(cluster));
    const args = ['-replay', 'traces', '-np', `${nodes}`, '-platform', 'cluster.xml'];
    const done = spawnSync(
      'smpirun',
      [...args, '-hostfile', 'hosts', '--cfg=smpi/simulate-computation:no', ...FACTORS],
      { cwd: folder, encoding: 'utf8' },
    );
    if (done.error) {
      throw new Error(
        `smpirun does not start (${done.error.message}): apt-get install libsimgrid-dev`,
      );
    }
    const seconds = /Simulation time ([\d.]+)/.exec(done.stdout + done.stderr)?.[1];
    if (done.status !== 0 || seconds === undefined) throw new Error(done.stderr);
    return 1000 * Number(seconds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function trace(rank: number, nodes: number, part: number): string {
  const others = Array.from({ length: nodes - 1 }, (_, index) => (rank + 1 + index) % nodes);
  const stages = STAGES.flatMap((tag) => [
    ...others.map((from) => `${rank} irecv ${from} ${tag} ${part} ${BYTE}`),
    ...others.map((to) => `${rank} isend ${to} ${tag} ${part} ${BYTE}`),
    `${rank} waitall`,
  ]);
  return lines([`${rank} init`, ...stages, `${rank} finalize`]);
}

function platform({ nodes, gigabits, microseconds }: Cluster): string {
  const link = `bw="${gigabits}Gbps" lat="${microseconds}us"`;
  const backbone = `bb_bw="${gigabits * nodes}Gbps" bb_lat="${microseconds}us"`;
  return lines([
    "<?xml version='1.0'?>",
    '<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">',
    '<platform version="4.1">',
    `  <cluster id="cluster" prefix="node" suffix="" radical="0-${nodes - 1}" speed="1Gf" ${link} ${backbone}/>`,
    '</platform>',
  ]);
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`;
}
