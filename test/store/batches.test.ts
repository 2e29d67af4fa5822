import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom, type Cursor, type SampleBatch } from '../../src/core/index.js';
import { openDataset, openSink, type BatchSourceOptions, type Dataset } from '../../src/store/index.js';
import { createOrder } from '../../src/store/order.js';
import { collect, makeHeader, makeTemporaryFolder, writeDataset } from './fixture.js';

const prepare = fileURLToPath(new URL('prepare-small.mjs', import.meta.url));
const start: Cursor = { epoch: 0, batch: 0 };
let dataset: Dataset;

beforeEach(async () => {
  const dir = makeTemporaryFolder();
  await writeDataset(dir, { sources: 6, shots: 2, count: 3 }); // 36 samples
  dataset = await openDataset(dir);
});
afterEach(() => dataset.close());

const source = (more: Partial<BatchSourceOptions> = {}) =>
  dataset.batchSource({ prepare, config: {}, batchSize: 5, seed: 7, workers: 0, mode: 'train', ...more });

/** A batch as plain values, its buffers given back. */
function snapshot(batch: SampleBatch): unknown {
  const { keys, ordinals, arrays, cursor } = batch;
  const values = Object.entries(arrays).map(([name, { data, dtype, shape }]) => [
    name,
    { dtype, shape: [...shape], values: Array.from(data as Float32Array) },
  ]);
  batch.release();
  return { keys, ordinals, cursor, arrays: Object.fromEntries(values) as unknown };
}

async function take(batches: AsyncIterable<SampleBatch>, count: number): Promise<ReturnType<typeof snapshot>[]> {
  const out: unknown[] = [];
  for await (const batch of batches) {
    out.push(snapshot(batch));
    if (out.length === count) break;
  }
  return out;
}

describe('createOrder', () => {
  it('is a permutation for every length', () => {
    for (const length of [...Array.from({ length: 80 }, (_, i) => i + 1), 1000, 65_536, 65_537, 300_001]) {
      const order = createOrder(length, createRandom(length));
      const seen = new Uint8Array(length);
      for (let place = 0; place < length; place++) seen[order(place)]!++;
      expect(seen.every((count) => count === 1)).toBe(true);
    }
  });

  it('puts every item in every place about equally often, neighbours included', () => {
    const length = 6;
    const trials = 6000;
    const counts = Array.from({ length: length * length }, () => 0);
    let risingNeighbours = 0;
    for (let trial = 0; trial < trials; trial++) {
      const order = createOrder(length, createRandom(1).fork(trial));
      const items = Array.from({ length }, (_, place) => order(place));
      items.forEach((item, place) => counts[item * length + place]!++);
      risingNeighbours += items.filter((item, i) => i > 0 && item > items[i - 1]!).length / (length - 1);
    }
    for (const count of counts) expect(Math.abs(count / trials - 1 / 6)).toBeLessThan(0.02); // 4 standard deviations
    expect(Math.abs(risingNeighbours / trials - 0.5)).toBeLessThan(0.02);
  });
});

describe('batchSource', () => {
  it('hands out every sample once an epoch but for the last, partial batch, in another order each epoch', async () => {
    const perEpoch = Math.floor(36 / 5);
    const batches = await take(source().batches(start), 2 * perEpoch);
    const ordinals = (batches as SampleBatch[]).map((batch) => batch.ordinals);
    const [first, second] = [ordinals.slice(0, perEpoch).flat(), ordinals.slice(perEpoch).flat()];
    for (const epoch of [first, second]) {
      expect(new Set(epoch).size).toBe(35);
      expect(epoch.every((ordinal) => ordinal >= 0 && ordinal < 36)).toBe(true);
    }
    expect(first).not.toEqual(second);
    expect(first).not.toEqual([...first].sort((a, b) => a - b));
    expect((batches as SampleBatch[]).map(({ cursor }) => cursor).slice(5, 8)).toEqual([
      { epoch: 0, batch: 6 },
      { epoch: 1, batch: 0 },
      { epoch: 1, batch: 1 },
    ]);
    expect((batches[3] as SampleBatch).keys).toEqual(ordinals[3]!.map((ordinal) => dataset.keys[ordinal]));
  });

  it('gives the same batches with 0, 1 and 2 workers, and others with another seed', async () => {
    const runs = [];
    for (const workers of [0, 1, 2]) runs.push(await take(source({ workers }).batches(start), 16));
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    expect(await take(source({ seed: 8 }).batches(start), 16)).not.toEqual(runs[0]);
  });

  it('goes on from any cursor exactly as the uninterrupted run does', async () => {
    const whole = await take(source().batches(start), 16);
    for (const [at, workers] of [
      [3, 0],
      [7, 1],
      [10, 2],
    ] as const) {
      const { cursor } = whole[at - 1] as SampleBatch;
      expect(await take(source({ workers }).batches(cursor), 16 - at)).toEqual(whole.slice(at));
    }
    expect(await take(source().batches({ epoch: 0, batch: 7 }), 2)).toEqual(whole.slice(7, 9));
  });

  it('stacks what was prepared, and tells each sample its place', async () => {
    const [batch] = (await take(source().batches({ epoch: 2, batch: 3 }), 1)) as [SampleBatch];
    const samples = await Promise.all(batch.ordinals.map((ordinal) => dataset.sample(ordinal)));
    expect(batch.arrays).toMatchObject({
      pixels: { shape: [5, 4, 4], values: samples.flatMap(({ fields }) => [...(fields['pixels'] as Uint8Array)]) },
      label: { shape: [5], values: samples.map(({ fields }) => fields['label']) },
      place: { shape: [5, 3], values: [0, 1, 2, 3, 4].flatMap((slot) => [slot, 15 + slot, 1]) },
    });
    const noise = (batch.arrays['noise'] as unknown as { values: number[] }).values;
    expect(new Set(noise).size).toBe(5);
  });

  it('makes one pass in key order and keeps the last, partial batch', async () => {
    const pass = source({ mode: 'evaluate', workers: 1 });
    const batches = (await take(pass.epoch(), 99)) as SampleBatch[];
    expect(batches.map(({ keys }) => keys.length)).toEqual([5, 5, 5, 5, 5, 5, 5, 1]);
    expect(batches.flatMap(({ keys }) => keys)).toEqual(dataset.keys);
    expect(await take(source({ mode: 'evaluate' }).batches(start), 8)).toEqual(batches);
    expect(await take(pass.epoch(), 99)).toEqual(batches); // again the same
  });

  it('keeps to the ordinals it is given', async () => {
    const ordinals = [30, 2, 3, 5, 7, 11, 13];
    const some = source({ ordinals, batchSize: 3 });
    expect(some.samples).toBe(7);
    const drawn = ((await take(some.batches(start), 40)) as SampleBatch[]).flatMap((batch) => batch.ordinals);
    expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual([2, 3, 5, 7, 11, 13, 30]);
    const pass = (await take(source({ ordinals, mode: 'evaluate' }).epoch(), 9)) as SampleBatch[];
    expect(pass.flatMap((batch) => batch.ordinals)).toEqual([2, 3, 5, 7, 11, 13, 30]);
    expect(() => source({ ordinals: [36] })).toThrow(/from 0 to 35, got 36/);
    expect(() => source({ ordinals: [] })).toThrow(/no sample/);
  });

  it('fills a batch by repetition when the dataset is smaller, each copy prepared anew', async () => {
    const [batch] = (await take(source({ ordinals: [4, 9], batchSize: 5 }).batches(start), 1)) as [SampleBatch];
    expect(batch.ordinals).toHaveLength(5);
    expect(batch.ordinals.filter((ordinal) => ordinal === batch.ordinals[0])).toHaveLength(3);
    expect(new Set((batch.arrays['noise'] as unknown as { values: number[] }).values).size).toBe(5);
  });

  it('lets a task unite its samples itself', async () => {
    const collate = fileURLToPath(new URL('collate-small.mjs', import.meta.url));
    const here = await take(source({ prepare: collate }).batches(start), 9);
    expect(await take(source({ prepare: collate, workers: 2 }).batches(start), 9)).toEqual(here);
    const { ordinals, arrays } = here[4] as SampleBatch;
    const samples = await Promise.all(ordinals.map((ordinal) => dataset.sample(ordinal)));
    const sum = samples.reduce((total, { fields }) => total + (fields['label'] as number), 0);
    expect((arrays['sum'] as unknown as { values: number[] }).values[0]).toBe(sum);
  });

  it('hands over buffers, and takes them back on release', async () => {
    for (const workers of [0, 1]) {
      const held: SampleBatch[] = [];
      for await (const batch of source({ workers }).batches(start)) {
        held.push(batch);
        if (held.length === 4) break;
        if (held.length === 1) batch.release();
        batch.release();
      }
      expect(held[0]!.arrays['pixels']!.data.length).toBe(workers === 0 ? 80 : 0); // sent back to the thread
    }
  });

  it('tells what went wrong in a thread as it would here', async () => {
    const failOn = dataset.keys[20]!;
    for (const workers of [0, 2]) {
      const failing = take(source({ config: { failOn }, workers }).batches(start), 99);
      await expect(failing).rejects.toThrow(RangeError);
      await expect(take(source({ config: { ragged: true }, workers }).batches(start), 99)).rejects.toThrow(
        /Array label of sample/,
      );
      await expect(take(source({ prepare: '/nowhere/at-all.mjs', workers }).batches(start), 1)).rejects.toThrow(
        /at-all/,
      );
    }
  });

  it('ends its threads when it is left early, closed, or fails', async () => {
    const before = threads();
    await take(source({ workers: 2 }).batches(start), 1);
    const left = source({ workers: 2 });
    const batches = left.batches(start);
    await batches.next();
    await left.close();
    await expect(batches.next()).resolves.toMatchObject({ done: true });
    await take(source({ workers: 2, config: { ragged: true } }).batches(start), 9).catch(() => {});
    for (let wait = 0; threads() > before && wait < 40; wait++) await sleep(50);
    expect(threads()).toBeLessThanOrEqual(before);
  });

  it('says that an empty dataset has nothing to give', async () => {
    const dir = makeTemporaryFolder();
    const sink = await openSink({ dir, header: makeHeader() });
    expect(await sink.finish(null)).toMatchObject({ samples: 0, units: 0 });
    const empty = await openDataset(dir);
    expect(empty.keys).toEqual([]);
    expect(await collect(empty.samples())).toEqual([]);
    expect(() => empty.batchSource({ prepare, config: {}, batchSize: 2, seed: 1, workers: 0, mode: 'train' })).toThrow(
      /no sample/,
    );
    await empty.close();
  });
});

/** Threads of this process; 0 where the system does not tell. */
function threads(): number {
  try {
    return readdirSync('/proc/self/task').length;
  } catch {
    return 0;
  }
}
