import { totalmem } from 'node:os';

/** Bytes of main memory that a program may take here: those of the machine, or of its container. */
export function machineMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
