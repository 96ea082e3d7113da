/** `cnn summary --module`: a building block on its own, as textbooks compare them. */

import { buildModule, findModule, type Module } from '../../archs/blocks/modules.js';
import { layerCosts, shapeText } from '../../archs/index.js';
import { withCountingBackend } from '../../backend/counting-backend.js';
import { givenNumber } from '../../settings/given.js';
import type { SettingsSource } from '../../settings/resolve.js';
import { grouped, tableLines, totalsOf, totalsText } from './table.js';

export async function summariseModule(name: string, sources: readonly SettingsSource[]) {
  const module = findModule(name);
  const size = givenNumber(sources, 'input-size') ?? module.size;
  const channels = givenNumber(sources, 'in-channels') ?? module.channels;
  const costs = await withCountingBackend('f32', () =>
    layerCosts(buildModule(module, { size, channels })),
  );
  const totals = totalsOf(costs, 'f32');
  const pooling = costs
    .filter(({ kind }) => kind.endsWith('Pooling2D'))
    .reduce((sum, { activations }) => sum + activations, 0);
  const macsWithPooling = totals.macs + pooling;
  const weightsPerChannelPair = totals.weights / channels ** 2;
  const pair = keepsChannels(module) ? { weightsPerChannelPair } : {};
  return {
    lines: [
      ...tableLines(costs, totals),
      '',
      `${module.about}, on ${shapeText([size, size, channels])}: ${totalsText(totals, 'f32')}`,
      ...(pooling === 0
        ? []
        : [
            `${grouped(macsWithPooling)} with the pooling's ${grouped(pooling)}, one for each output`,
          ]),
      ...(keepsChannels(module)
        ? [`${weightsPerChannelPair} weights for each pair of an input and an output channel`]
        : []),
    ],
    json: {
      module: module.name,
      about: module.about,
      inputSize: size,
      channels,
      layers: costs,
      ...totals,
      pooling,
      macsWithPooling,
      ...pair,
    },
  };
}

/** Whether every convolution has as many filters as the module's input has channels. */
function keepsChannels({ branches }: Module): boolean {
  return branches.flat().every((layer) => 'kernel' in layer && layer.filters === undefined);
}
