import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom, type BatchArray, type SampleBatch } from '../../src/core/index.js';
import { openDataset, openSink, type BatchSourceOptions, type Dataset } from '../../src/store/index.js';
import { classesByLabel, classesBySource, type ClassOrigin } from '../../src/store/balance.js';
import { BatchRoom, createBufferPool } from '../../src/store/batch-room.js';
import { createByteMemory } from '../../src/store/byte-memory.js';
import { expectSameBytes, makeHeader, makeTemporaryFolder, makeUnit, sourceId, writeDataset } from './fixture.js';

const prepareModule = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const start = { epoch: 0, batch: 0 };
let dataset: Dataset;

/** For the tests of one group: each has a dataset of its own. */
function withDataset(): void {
  beforeEach(async () => {
    const dir = makeTemporaryFolder();
    await writeDataset(dir, { sources: 5, shots: 2, count: 3 }); // 30 samples
    dataset = await openDataset(dir);
  });
  afterEach(() => dataset.close());
}

interface Taken {
  readonly keys: readonly string[];
  readonly arrays: Readonly<Record<string, readonly number[]>>;
}

async function take(batches: AsyncIterable<SampleBatch>, count: number): Promise<Taken[]> {
  const out: Taken[] = [];
  for await (const batch of batches) {
    const { keys, arrays } = batch;
    const values = Object.entries(arrays).map(([name, { data }]) => [name, Array.from(data as Float32Array)]);
    out.push({ keys, arrays: Object.fromEntries(values) as Taken['arrays'] });
    batch.release();
    if (out.length === count) break;
  }
  return out;
}

const source = (more: Partial<BatchSourceOptions> = {}) =>
  dataset.batchSource({
    prepare: prepareModule('prepare-small.mjs'),
    config: {},
    batchSize: 4,
    seed: 7,
    workers: 0,
    mode: 'train',
    ...more,
  });

describe('part', () => {
  withDataset();

  it('gives parts that are, side by side, the batches of one trainer, to the value, epoch after epoch', async () => {
    const whole = await take(source({ batchSize: 12 }).batches(start), 7);
    const parts: Taken[][] = [];
    for (const index of [1, 2, 3]) parts.push(await take(source({ part: { index, count: 3 } }).batches(start), 7));
    whole.forEach(({ keys, arrays }, batch) => {
      expect(parts.flatMap((part) => part[batch]!.keys)).toEqual(keys);
      for (const [name, values] of Object.entries(arrays))
        expect(parts.flatMap((part) => part[batch]!.arrays[name]!)).toEqual(values);
    });
  });

  it('goes on from a cursor as each part does by itself', async () => {
    const part = { index: 2, count: 3 };
    const whole = await take(source({ part }).batches(start), 6);
    expect(await take(source({ part }).batches({ epoch: 1, batch: 1 }), 3)).toEqual(whole.slice(3));
  });

  it('deals a pass out so that every sample is in one part, parts without a batch too', async () => {
    for (const count of [1, 2, 3, 9]) {
      const keys: string[] = [];
      for (let index = 1; index <= count; index++) {
        const pass = source({ mode: 'evaluate', part: { index, count } });
        keys.push(...(await take(pass.epoch(), 99)).flatMap((batch) => batch.keys));
        if (index === 9) expect(await take(pass.batches(start), 1)).toEqual([]);
      }
      expect(keys.sort()).toEqual([...dataset.keys].sort());
    }
  });

  it('refuses a part that is not among them', () => {
    for (const part of [
      { index: 0, count: 2 },
      { index: 3, count: 2 },
      { index: 1.5, count: 2 },
    ])
      expect(() => source({ part })).toThrow(/part must be I of N/);
  });
});

/** Samples by source: `sizes[i]` of the i-th, whose class is `labels[i]`. */
function origin(sizes: readonly number[], labels: readonly (string | number)[] = []): ClassOrigin & { reads: number } {
  const keys = sizes.flatMap((size, s) =>
    Array.from({ length: size }, (_, n) => `s${String(s).padStart(4, '0')}/0/${n}`),
  );
  const of = (key: string) => labels[Number(key.slice(1, 5))]!;
  const made = {
    reads: 0,
    key(ordinal: number) {
      made.reads++;
      return keys[ordinal]!;
    },
    sample: async (ordinal: number) => ({
      key: keys[ordinal]!,
      fields: { kind: of(keys[ordinal]!) },
      provenance: { source: '', shot: 0, pts: [], timeBase: [1, 25] as const },
    }),
    label: (key: string) => (of(key) === 'staged' ? { kind: 'b' } : null),
  };
  return made;
}

describe('balance', () => {
  it('gives each source as often in every round, and all samples of one before one comes again, across epochs', () => {
    const sizes = [1, 40, 7, 2];
    const samples = 50;
    const classes = classesBySource(origin(sizes), samples, (place) => place);
    expect(classes.count).toBe(4);
    const starts = [0, 1, 41, 48];
    const classOf = (sample: number) => starts.filter((first) => first <= sample).length - 1;
    const draws: number[][] = [[], [], [], []];
    let orders = 0;
    for (let epoch = 0; epoch < 4; epoch++) {
      const place = classes.order(epoch, createRandom(3));
      const epochOrder = Array.from({ length: 52 }, (_, at) => place(at)); // whole rounds
      for (let round = 0; round < 13; round++) {
        const drawn = epochOrder.slice(round * 4, round * 4 + 4).map(classOf);
        expect([...drawn].sort()).toEqual([0, 1, 2, 3]);
        if (drawn.join() !== '0,1,2,3') orders++;
      }
      for (const sample of epochOrder) draws[classOf(sample)]!.push(sample);
    }
    expect(orders).toBeGreaterThan(40);
    sizes.forEach((size, i) => {
      for (let at = 0; at + size <= draws[i]!.length; at += size)
        expect(new Set(draws[i]!.slice(at, at + size)).size).toBe(size);
    });
    expect(draws[2]!.slice(0, 7)).not.toEqual(draws[2]!.slice(7, 14));
  });

  it('finds the sources of a subset, and of many samples without reading them all', () => {
    const sizes = [10, 20_000, 3, 50_000];
    const all = origin(sizes);
    expect(classesBySource(all, 70_013, (place) => place).count).toBe(4);
    expect(all.reads).toBeLessThan(300);
    const chosen = [2, 9, 20_010, 30_000, 70_012]; // of sources 0, 2 and 3
    const some = classesBySource(origin(sizes), chosen.length, (place) => chosen[place]!);
    expect(some.count).toBe(3);
    const place = some.order(0, createRandom(1));
    expect([0, 1, 2].map(place).sort()).toHaveLength(3);
  });

  it('balances by a field, or by what a stage gave, and says where there is none', async () => {
    const dataset = origin([5, 3, 9], ['a', 'staged', 'a']); // 14 of a, 3 of b
    const classes = await classesByLabel(dataset, 'kind', 17, (place) => place);
    expect(classes.count).toBe(2);
    const place = classes.order(0, createRandom(2));
    const drawn = Array.from({ length: 16 }, (_, at) => place(at));
    const isB = (sample: number) => sample >= 5 && sample < 8;
    expect(drawn.filter(isB)).toHaveLength(8);
    expect(new Set(drawn.filter((sample) => !isB(sample))).size).toBe(8);
    await expect(classesByLabel(dataset, 'colour', 17, (at) => at)).rejects.toThrow(/colour to balance by/);
  });
});

describe('a balanced source', () => {
  withDataset();

  it('feeds batches, in parts as in one, and goes on from a cursor', async () => {
    const balanced = { balance: 'source', ordinals: [0, 1, 2, 3, 4, 5, 6, 29], batchSize: 4 } as const;
    const whole = await take(source(balanced).batches(start), 6);
    const rare = dataset.keys[29]!;
    const last = rare.slice(0, rare.indexOf('/'));
    const perBatch = whole.map(({ keys }) => keys.filter((key) => key.startsWith(last)).length);
    expect(new Set(whole.flatMap(({ keys }) => keys.map((key) => key.slice(0, key.indexOf('/'))))).size).toBe(3);
    expect(perBatch.every((count) => count === 1 || count === 2)).toBe(true);
    expect(
      await take(source({ ...balanced, workers: 2 }).batches(whole.length > 2 ? { epoch: 1, batch: 0 } : start), 4),
    ).toEqual(whole.slice(2));
    const parts: Taken[][] = [];
    for (const index of [1, 2])
      parts.push(await take(source({ ...balanced, batchSize: 2, part: { index, count: 2 } }).batches(start), 6));
    whole.forEach(({ keys }, i) => expect(parts.flatMap((part) => part[i]!.keys)).toEqual(keys));
    await expect(take(source({ balance: 'nothing' }).batches(start), 1)).rejects.toThrow(/nothing to balance by/);
  });
});

describe('samples filled in place', () => {
  withDataset();

  it('make the batches that copied ones make, with buffers used again and however little is remembered', async () => {
    const copied = await take(source().batches(start), 12);
    for (const [workers, rememberBytes] of [
      [0, 1 << 20],
      [2, 1 << 20],
      [0, 0],
      [1, 50],
    ] as const) {
      const prepare = prepareModule('prepare-in-place.mjs');
      expect(await take(source({ prepare, workers, rememberBytes }).batches(start), 12)).toEqual(copied);
    }
  });
});

describe('BatchRoom', () => {
  it('lets arrays lie in the batch itself; those of another size or type get an array of their own', () => {
    const room = new BatchRoom(2, createBufferPool());
    const first = room.take(0, 'x', 'float32', [3]);
    const second = room.take(1, 'x', 'float32', [3]);
    first.set([1, 2, 3]);
    second.set([4, 5, 6]);
    const other = room.take(1, 'x', 'int32', [3]);
    expect(other.buffer).not.toBe(first.buffer);
    const as = (data: Float32Array): Record<string, BatchArray> => ({ x: { data, dtype: 'float32', shape: [3] } });
    room.put(0, 'a', as(first));
    room.put(1, 'b', as(second));
    const { x } = room.stack();
    expect(x!.data.buffer).toBe(first.buffer);
    expect(Array.from(x!.data as Float32Array)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(x!.shape).toEqual([2, 3]);
    // handed over in another order, they are copied
    const swapped = new BatchRoom(2, createBufferPool());
    swapped.put(0, 'b', as(second));
    swapped.put(1, 'a', as(first));
    expect(Array.from(swapped.stack()['x']!.data as Float32Array)).toEqual([4, 5, 6, 1, 2, 3]);
    expect(() => swapped.put(1, 'c', { x: { data: other, dtype: 'int32', shape: [3] } })).toThrow(/sample c .*of b/);
  });
});

describe('memory that is used again', () => {
  it('does not show in batches of views of long records, remembered ones too, in threads or here', async () => {
    const dir = makeTemporaryFolder();
    const spec = { pixels: { dtype: 'uint8', shape: [5000] }, label: { dtype: 'int32', shape: [] } } as const;
    const sink = await openSink({ dir, header: makeHeader({ spec }), shards: 2 });
    for (let n = 0; n < 6; n++) await sink.writeUnit(makeUnit(sourceId(n), 0, 3, 5000));
    await sink.finish(null);
    const long = await openDataset(dir);
    const pixels = new Map<string, Uint8Array>();
    for await (const { key, fields } of long.samples()) pixels.set(key, fields['pixels'] as Uint8Array);
    for (const workers of [0, 1]) {
      for (const remember of [false, true]) {
        const options = {
          prepare: prepareModule('prepare-views.mjs'),
          config: { remember },
          batchSize: 5,
          seed: 1,
          workers,
        };
        let batches = 0;
        for await (const batch of long.batchSource({ ...options, mode: 'train' }).batches(start)) {
          const { keys, arrays } = batch;
          for (const [slot, key] of keys.entries()) {
            const expected = pixels.get(key)!;
            for (const name of ['pixels', 'again']) {
              const { data } = arrays[name]!;
              expectSameBytes((data as Uint8Array).subarray(slot * 5000, (slot + 1) * 5000), expected);
            }
            expect((arrays['first']!.data as Uint8Array)[slot]).toBe(expected[0]);
          }
          batch.release();
          if (++batches === 9) break; // three epochs
        }
      }
    }
    await long.close();
  });
});

describe('createByteMemory', () => {
  it('makes what it was not asked for lately, and never holds more than it may', async () => {
    const memory = createByteMemory(100);
    const made: string[] = [];
    const ask = async (key: string, bytes = 40) => {
      const value = await memory.remember(
        key,
        async () => ({ key: (made.push(key), key) }),
        () => bytes,
      );
      expect(value.key).toBe(key);
      expect(memory.bytes()).toBeLessThanOrEqual(100);
    };
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(key); // c drove b out
    expect(made).toEqual(['a', 'b', 'c', 'b']);
    await ask('too large', 101);
    await ask('too large', 101);
    expect(made.slice(4)).toEqual(['too large', 'too large']);
    await ask('a');
    expect(made).toHaveLength(6); // still there
  });
});
