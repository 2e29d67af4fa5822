import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRandom, type DatasetHeader, type MinedUnit } from '../../src/core/index.js';
import { openDataset, openSink, repairDataset, verifyDataset } from '../../src/store/index.js';
import { collect, makeHeader, makeTemporaryFolder, makeUnit, sourceId } from './fixture.js';

const header: DatasetHeader = makeHeader({
  spec: { pixels: { dtype: 'uint8', shape: [null] }, label: { dtype: 'int32', shape: [] } },
});
// Long values lie on pages of their own, short ones in leaves.
const units: MinedUnit[] = Array.from({ length: 60 }, (_, n) =>
  makeUnit(sourceId(n), n % 3, 4, n % 5 === 0 ? 6000 : 90),
);
const noStage = () => Promise.resolve(null);
let dir: string;
let digest: string;

beforeEach(async () => {
  dir = makeTemporaryFolder();
  const sink = await openSink({ dir, header, shards: 2 });
  await Promise.all(units.map((unit) => sink.writeUnit(unit)));
  ({ digest } = await sink.finish(null));
});

/** Mines again what is missing, as `mine` does. */
async function mineAgain(): Promise<{ readonly mined: number; readonly digest: string }> {
  const sink = await openSink({ dir, header });
  const missing = units.filter(({ source, shot }) => !sink.hasUnit(source, shot));
  for (const unit of missing) await sink.writeUnit(unit);
  const summary = await sink.finish(null);
  return { mined: missing.length, digest: summary.digest };
}

describe('repairDataset', () => {
  it('does nothing to a sound dataset', async () => {
    const before = readFileSync(join(dir, '00000.mdb'));
    const { lost, aside, summary } = await repairDataset(dir, noStage);
    expect({ lost, aside, summary }).toEqual({ lost: [], aside: [], summary: null });
    expect(readFileSync(join(dir, '00000.mdb')).equals(before)).toBe(true);
  });

  it('keeps the sound records of a unit, marks it to be mined again, and mining gives the old digest', async () => {
    const [path] = ['00000', '00001'].map((name) => join(dir, `${name}.mdb`)) as [string];
    const bytes = readFileSync(path);
    const unit = units.find(({ samples }) => bytes.includes(Buffer.from(samples[0]!.fields['pixels'] as Uint8Array)))!;
    bytes[bytes.indexOf(Buffer.from(unit.samples[2]!.fields['pixels'] as Uint8Array)) + 9]! ^= 64;
    writeFileSync(path, bytes);
    const name = `${unit.source}/${unit.shot}`;
    const report = await repairDataset(dir, noStage);
    expect(report.lost).toEqual([{ unit: name, kept: 3, of: 4 }]);
    expect(report.aside).toEqual(['00000.mdb.damaged']);
    expect(readFileSync(`${path}.damaged`).equals(bytes)).toBe(true);
    const after = await verifyDataset(dir);
    expect(after).toMatchObject({ problems: [], incomplete: [name], samples: 239, digest: report.summary?.digest });
    const dataset = await openDataset(dir);
    const keys = (await collect(dataset.samples())).map(({ key }) => key);
    expect(keys).toHaveLength(239);
    expect(keys).not.toContain(unit.samples[2]!.key);
    await dataset.close();
    expect(await mineAgain()).toEqual({ mined: 1, digest });
    expect((await verifyDataset(dir)).incomplete).toEqual([]);
  });

  it('finds records whose pages no tree leads to any more', async () => {
    const path = join(dir, '00001.mdb');
    const bytes = readFileSync(path);
    // Branch pages carry flag 1 at byte 10 of their header.
    const branches = Array.from({ length: bytes.length / 4096 - 2 }, (_, n) => (n + 2) * 4096).filter(
      (at) => bytes.readUInt16LE(at + 10) === 1,
    );
    expect(branches.length).toBeGreaterThan(0);
    for (const at of branches) bytes.fill(0xff, at, at + 4096);
    writeFileSync(path, bytes);
    expect((await verifyDataset(dir)).problems.length).toBeGreaterThan(10);
    const { lost, summary } = await repairDataset(dir, noStage);
    expect(lost).toEqual([]);
    expect(summary?.digest).toBe(digest);
  });

  it('makes lost stats, counts and a wrong digest again without touching the records', async () => {
    rmSync(join(dir, '00000.json'));
    const file = join(dir, 'dataset.json');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(digest, '0'.repeat(64)).replace('"samples": 240', '"samples": 1'),
    );
    expect((await verifyDataset(dir)).problems).toHaveLength(3);
    const { aside, summary } = await repairDataset(dir, noStage);
    expect(aside).toEqual([]);
    expect(summary?.digest).toBe(digest);
    expect((await verifyDataset(dir)).problems).toEqual([]);
  });

  it('saves what is left of a shard that was cut short, lost its first page, or is gone', async () => {
    for (const damage of [
      (path: string) => truncateSync(path, Math.floor(readFileSync(path).length / 8192) * 4096),
      (path: string) => writeFileSync(path, readFileSync(path).fill(0, 0, 4096)),
      (path: string) => rmSync(path),
      (path: string) => writeFileSync(path, 'something else'),
    ]) {
      damage(join(dir, '00001.mdb'));
      await expect(openSink({ dir, header })).rejects.toMatchObject({ name: 'StoreError' });
      const { summary } = await repairDataset(dir, noStage);
      expect(summary).not.toBeNull();
      expect((await verifyDataset(dir)).problems).toEqual([]);
      expect((await mineAgain()).digest).toBe(digest);
    }
  });

  it('loses no record that is still whole in the file, whatever the damage', async () => {
    const random = createRandom(8);
    const sound = readFileSync(join(dir, '00000.mdb'));
    for (let round = 0; round < 8; round++) {
      const bytes = Buffer.from(sound);
      for (let n = 0; n < 2; n++) {
        const page = (2 + random.int(bytes.length / 4096 - 2)) * 4096;
        for (let i = 0; i < 6; i++) bytes[page + random.int(round % 2 === 0 ? 48 : 4096)] = random.int(256);
      }
      writeFileSync(join(dir, '00000.mdb'), bytes);
      const before = await readable(dir);
      const { found } = await repairDataset(dir, noStage);
      const after = await readable(dir);
      if (found.problems.length > 0) expect((await verifyDataset(dir)).problems).toEqual([]);
      for (const key of before) expect(after.has(key)).toBe(true);
      expect((await mineAgain()).digest).toBe(digest);
      for (const name of readdirSync(dir)) if (name.includes('.damaged')) rmSync(join(dir, name));
      writeFileSync(join(dir, '00000.mdb'), sound);
      await repairDataset(dir, noStage);
    }
  });

  it('goes on after it was interrupted', async () => {
    const path = join(dir, '00000.mdb');
    writeFileSync(path, readFileSync(path).fill(7, 8192, 12288));
    const failing = repairDataset(dir, () => Promise.reject(new Error('killed here')));
    await expect(failing).rejects.toThrow('killed here');
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'unfinished' });
    const { summary } = await repairDataset(dir, noStage);
    expect(summary).not.toBeNull();
    expect(readdirSync(dir)).not.toContain('dataset.rewriting');
    expect((await mineAgain()).digest).toBe(digest);
  });
});

/** Keys of samples that a verification finds nothing wrong with. */
async function readable(folder: string): Promise<Set<string>> {
  const { problems } = await verifyDataset(folder);
  const there = new Set<string>();
  const dataset = await openDataset(folder).catch(() => null);
  for (let ordinal = 0; dataset && ordinal < dataset.size; ordinal++) {
    const sample = await dataset.sample(ordinal).catch(() => null);
    if (sample && !problems.some((problem) => problem.includes(sample.provenance.source))) there.add(sample.key);
  }
  await dataset?.close();
  return there;
}
