import { type Activation, SCALED_TANH } from '../../activations.js';

/** What graphs of all formats have for an activation: TensorFlow and ONNX name its operations alike. */
export interface ActivationGraph {
  /** Adds an operation and returns the name of its value. */
  add(op: string, name: string, inputs: readonly string[]): string;
  /** Adds a constant and returns its name. */
  scalar(name: string, value: number): string;
}

/** Adds the activation of a value; what comes out of it has the name. */
export function addActivation(
  graph: ActivationGraph,
  activation: Activation,
  name: string,
  input: string,
): void {
  switch (activation) {
    case 'scaledTanh': {
      const { inner, outer } = SCALED_TANH;
      const scaled = graph.add('Mul', `${name}/scaled`, [
        input,
        graph.scalar(`${name}/inner`, inner),
      ]);
      const squashed = graph.add('Tanh', `${name}/tanh`, [scaled]);
      graph.add('Mul', name, [squashed, graph.scalar(`${name}/outer`, outer)]);
      return;
    }
    case 'tanh':
      graph.add('Tanh', name, [input]);
      return;
    case 'relu':
      graph.add('Relu', name, [input]);
      return;
    case 'linear':
      graph.add('Identity', name, [input]);
  }
}
