import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom, decodeSafetensors, StoreError } from '../../src/core/index.js';
import { openDataset, openSink, verifyDataset } from '../../src/store/index.js';
import { encodeSample } from '../../src/store/sample-codec.js';
import { encodeLabels, shardOf } from '../../src/store/shard.js';
import { collect, makeHeader, makeTemporaryFolder, makeUnit, smallSpec, sourceId, writeDataset } from './fixture.js';

const hash = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

describe('openSink', () => {
  it('gives the digest that the contract defines, whatever the order and the number of shards', async () => {
    const digests = new Set<string>();
    for (const [shards, order] of [
      [1, 'forward'],
      [4, 'shuffled'],
      [7, 'backward'],
    ] as const) {
      const dir = makeTemporaryFolder();
      let units = Array.from({ length: 12 }, (_, i) => makeUnit(sourceId(i >> 1), (i & 1) * 10 + 1, i % 4));
      if (order === 'backward') units.reverse();
      if (order === 'shuffled') units = createRandom(3).shuffle(units);
      const sink = await openSink({ dir, header: makeHeader(), shards });
      await Promise.all(units.map((unit) => sink.writeUnit(unit)));
      digests.add((await sink.finish(null)).digest);
    }
    const lines = Array.from({ length: 12 }, (_, i) => makeUnit(sourceId(i >> 1), (i & 1) * 10 + 1, i % 4))
      .flatMap(({ samples }) => samples)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map((sample) => `sample ${sample.key} ${hash(encodeSample(smallSpec, sample))}\n`);
    expect([...digests]).toEqual([hash(lines.join(''))]);
  });

  it('takes labels and artefacts into the digest and gives them back', async () => {
    const dir = makeTemporaryFolder();
    const units = [makeUnit(sourceId(1), 0), makeUnit(sourceId(2), 0)];
    const sink = await openSink({ dir, header: makeHeader() });
    for (const unit of units) await sink.writeUnit(unit);
    const samples = units.flatMap((unit) => unit.samples).sort((a, b) => (a.key < b.key ? -1 : 1));
    const label = { cluster: 3, distance: 0.25, name: 'wave' };
    const centroids = { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
    const { digest } = await sink.finish({ labels: new Map([[samples[1]!.key, label]]), artefacts: { centroids } });
    const file = readFileSync(join(dir, 'artefacts.safetensors'));
    const expected =
      samples.map((sample) => `sample ${sample.key} ${hash(encodeSample(smallSpec, sample))}\n`).join('') +
      `label ${samples[1]!.key} ${hash(encodeLabels(label))}\n` +
      `artefacts ${hash(file)}\n`;
    expect(digest).toBe(hash(expected));
    const dataset = await openDataset(dir);
    expect(dataset.label(samples[1]!.key)).toEqual(label);
    expect(dataset.label(samples[0]!.key)).toBeNull();
    expect(dataset.artefacts()).toEqual({ centroids });
    expect(decodeSafetensors(file).tensors).toEqual({ centroids });
    await dataset.close();
    expect(await verifyDataset(dir)).toMatchObject({ digest, problems: [] });
  });

  it('keeps the order of keys across shards, and spreads ids evenly', () => {
    const ids = Array.from({ length: 4000 }, (_, i) => sourceId(i)).sort();
    const shards = ids.map((id) => shardOf(id, 7));
    expect(shards).toEqual([...shards].sort((a, b) => a - b));
    for (let i = 0; i < 7; i++) expect(shards.filter((shard) => shard === i).length).toBeGreaterThan(450);
    const odd = ['', '0', 'A', 'a', 'ab', 'ab0', 'abz', 'b', 'video-1', 'zebra', 'é'].sort();
    const places = odd.map((id) => shardOf(id, 50));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('counts samples, sources, units and rejections, and reads the units back', async () => {
    const dir = makeTemporaryFolder();
    const sink = await openSink({ dir, header: makeHeader() });
    await sink.writeUnit(makeUnit(sourceId(1), 0, 2));
    await sink.writeUnit(makeUnit(sourceId(1), 1, 1));
    await sink.writeUnit(makeUnit(sourceId(2), 0, 0));
    const bytes = [makeUnit(sourceId(1), 0, 2), makeUnit(sourceId(1), 1, 1)]
      .flatMap((unit) => unit.samples)
      .reduce((sum, sample) => sum + encodeSample(smallSpec, sample).length, 0);
    const summary = await sink.finish(null);
    expect(summary).toMatchObject({ samples: 3, sources: 1, units: 3, bytes, rejections: { still: 4 } });
    const dataset = await openDataset(dir);
    expect(dataset.summary).toEqual(summary);
    const units = await collect(dataset.units());
    expect(units.map(({ source, shot, samples }) => ({ source, shot, samples }))).toEqual(
      [
        { source: sourceId(1), shot: 0, samples: 2 },
        { source: sourceId(1), shot: 1, samples: 1 },
        { source: sourceId(2), shot: 0, samples: 0 },
      ].sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : a.shot - b.shot)),
    );
    expect(units.find(({ samples }) => samples === 0)?.rejections).toEqual(makeUnit(sourceId(2), 0, 0).rejections);
    await dataset.close();
  });

  it('goes on where an earlier run stopped, with the same digest', async () => {
    const whole = await writeDataset(makeTemporaryFolder(), { sources: 4, shots: 1 });
    const dir = makeTemporaryFolder();
    const first = await openSink({ dir, header: makeHeader() });
    await first.writeUnit(makeUnit(sourceId(0), 0));
    await first.writeUnit(makeUnit(sourceId(1), 0));
    await first.close();
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'unfinished' });
    expect((await verifyDataset(dir)).problems).toEqual([]);
    const second = await openSink({ dir, header: makeHeader({ toolVersion: '9.9.9' }) });
    expect([0, 1, 2].map((n) => second.hasUnit(sourceId(n), 0))).toEqual([true, true, false]);
    await expect(second.writeUnit(makeUnit(sourceId(1), 0))).rejects.toMatchObject({ code: 'unit-exists' });
    await second.writeUnit(makeUnit(sourceId(2), 0));
    await second.writeUnit(makeUnit(sourceId(3), 0));
    expect((await collect(second.samples())).map(({ key }) => key)).toHaveLength(12);
    expect((await second.finish(null)).digest).toBe(whole.digest);
    expect(readdirSync(dir).sort()).toEqual(
      ['dataset.json', ...[0, 1, 2, 3].flatMap((n) => [`0000${n}.json`, `0000${n}.mdb`])].sort(),
    );
  });

  it('gives the same summary for a finished dataset, and takes further units', async () => {
    const dir = makeTemporaryFolder();
    const summary = await writeDataset(dir, { sources: 2, shots: 1 });
    const again = await openSink({ dir, header: makeHeader() });
    expect(again.hasUnit(sourceId(0), 0)).toBe(true);
    expect(await again.finish(null)).toEqual(summary);
    await again.close();
    const more = await openSink({ dir, header: makeHeader() });
    await more.writeUnit(makeUnit(sourceId(2), 0));
    expect(existsSync(join(dir, '00000.json'))).toBe(false);
    const larger = await more.finish(null);
    expect(larger.digest).toBe((await writeDataset(makeTemporaryFolder(), { sources: 3, shots: 1 })).digest);
    expect((await verifyDataset(dir)).problems).toEqual([]);
  });

  it('names what differs when the settings are others', async () => {
    const dir = makeTemporaryFolder();
    await (await openSink({ dir, header: makeHeader() })).close();
    const other = makeHeader({ seed: 2, config: { tauMax: 30 } });
    await expect(openSink({ dir, header: other })).rejects.toThrow(/config\.tauMax 60 → 30, seed 1 → 2/);
    await expect(openSink({ dir, header: makeHeader({ selection: { limit: 3 } }) })).rejects.toThrow(
      /selection\.limit nothing → 3/,
    );
  });

  it('refuses a second writer, and takes over from a dead one', async () => {
    const dir = makeTemporaryFolder();
    const sink = await openSink({ dir, header: makeHeader() });
    await expect(openSink({ dir, header: makeHeader() })).rejects.toMatchObject({ code: 'in-use' });
    await sink.close();
    const lock = { pid: 2 ** 22 + 1, host: (await import('node:os')).hostname(), started: '1' };
    writeFileSync(join(dir, 'dataset.lock'), JSON.stringify(lock));
    await (await openSink({ dir, header: makeHeader() })).close();
    // The number of a dead process may be another one's now: its start tells.
    writeFileSync(join(dir, 'dataset.lock'), JSON.stringify({ ...lock, pid: process.pid }));
    await (await openSink({ dir, header: makeHeader() })).close();
    writeFileSync(join(dir, 'dataset.lock'), JSON.stringify({ ...lock, host: 'elsewhere' }));
    await expect(openSink({ dir, header: makeHeader() })).rejects.toThrow(/on elsewhere/);
    expect(existsSync(join(dir, 'dataset.lock'))).toBe(true);
  });

  it('refuses samples of another unit, twice the same key, and fields that are not in the spec', async () => {
    const sink = await openSink({ dir: makeTemporaryFolder(), header: makeHeader() });
    const { samples, ...unit } = makeUnit(sourceId(1), 0);
    await expect(sink.writeUnit({ ...unit, shot: 1, samples })).rejects.toThrow(/is not of unit/);
    await expect(sink.writeUnit({ ...unit, samples: [samples[0]!, samples[0]!] })).rejects.toThrow(/there twice/);
    const odd = { ...samples[0]!, fields: { ...samples[0]!.fields, more: 1 } };
    await expect(sink.writeUnit({ ...unit, samples: [odd] })).rejects.toThrow(/Field more/);
    expect(sink.hasUnit(unit.source, 0)).toBe(false);
    await sink.writeUnit({ ...unit, samples });
    expect(sink.hasUnit(unit.source, 0)).toBe(true);
    await sink.close();
    expect(() => sink.hasUnit(unit.source, 0)).toThrow(StoreError);
  });

  it('grows a shard beyond its first map, and says so when it may not grow further', async () => {
    const dir = makeTemporaryFolder();
    const header = makeHeader({ spec: { pixels: { dtype: 'uint8', shape: [null] }, label: smallSpec.label } });
    const map = { firstBytes: 1 << 18, largestBytes: 1 << 22 };
    const sink = await openSink({ dir, header, shards: 1, map });
    const written: number[] = [];
    let failure: unknown;
    for (let shot = 0; shot < 200 && failure === undefined; shot++) {
      await sink.writeUnit(makeUnit(sourceId(1), shot, 2, 20_000)).then(
        () => written.push(shot),
        (error: unknown) => (failure = error),
      );
    }
    expect(failure).toMatchObject({ code: 'map-full' });
    expect(written.length).toBeGreaterThan(60);
    await sink.close();
    const larger = await openSink({ dir, header, shards: 1 });
    expect(written.every((shot) => larger.hasUnit(sourceId(1), shot))).toBe(true);
    expect(larger.hasUnit(sourceId(1), written.length)).toBe(false);
    await larger.writeUnit(makeUnit(sourceId(1), written.length, 2, 20_000));
    expect((await larger.finish(null)).units).toBe(written.length + 1);
    expect((await verifyDataset(dir)).problems).toEqual([]);
  });

  it('says that a folder may not be written, and leaves it as it was', async (context) => {
    const dir = makeTemporaryFolder();
    await writeDataset(dir, { sources: 2 });
    const names = readdirSync(dir);
    chmodSync(dir, 0o555);
    const isRoot = process.geteuid?.() === 0;
    try {
      if (isRoot) process.seteuid?.(65534); // whom the mode holds for
      if (canWrite(dir)) context.skip('this file system does not keep modes');
      await expect(openSink({ dir, header: makeHeader() })).rejects.toMatchObject({ code: 'read-only' });
      const below = join(dir, 'below');
      await expect(openSink({ dir: below, header: makeHeader() })).rejects.toMatchObject({ code: 'read-only' });
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(dir, 0o755);
    }
    expect(readdirSync(dir)).toEqual(names);
  });

  it('does not take a shard that is gone for an empty one, nor shards without their dataset.json', async () => {
    const dir = makeTemporaryFolder();
    const sink = await openSink({ dir, header: makeHeader() });
    await sink.writeUnit(makeUnit(sourceId(1), 0));
    await sink.close();
    const shard = readFileSync(join(dir, '00002.mdb'));
    rmSync(join(dir, '00002.mdb'));
    await expect(openSink({ dir, header: makeHeader() })).rejects.toMatchObject({ code: 'missing' });
    writeFileSync(join(dir, '00002.mdb'), shard);
    rmSync(join(dir, 'dataset.json'));
    await expect(openSink({ dir, header: makeHeader() })).rejects.toThrow(/its dataset.json is gone/);
  });

  it('refuses a shard whose pages would crash LMDB, and takes one that a killed writer left short', async () => {
    const dir = makeTemporaryFolder();
    const sink = await openSink({ dir, header: makeHeader(), shards: 1 });
    for (let shot = 0; shot < 40; shot++) await sink.writeUnit(makeUnit(sourceId(1), shot));
    await sink.close();
    const path = join(dir, '00000.mdb');
    const sound = readFileSync(path);
    const pages = Array.from({ length: sound.length / 4096 - 2 }, (_, n) => (n + 2) * 4096);
    for (const [flag, change] of [
      [1, (page: Buffer) => page.writeUInt32LE(0xfffffff, page.readUInt16LE(16))], // a branch's first child
      [2, (page: Buffer) => page.writeUInt16LE(4090, 16)], // a leaf's first entry
      [2, (page: Buffer) => page.writeUInt32LE(0xfffff, page.readUInt16LE(16))], // its length
    ] as const) {
      const bytes = Buffer.from(sound);
      for (const at of pages) if (bytes.readUInt16LE(at + 10) === flag) change(bytes.subarray(at, at + 4096));
      writeFileSync(path, bytes);
      await expect(openSink({ dir, header: makeHeader() })).rejects.toMatchObject({ code: 'corrupt' });
    }
    // The meta pages count one page more than the file has, and nothing points there.
    const short = Buffer.from(sound);
    for (const at of [0, 4096]) short.writeBigUInt64LE(short.readBigUInt64LE(at + 136) + 1n, at + 136);
    writeFileSync(path, short);
    const again = await openSink({ dir, header: makeHeader() });
    await again.writeUnit(makeUnit(sourceId(1), 40));
    expect((await again.finish(null)).units).toBe(41);
    expect((await verifyDataset(dir)).problems).toEqual([]);
  });
});

function canWrite(dir: string): boolean {
  try {
    writeFileSync(join(dir, 'probe'), '');
    rmSync(join(dir, 'probe'));
    return true;
  } catch {
    return false;
  }
}
