/** The data of src/archs/papers/ against the catalogue; test/explain/ holds it against the layers. */
import assert from 'node:assert/strict';
import { architectures } from '../../src/archs/index.js';
import { FAMILIES, paperOf } from '../../src/archs/papers/index.js';

describe('What papers say of their networks', () => {
  it('is in one table for each network', () => {
    for (const { name } of architectures) {
      const tables = FAMILIES.flatMap((family) => family.tables.filter(({ of }) => of.test(name)));
      assert.equal(tables.length, 1, name);
    }
  });

  it('has no table, departure or printed number of a network that is not there', () => {
    for (const { tables, departures } of FAMILIES) {
      const names = architectures
        .map(({ name }) => name)
        .filter((name) => tables.some(({ of }) => of.test(name)));
      for (const { of } of [...tables, ...departures]) {
        assert.ok(of === undefined || names.some((name) => of.test(name)), `${of}`);
      }
      for (const { printed = {} } of tables) {
        for (const name of Object.keys(printed)) assert.ok(names.includes(name), name);
      }
    }
  });

  it('says once of a network in what it departs', () => {
    for (const architecture of architectures) {
      const { departures } = paperOf(architecture);
      const texts = departures.map(({ where, what }) => `${where}: ${what}`);
      assert.equal(new Set(texts).size, texts.length, architecture.name);
    }
  });

  it('says what torchvision does differently where its weights do not fit', () => {
    for (const architecture of architectures) {
      if (architecture.torchvision !== undefined) continue;
      const { departures } = paperOf(architecture);
      const found = departures.some(({ where }) => where !== 'here');
      assert.ok(found, architecture.name);
    }
  });
});
