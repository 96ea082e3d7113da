/** The options that `bench:compare` and `bench:all` share: what to compare, and for how long. */
import { availableParallelism } from 'node:os';
import { type Contender, contenders, type Rounds } from './side-by-side.js';

const text = { type: 'string' } as const;

export const contenderOptions = {
  backend: { ...text, default: 'cpu' },
  python: { ...text, multiple: true },
  compile: { ...text, multiple: true, default: [] as string[] },
  onnxruntime: { ...text, multiple: true, default: [] as string[] },
  eval: { type: 'boolean', default: false },
  rounds: { ...text, default: '5' },
  steps: { ...text, default: '2' },
  seconds: { ...text, default: '2' },
  threads: { ...text, default: String(availableParallelism()) },
  help: { type: 'boolean' },
} as const;

export const CONTENDERS_USAGE = `\
  --backend NAME     ours; default cpu
  --python FILE      a Python with torch, which may be given several times; default
                     /usr/bin/python3 (Debian's python3-torch)
  --compile FILE     one whose torch.compile is to be measured too
  --eval             passes forward instead of training steps
  --onnxruntime FILE with --eval: a Python with onnxruntime, which runs our exported network
  --rounds N         of each, in turn; default 5
  --steps N          of a round, at least; default 2
  --seconds N        of a round, at least; default 2
  --threads N        of each; default: the cores of this machine`;

interface Values {
  readonly backend: string;
  readonly python?: string[];
  readonly compile: string[];
  readonly onnxruntime: string[];
  readonly eval: boolean;
  readonly rounds: string;
  readonly steps: string;
  readonly seconds: string;
  readonly threads: string;
}

export function readContenders(values: Values): {
  sides: Contender[];
  rounds: Rounds;
  threads: number;
} {
  const number = (name: 'rounds' | 'steps' | 'seconds' | 'threads', least: number) => {
    const value = Number(values[name]);
    if (value >= least) return value;
    throw new Error(`Expected --${name} to be at least ${least} but received "${values[name]}"`);
  };
  const { backend, python = ['/usr/bin/python3'], compile, onnxruntime } = values;
  if (onnxruntime.length > 0 && !values.eval) {
    throw new Error('Expected --onnxruntime with --eval: it does not train');
  }
  return {
    sides: contenders(backend, python, compile, onnxruntime),
    rounds: {
      rounds: number('rounds', 1),
      steps: number('steps', 1),
      seconds: number('seconds', 0),
    },
    threads: number('threads', 1),
  };
}
