import { copyFileSync, cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../src/core/index.js';
import { diffDatasets, openDataset, openSink, verifyDataset } from '../../src/store/index.js';
import { openPages } from '../../src/store/lmdb-pages.js';
import { openEnvironment } from '../../src/store/lmdb.js';
import {
  collect,
  expectSameBytes,
  makeHeader,
  makeTemporaryFolder,
  makeUnit,
  sourceId,
  writeDataset,
} from './fixture.js';

let dir: string;
let digest: string;
beforeEach(async () => {
  dir = makeTemporaryFolder();
  ({ digest } = await writeDataset(dir, { sources: 8, shots: 3, count: 4, shards: 2 }));
});

/** Changes one byte of a sample's pixels in its shard, and says which sample. */
async function damageRecord(n: number): Promise<Sample> {
  const dataset = await openDataset(dir);
  const sample = await dataset.sample(n);
  await dataset.close();
  for (const name of readdirSync(dir).filter((file) => file.endsWith('.mdb'))) {
    const bytes = readFileSync(join(dir, name));
    const at = bytes.indexOf(sample.fields['pixels'] as Uint8Array);
    if (at < 0) continue;
    bytes[at + 5]! ^= 4;
    writeFileSync(join(dir, name), bytes);
  }
  return sample;
}

describe('verifyDataset', () => {
  it('finds a sound dataset sound, by an independent reading of its files', async () => {
    const sound = { digest, samples: 96, units: 24, problems: [], incomplete: [], damagedShards: [] };
    expect(await verifyDataset(dir)).toEqual(sound);
  });

  it('names the record in which one bit is wrong, and its shard', async () => {
    const { key } = await damageRecord(37);
    const report = await verifyDataset(dir);
    expect(report.digest).not.toBe(digest);
    expect(report.problems.filter((problem) => problem.includes(key))).toHaveLength(1);
    expect(report.problems).toEqual([
      expect.stringMatching(/^0000[01]\.mdb: its SHA-256 is not/),
      expect.stringContaining(`record ${key} is damaged`),
      expect.stringContaining('dataset.json: the digest is'),
    ]);
  });

  it('tells a damaged label and damaged artefacts', async () => {
    const folder = makeTemporaryFolder();
    const sink = await openSink({ dir: folder, header: makeHeader(), shards: 1 });
    const unit = makeUnit(sourceId(1), 0);
    await sink.writeUnit(unit);
    const marked = new Map([[unit.samples[0]!.key, { name: 'unmistakable' }]]);
    const data = Float32Array.of(1, 2, 3);
    await sink.finish({ labels: marked, artefacts: { mean: { dtype: 'float32', shape: [3], data } } });
    expect((await verifyDataset(folder)).problems).toEqual([]);
    const shard = join(folder, '00000.mdb');
    const bytes = readFileSync(shard);
    const key = unit.samples[0]!.key;
    const read = async () => {
      const dataset = await openDataset(folder);
      try {
        return [dataset.label(key), dataset.label(unit.samples[1]!.key)];
      } finally {
        await dataset.close();
      }
    };
    expect(await read()).toEqual([{ name: 'unmistakable' }, null]);
    const at = bytes.lastIndexOf('unmistakable');
    const label = bytes.subarray(0, at).lastIndexOf(key); // key and value lie side by side
    for (let place = label; place < at + 'unmistakable'.length; place++) {
      const damaged = Buffer.from(bytes);
      damaged[place]! ^= 1 << (place % 8);
      writeFileSync(shard, damaged);
      await expect(read()).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringContaining(`label of ${key}`),
      });
      const { problems } = await verifyDataset(folder);
      const isKey = place < label + key.length;
      expect(problems.join('\n')).toMatch(
        isKey ? `the label of ${key} is missing` : `label of ${key} has a wrong checksum`,
      );
    }
    // A label that has lost its checksum is not taken on trust either.
    const checksum = Buffer.from(bytes);
    checksum[bytes.subarray(0, label).lastIndexOf(key)]! ^= 1;
    checksum[bytes.lastIndexOf(key)]! ^= 1;
    writeFileSync(shard, checksum);
    await expect(read()).rejects.toMatchObject({ code: 'corrupt' });
    bytes[at]! ^= 1;
    writeFileSync(shard, bytes);
    const artefacts = join(folder, 'artefacts.safetensors');
    truncateSync(artefacts, readFileSync(artefacts).length - 4);
    expect((await verifyDataset(folder)).problems.join()).toContain('artefacts.safetensors');
  });

  it('refuses a shard that is cut short, everywhere, without touching LMDB', async () => {
    const shard = join(dir, '00000.mdb');
    truncateSync(shard, Math.floor(readFileSync(shard).length / 2));
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'truncated' });
    await expect(openSink({ dir, header: makeHeader() })).rejects.toMatchObject({ code: 'truncated' });
    const { problems } = await verifyDataset(dir);
    expect(problems.join('\n')).toMatch(/00000\.mdb: .*is cut short/);
    expect(problems.join('\n')).toMatch(/00000\.mdb: what is left of it holds \d+ whole units/);
    expect(problems.some((problem) => problem.startsWith('00001.mdb'))).toBe(false);
  });

  it('refuses other files and other data formats before LMDB sees them', async () => {
    const shard = join(dir, '00001.mdb');
    const bytes = readFileSync(shard);
    for (const [change, code] of [
      [(copy: Buffer) => [copy.writeUInt32LE(2, 20), copy.writeUInt32LE(2, 4096 + 20)], 'other-format'],
      [(copy: Buffer) => copy.fill(0, 0, 4096), 'not-lmdb'],
      [(copy: Buffer) => copy.write('hello', 16), 'not-lmdb'],
    ] as const) {
      const copy = Buffer.from(bytes);
      change(copy);
      writeFileSync(shard, copy);
      await expect(openDataset(dir)).rejects.toMatchObject({ code, context: { path: shard } });
      await expect(openSink({ dir, header: makeHeader() })).rejects.toMatchObject({ code });
      expect((await verifyDataset(dir)).problems.join()).toContain('00001.mdb');
    }
  });

  it('refuses a newer schema, a folder that is no dataset, and a missing shard', async () => {
    const folder = makeTemporaryFolder();
    await expect(verifyDataset(folder)).rejects.toMatchObject({ code: 'missing' });
    await expect(openDataset(folder)).rejects.toMatchObject({ code: 'missing' });
    const file = join(dir, 'dataset.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"schema": 1', '"schema": 2'));
    for (const open of [openDataset, verifyDataset]) {
      await expect(open(dir)).rejects.toMatchObject({ code: 'newer-schema' });
    }
    await expect(openSink({ dir, header: makeHeader() })).rejects.toMatchObject({ code: 'newer-schema' });
    writeFileSync(file, text.replace('"shards": 2', '"shards": 3'));
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'missing' });
    expect((await verifyDataset(dir)).problems).toEqual(['00002.mdb: the file is missing']);
  });

  it('survives any damage to a shard: never a crash, never a clean report', async () => {
    const random = createRandom(21);
    const shard = join(dir, '00000.mdb');
    const sound = readFileSync(shard);
    for (let i = 0; i < 120; i++) {
      const bytes = Buffer.from(sound);
      const page = random.int(bytes.length / 4096) * 4096;
      if (i % 4 === 0) bytes.fill(random.int(256), page, page + 4096);
      else if (i % 4 === 1) bytes.copy(bytes, page, random.int(bytes.length / 4096) * 4096, 4096);
      // Headers and pointers of pages lie in their first bytes.
      else for (let n = 0; n < 8; n++) bytes[page + random.int(i % 4 === 2 ? 64 : 4096)] = random.int(256);
      if (bytes.equals(sound)) continue;
      writeFileSync(shard, bytes);
      const { problems } = await verifyDataset(dir);
      expect(problems.length).toBeGreaterThan(0);
    }
    writeFileSync(shard, sound);
    expect((await verifyDataset(dir)).problems).toEqual([]);
  });
});

describe('openPages', () => {
  it('reads what LMDB reads: branches, leaves and long values', async () => {
    const folder = makeTemporaryFolder();
    const header = makeHeader({
      spec: { pixels: { dtype: 'uint8', shape: [null] }, label: { dtype: 'int32', shape: [] } },
    });
    const sink = await openSink({ dir: folder, header, shards: 1 });
    const random = createRandom(4);
    const units = Array.from({ length: 150 }, (_, n) => makeUnit(sourceId(n), n, n % 6, random.int(9000)));
    await Promise.all(units.map((unit) => sink.writeUnit(unit)));
    await sink.finish(null);
    const path = join(folder, '00000.mdb');
    const pages = openPages(path);
    const lmdb = await openEnvironment(path, 1 << 24);
    const theirs = lmdb.database('samples');
    const keys = [...theirs.keys()];
    const text = (key: Uint8Array) => Buffer.from(key).toString();
    const damage: string[] = [];
    const entries = [...pages.entries('samples', (message) => damage.push(message))];
    expect(damage).toEqual([]);
    expect(entries.map(({ key }) => text(key))).toEqual(keys.map(text));
    expect(entries).toHaveLength(units.reduce((sum, unit) => sum + unit.samples.length, 0));
    const ours = pages.database('samples');
    expect(ours.count).toBe(theirs.count);
    for (const [i, { key, value }] of entries.entries()) {
      expectSameBytes(value, theirs.get(key)!);
      expectSameBytes(ours.get(key)!, value);
      expect(text([...ours.keys(key)][0]!)).toBe(text(key));
      const between = Buffer.concat([key, Buffer.of(0)]);
      expect(ours.get(between)).toBeUndefined();
      const [next] = ours.keys(between);
      expect(next && text(next)).toBe(keys[i + 1] && text(keys[i + 1]!));
    }
    expect(Array.from(ours.keys(), text)).toEqual(keys.map(text));
    expect(ours.get(Buffer.of(0))).toBeUndefined();
    expect([...pages.database('labels').keys()]).toEqual([]);
    expect(() => pages.database('nothing')).toThrow(/has no database nothing/);
    await lmdb.close();
    pages.close();
  });
});

describe('diffDatasets', () => {
  it('finds nothing between equal datasets, however they were written', async () => {
    const other = makeTemporaryFolder();
    await writeDataset(other, { sources: 8, shots: 3, count: 4, shards: 5 });
    expect(await diffDatasets(dir, other)).toEqual([]);
  });

  it('names samples that only one has, other values, labels, artefacts and settings', async () => {
    const other = makeTemporaryFolder();
    const sink = await openSink({ dir: other, header: makeHeader({ seed: 2 }) });
    const changed = makeUnit(sourceId(0), 0, 4);
    const first = changed.samples[0]!;
    (first.fields['pixels'] as Uint8Array)[0]! ^= 1;
    await sink.writeUnit(changed);
    for (let n = 1; n < 9; n++)
      for (let shot = 0; shot < 3; shot++) await sink.writeUnit(makeUnit(sourceId(n), shot, 4));
    const label = { cluster: 1 };
    const mean = { dtype: 'float32', shape: [1], data: Float32Array.of(1) } as const;
    await sink.finish({ labels: new Map([[`${sourceId(1)}/0/0`, label]]), artefacts: { mean } });
    const found = await diffDatasets(dir, other);
    const only = (n: number, shots: number[], where: string) =>
      shots.flatMap((shot) => [0, 1, 2, 3].map((i) => `${sourceId(n)}/${shot}/${i} only in ${where}`));
    expect([...found].sort()).toEqual(
      [
        'settings: seed 1 → 2',
        ...only(0, [1, 2], dir),
        ...only(8, [0, 1, 2], other),
        `${first.key} has other values`,
        `${sourceId(1)}/0/0 has another label`,
        `artefact mean is only in ${other}`,
      ].sort(),
    );
  });
});

describe('openDataset', () => {
  it('gives samples by ordinal, in order, by source, and label', async () => {
    const dataset = await openDataset(dir);
    const samples = await collect(dataset.samples());
    expect(samples.map(({ key }) => key)).toEqual(dataset.keys);
    expect([...dataset.keys].sort()).toEqual(dataset.keys);
    expect(dataset.sources).toEqual(Array.from({ length: 8 }, (_, n) => sourceId(n)).sort());
    expect(dataset.size).toBe(96);
    expect(dataset.keys.map((_, ordinal) => dataset.key(ordinal))).toEqual(dataset.keys);
    const ranges = dataset.sources.map((source, n) => ({ source, first: 12 * n, count: 12 }));
    expect(dataset.sourceRanges()).toEqual(ranges);
    for (const ordinal of [0, 41, 95]) expect(await dataset.sample(ordinal)).toEqual(samples[ordinal]);
    for (const outside of [-1, 96, 0.5]) await expect(dataset.sample(outside)).rejects.toThrow(/from 0 to 95/);
    expect(samples[0]).toEqual(
      makeUnit(samples[0]!.provenance.source, samples[0]!.provenance.shot, 4).samples.find(
        ({ key }) => key === samples[0]!.key,
      ),
    );
    await dataset.close();
  });

  it('refuses a damaged record when it is read, names it, and gives all others', async () => {
    const { key } = await damageRecord(37);
    const dataset = await openDataset(dir);
    for (let ordinal = 0; ordinal < dataset.size; ordinal++) {
      const name = dataset.key(ordinal);
      if (name !== key) expect((await dataset.sample(ordinal)).key).toBe(name);
      else {
        await expect(dataset.sample(ordinal)).rejects.toMatchObject({ code: 'corrupt', context: { key } });
        await expect(dataset.sample(ordinal)).rejects.toThrow(/its checksum is not the one/);
      }
    }
    await expect(collect(dataset.samples())).rejects.toMatchObject({ context: { key } });
    await dataset.close();
  });

  it('takes a dataset without checksums, as version 0.1.0 wrote it', async () => {
    for (const name of ['00000.json', '00001.json']) {
      const file = join(dir, name);
      writeFileSync(file, readFileSync(file, 'utf8').replace(/,\s*"\w*hecksums": "crc32"/gi, ''));
    }
    const dataset = await openDataset(dir);
    expect(await collect(dataset.samples())).toHaveLength(96);
    await dataset.close();
  });

  it('leaves no trace in the folder that it reads', async () => {
    const copy = makeTemporaryFolder();
    cpSync(dir, copy, { recursive: true });
    copyFileSync(join(dir, 'dataset.json'), join(copy, 'dataset.json'));
    const before = readdirSync(copy);
    const one = await openDataset(copy);
    const two = await openDataset(copy);
    expect(await one.sample(3)).toEqual(await two.sample(3));
    expect(readdirSync(copy)).toEqual(before);
    await one.close();
    expect((await two.sample(5)).key).toBe(two.keys[5]);
    await two.close();
    expect(readdirSync(copy)).toEqual(before);
  });
});
