/** What the paper of a network says of it, and in what the network departs from it. */
import type { Architecture } from '../architecture.js';
import { ALEXNET } from './alexnet.js';
import { DENSENET } from './densenet.js';
import { GOOGLENET } from './googlenet.js';
import { LENET } from './lenet.js';
import { NIN } from './nin.js';
import type { Departure, Family, PaperTable } from './paper-table.js';
import { PRERESNET } from './preresnet.js';
import { RESNET } from './resnet.js';
import { SIMPLE_CNN } from './simple-cnn.js';
import { VGG } from './vgg.js';

export type { Departure, PaperRow, PaperTable } from './paper-table.js';

export const FAMILIES: readonly Family[] = [
  LENET,
  SIMPLE_CNN,
  ALEXNET,
  VGG,
  NIN,
  GOOGLENET,
  RESNET,
  PRERESNET,
  DENSENET,
];

/** The table of the paper of a network, and its departures from it. */
export function paperOf({ name }: Pick<Architecture, 'name'>): {
  readonly table: PaperTable;
  readonly departures: readonly Departure[];
} {
  for (const { tables, departures } of FAMILIES) {
    const table = tables.find(({ of }) => of.test(name));
    if (table === undefined) continue;
    return { table, departures: departures.filter(({ of }) => of === undefined || of.test(name)) };
  }
  throw new Error(`No file of src/archs/papers/ has a table of ${name}`);
}
