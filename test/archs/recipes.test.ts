/** Every recipe and every constant in the built layers against recipes.ts. */
import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Architecture, architectures, withoutDrawing } from '../../src/archs/index.js';
import type { Bias, Draw, Heads, Row } from './recipe-row.js';
import { RECIPES } from './recipes.js';

type Layer = layers.Layer;
type Config = tf.serialization.ConfigDict;

describe('The recipe and the constants of', () => {
  before(() => tf.setBackend('cpu'));

  for (const architecture of architectures) {
    it(`${architecture.name} are those of its source`, () => {
      const row = RECIPES[architecture.name];
      assert.ok(row, `${architecture.name} has no row in recipes.ts`);
      checkRecipe(architecture, row);
      const { size, channels, classes } = architecture;
      const options = { size, channels, classes, seed: 1, auxiliary: true };
      const model = withoutDrawing(() => architecture.build(options));
      checkInitial(model, row.initial);
      assert.deepEqual(dropoutOf(model), row.dropout ?? {});
      assert.deepEqual(localResponseOf(model), row.localResponse ?? {});
      checkBatchNorm(model, row.batchNorm);
      assert.deepEqual(architecture.auxiliary?.weight, row.heads?.weight);
      assert.deepEqual(headsOf(model, architecture), row.heads);
      model.dispose();
    });
  }
});

describe('The table of recipes', () => {
  it('has a row for every network, in the order of the catalogue, and no other', () => {
    const names = architectures.map(({ name }) => name);
    assert.deepEqual(Object.keys(RECIPES), names);
  });
});

function checkRecipe({ recipe, published }: Architecture, row: Row): void {
  const { note: _, ...found } = recipe;
  const { departures = {} } = row;
  assert.deepEqual(found, { ...row.recipe, ...departures });
  for (const [key, value] of Object.entries(departures)) {
    const said = row.recipe[key as keyof typeof departures];
    assert.notDeepEqual(value, said, `${key} does not depart from the source`);
  }
  const { top1, top5 } = published ?? {};
  const accuracies = { ...(top1 !== undefined && { top1 }), ...(top5 !== undefined && { top5 }) };
  assert.deepEqual(accuracies, row.published ?? {});
}

/** The layers of a class by their names. */
function layersOf(model: LayersModel, kind: string): [name: string, layer: Layer][] {
  const found = model.layers.filter((layer) => layer.getClassName() === kind);
  return found.map((layer) => [layer.name, layer]);
}

/** The name of the layer that a layer follows. */
function sourceOf({ input }: Layer): string {
  return ([input].flat() as SymbolicTensor[])[0]?.sourceLayer.name ?? '';
}

function dropoutOf(model: LayersModel) {
  const rows = layersOf(model, 'Dropout').map(([name, layer]) => {
    return [name, [layer.getConfig()['rate'], sourceOf(layer)]];
  });
  return Object.fromEntries(rows);
}

function localResponseOf(model: LayersModel) {
  const rows = layersOf(model, 'LocalResponseNormalization').map(([name, layer]) => {
    const { depthRadius, bias, alpha, beta } = layer.getConfig();
    return [name, [2 * (depthRadius as number) + 1, bias, alpha, beta]];
  });
  return Object.fromEntries(rows);
}

function checkBatchNorm(model: LayersModel, wanted: Row['batchNorm']): void {
  const found = layersOf(model, 'BatchNormalization');
  assert.equal(found.length > 0, wanted !== undefined);
  for (const [name, layer] of found) {
    const { momentum, epsilon, unbiased, ...config } = layer.getConfig();
    assert.deepEqual({ momentum, epsilon, unbiased }, { ...wanted, unbiased: true }, name);
    const classOf = (key: string) => (config[key] as Config)['className'];
    assert.equal(classOf('gammaInitializer'), 'Ones', name);
    assert.equal(classOf('betaInitializer'), 'Zeros', name);
  }
}

/** What the auxiliary heads are made of, if all of them are of the same. */
function headsOf(model: LayersModel, { auxiliary }: Architecture): Heads | undefined {
  if (!auxiliary) return undefined;
  const names = model.outputs.slice(1).map(({ sourceLayer }) => sourceLayer.name.split('.')[0]);
  const heads = names.map((name) => {
    const [pool, conv, fc1] = ['pool', 'conv', 'fc1'].map((part) =>
      model.getLayer(`${name}.${part}`),
    );
    const { poolSize, strides, outputSize } = pool?.getConfig() ?? {};
    const { filters, kernelSize } = conv?.getConfig() ?? {};
    assert.deepEqual(kernelSize, [1, 1]);
    const windows = outputSize
      ? { output: sideOf(outputSize) }
      : { size: sideOf(poolSize), stride: sideOf(strides) };
    return {
      after: sourceOf(pool as Layer),
      pool: windows,
      filters: filters as number,
      units: fc1?.getConfig()['units'] as number,
    };
  });
  const [first, ...others] = heads.map(({ after: _, ...rest }) => rest);
  for (const other of others) assert.deepEqual(other, first);
  assert.ok(first);
  return { weight: auxiliary.weight, after: heads.map(({ after }) => after), ...first } as Heads;
}

function sideOf(sides: unknown): number {
  const [height, width] = sides as [number, number];
  assert.equal(height, width);
  return height;
}

function checkInitial(model: LayersModel, rows: Row['initial']): void {
  const unused = new Set(rows);
  for (const layer of model.layers) {
    if (layer.weights.length === 0 || layer.getClassName() === 'BatchNormalization') continue;
    const row = rows.find(([pattern]) => pattern.test(layer.name));
    assert.ok(row, `${layer.name} has no initial weights in recipes.ts`);
    unused.delete(row);
    const [, draw, bias] = row;
    const config = layer.getConfig();
    const kernel = config['kernelInitializer'] ?? config['coefficientInitializer'];
    checkDraw(kernel as Config, draw, layer);
    checkBias(config, bias, draw, layer);
  }
  assert.deepEqual([...unused], [], 'rows of no layer');
}

/** Inputs and outputs of one weight's unit, as the rules for initial weights count them. */
function fansOf(layer: Layer): { in: number; out: number } {
  const { poolSize, connections } = layer.getConfig();
  if (poolSize !== undefined) return { in: (poolSize as number) ** 2, out: 1 };
  const shape = layer.weights[0]?.shape as number[];
  const area = shape.slice(0, 2).reduce((product, length) => product * length, 1);
  if (connections !== undefined) {
    const maps = connections as unknown as number[][];
    return { in: (area * maps.flat().length) / maps.length, out: 0 };
  }
  const [inputs = 0, outputs = 0] = shape.slice(-2);
  return shape.length === 2
    ? { in: inputs, out: outputs }
    : { in: area * inputs, out: area * outputs };
}

function limitOf(
  rule: 'pytorch' | 'glorot' | 'caffe' | 'lecun',
  fans: { in: number; out: number },
): number {
  if (rule === 'pytorch') return 1 / Math.sqrt(fans.in);
  if (rule === 'glorot') return Math.sqrt(6 / (fans.in + fans.out));
  return rule === 'caffe' ? Math.sqrt(3 / fans.in) : 2.4 / fans.in;
}

function checkDraw(found: Config, draw: Draw, layer: Layer): void {
  const fans = fansOf(layer);
  const { className, config } = found as { className: string; config: Record<string, number> };
  if ('uniform' in draw) {
    const limit = limitOf(draw.uniform, fans);
    assert.equal(className, 'RandomUniform', layer.name);
    near(config['minval'], -limit, layer.name);
    near(config['maxval'], limit, layer.name);
    return;
  }
  const deviation = 'he' in draw ? Math.sqrt(2 / fans[draw.he]) : draw.normal;
  assert.equal(className, 'RandomNormal', layer.name);
  assert.equal(config['mean'], 0, layer.name);
  near(config['stddev'], deviation, layer.name);
}

function checkBias(config: Config, bias: Bias, draw: Draw, layer: Layer): void {
  assert.equal(config['useBias'] === false, bias === 'none', `bias of ${layer.name}`);
  if (bias === 'none') return;
  const initializer = config['biasInitializer'] as Config;
  if (bias === 'drawn') {
    const like: Draw = 'uniform' in draw ? draw : { uniform: 'pytorch' };
    checkDraw(initializer, like, layer);
    return;
  }
  const { className } = initializer;
  const value = className === 'Zeros' ? 0 : (initializer['config'] as Config)['value'];
  assert.ok(className === 'Zeros' || className === 'Constant', `bias of ${layer.name}`);
  assert.equal(value, bias, `bias of ${layer.name}`);
}

function near(value: number | undefined, wanted: number, what: string): void {
  const close = value !== undefined && Math.abs(value - wanted) <= 1e-9 * Math.abs(wanted);
  assert.ok(close, `${what}: initial weights of ${value} instead of ${wanted}`);
}
