import assert from 'node:assert/strict';
import { createPace, takesTurns, timed } from '../../src/session/pace.js';

describe('createPace', () => {
  /** A device whose steps end when they are told to. */
  function device() {
    const endings: (() => void)[] = [];
    const sync = () => new Promise<void>((resolve) => endings.push(resolve));
    return { endings, sync };
  }

  async function isDone(promise: Promise<void>): Promise<boolean> {
    const later = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20));
    return Promise.race([promise.then(() => true), later]);
  }

  it('lets two steps be on their way', async () => {
    const { endings, sync } = device();
    const pace = createPace({ sync }, false);
    assert.ok(await isDone(pace()));
    const second = pace();
    assert.ok(!(await isDone(second)));
    endings[0]?.();
    assert.ok(await isDone(second));
  });

  it('waits for each step where decoding and computing take turns', async () => {
    const { endings, sync } = device();
    const pace = createPace({ sync }, true);
    const first = pace();
    assert.ok(!(await isDone(first)));
    endings[0]?.();
    assert.ok(await isDone(first));
  });

  it('takes turns only on backend cpu with few cores', () => {
    assert.ok(takesTurns({ name: 'cpu' }, 4));
    assert.ok(!takesTurns({ name: 'cpu' }, 8));
    assert.ok(!takesTurns({ name: 'js' }, 2));
  });
});

describe('timed', () => {
  it('ends where it is to stop, also while it waits for an item that does not come', async () => {
    const stop = new AbortController();
    async function* source() {
      yield 1;
      await new Promise(() => {});
    }
    const items: number[] = [];
    for await (const item of timed(source(), () => {}, stop.signal)) {
      items.push(item);
      setTimeout(() => stop.abort(), 10);
    }
    assert.deepEqual(items, [1]);
  });

  it('tells how long each item was waited for, and ends the source with the loop', async () => {
    let ended = false;
    async function* source() {
      try {
        for (let item = 0; ; item++) {
          await new Promise((resolve) => setTimeout(resolve, 30));
          yield item;
        }
      } finally {
        ended = true;
      }
    }
    let waited = 0;
    for await (const item of timed(source(), (seconds) => (waited += seconds))) {
      if (item === 1) break;
    }
    assert.ok(waited > 0.055 && waited < 5, `${waited}`);
    assert.ok(ended);
  });
});
