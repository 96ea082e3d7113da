import assert from 'node:assert/strict';
import { type Addon, type Collective, kernelNames } from '../../src/backend/addon.js';
import { loadAddon } from '../../src/backend/load-addon.js';
import { NativeBackend } from '../../src/backend/native-backend.js';

let worlds = 0;

/** Communicators of a world in this process. */
function loopback(addon: Addon, size: number, seconds = 60): Collective[] {
  const name = `world ${worlds++}`;
  return Array.from({ length: size }, (_, rank) => addon.openLoopback(name, rank, size, seconds));
}

/** A device for each communicator. */
function devices(addon: Addon, collectives: readonly Collective[]): NativeBackend[] {
  return collectives.map(({ handle }) => {
    const device = new NativeBackend(addon.openCpu(1, false), kernelNames(addon), 1, 'f32');
    device.queue.join(handle);
    return device;
  });
}

const LENGTHS = [5, 1, 1001];
const valuesOf = (rank: number, length: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(1000 * rank + i) * 10 ** ((i + rank) % 7));

/** Sums three tensors over all devices, with the counters of a loss if they are given. */
function sumOver(device: NativeBackend, rank: number, narrow = 0, counters?: number[]) {
  const tensor = (values: Float32Array) => {
    const shape = [values.length];
    return { dataId: device.write(values, shape, 'float32'), shape, dtype: 'float32' as const };
  };
  const inputs = LENGTHS.map((length) => tensor(valuesOf(rank, length)));
  const [sums] = device.run('AllReduceStart', inputs, [{ shape: [1007] }], { step: 7, narrow });
  const stats = counters && tensor(Float32Array.from(counters));
  const given = [sums, ...(stats ? [stats] : [])];
  const outputs = LENGTHS.map((length) => ({ shape: [length] }));
  return device.run('AllReduceWait', given, outputs, { images: 8 });
}

async function read(device: NativeBackend, tensors: ReturnType<typeof sumOver>) {
  const values = await Promise.all(tensors.map(({ dataId }) => device.read(dataId)));
  return values.flatMap((array) => [...(array as Float32Array)]);
}

/** What each device has summed. */
function sums(devices: readonly NativeBackend[], narrow = 0, counters?: number[]) {
  const begun = devices.map((device, rank) => sumOver(device, rank, narrow, counters));
  return Promise.all(devices.map((device, rank) => read(device, begun[rank] ?? [])));
}

/** The float32 sums in the order of ranks. */
function expected(size: number, change = (value: number) => value): number[] {
  return LENGTHS.flatMap((length) => {
    const sums = valuesOf(0, length).map(change);
    for (let rank = 1; rank < size; rank++) {
      valuesOf(rank, length).forEach((value, i) => {
        sums[i] = Math.fround((sums[i] as number) + change(value));
      });
    }
    return [...sums];
  });
}

/** As bfloat16 has it, to the nearest even. */
function toBf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  const [word] = bits as unknown as [number];
  bits[0] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0] as number;
}

describe('sums over processes', () => {
  const addon = loadAddon();

  for (const size of [1, 2, 3, 5]) {
    it(`are those in the order of ${size} ranks, the same bits on each`, async () => {
      const all = devices(addon, loopback(addon, size));
      for (const found of await sums(all)) assert.deepEqual(found, expected(size));
    });
  }

  it('of bfloat16 are rounded on the way there and back, and not between', async () => {
    const all = devices(addon, loopback(addon, 3));
    for (const found of await sums(all, 1)) {
      assert.deepEqual(found, expected(3, toBf16).map(toBf16));
    }
  });

  it('are divided by the labels that count', async () => {
    const all = devices(addon, loopback(addon, 2));
    for (const found of await sums(all, 0, [0, 0, 0, 4])) {
      assert.deepEqual(
        found,
        expected(2).map((sum) => 2 * sum),
      );
    }
  });

  it('gather the values of each, and count what they send', async () => {
    const collectives = loopback(addon, 3);
    const begun = devices(addon, collectives).map((device, rank) => {
      const values = valuesOf(rank, 5);
      const input = { dataId: device.write(values, [5], 'float32'), shape: [5], dtype: 'float32' };
      const outputs = [0, 1, 2].map(() => ({ shape: [5] }));
      return { device, found: device.run('AllGather', [input as never], outputs, { step: 1 }) };
    });
    const expected = [0, 1, 2].flatMap((rank) => [...valuesOf(rank, 5)]);
    const gathered = await Promise.all(begun.map(({ device, found }) => read(device, found)));
    for (const values of gathered) assert.deepEqual(values, expected);
    assert.deepEqual(
      collectives.map((collective) => collective.sentForSteps()),
      [40, 40, 40],
    );
  });

  it('name the rank that is silent', async () => {
    const collectives = loopback(addon, 3, 0.2);
    for (const collective of collectives) collective.name(['rank 0', 'rank 1 (there)', 'rank 2']);
    const [first] = devices(addon, collectives.slice(0, 1)) as [NativeBackend];
    await assert.rejects(
      read(first, sumOver(first, 0)),
      /Nothing came from rank 1 \(there\) .*step 7/,
    );
  });

  it('do not wait for what the hosts tell each other', async () => {
    const collectives = loopback(addon, 2);
    const all = devices(addon, collectives);
    const [early] = collectives as [Collective, Collective];
    const waiting = early.gather(Uint8Array.of(1));
    await sums(all);
    const late = collectives[1]?.gather(Uint8Array.of(2));
    assert.deepEqual([...(await waiting)], [1, 2]);
    assert.deepEqual([...((await late) ?? [])], [1, 2]);
  });
});

describe('processes', () => {
  const addon = loadAddon();

  it('hear what one of them tells', async () => {
    const told = loopback(addon, 3).map((one, rank) => one.broadcast(Uint8Array.of(rank), 1));
    for (const bytes of await Promise.all(told)) assert.deepEqual([...bytes], [1]);
  });

  it('leave together, and nothing comes after that', async () => {
    const all = loopback(addon, 2);
    const last = await Promise.all(all.map((one, rank) => one.close(Uint8Array.of(rank), 10)));
    for (const bytes of last) assert.deepEqual([...bytes], [0, 1]);
    await assert.rejects(all[0]?.gather(new Uint8Array(1)) ?? Promise.resolve(), /has left/);
  });

  it('are not left by one that the others do not follow', async () => {
    const [one] = loopback(addon, 2) as [Collective, Collective];
    await assert.rejects(one.close(new Uint8Array(1), 0.1), /nothing came from rank 1/);
  });
});
