import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DatasetStage, FailureEntry, MinedUnit, Sample } from '../../src/core/index.js';
import { mergeDatasets, openDataset, openSink, verifyDataset } from '../../src/store/index.js';
import { makeHeader, makeTemporaryFolder, makeUnit, sourceId } from './fixture.js';

const units = Array.from({ length: 30 }, (_, n) => makeUnit(sourceId(n >> 1), n % 2, n % 4));

/** Labels that depend on the whole dataset, and a learned array: what no part can know by itself. */
async function learn(samples: AsyncIterable<Sample>): Promise<DatasetStage> {
  const values: [key: string, label: number][] = [];
  for await (const { key, fields } of samples) values.push([key, fields['label'] as number]);
  const mean = values.reduce((sum, [, label]) => sum + label, 0) / Math.max(1, values.length);
  return {
    labels: new Map(values.map(([key, label]) => [key, { above: label > mean ? 1 : 0 }])),
    artefacts: { mean: { dtype: 'float64', shape: [1], data: Float64Array.of(mean) } },
  };
}

async function writeDataset(
  dir: string,
  { part, shards = 4, finish = true, list }: { part?: string; shards?: number; finish?: boolean; list: MinedUnit[] },
): Promise<string> {
  const sink = await openSink({ dir, header: makeHeader(part === undefined ? {} : { selection: { part } }), shards });
  await Promise.all(list.map((unit) => sink.writeUnit(unit)));
  const digest = finish ? (await sink.finish(null)).digest : '';
  await sink.close();
  return digest;
}

async function writeParts(root: string, count = 3): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const dir = join(root, `part-${i + 1}`);
      // A source is in one part as a whole.
      const list = units.filter((_unit, n) => (n >> 1) % count === i).reverse();
      await writeDataset(dir, { part: `${i + 1}/${count}`, shards: i + 1, list });
      return dir;
    }),
  );
}

async function wholeDigest(): Promise<string> {
  const sink = await openSink({ dir: makeTemporaryFolder(), header: makeHeader() });
  await Promise.all(units.map((unit) => sink.writeUnit(unit)));
  return (await sink.finish(await learn(sink.samples()))).digest;
}

describe('mergeDatasets', () => {
  it('gives the digest of the job that was never split, with labels and artefacts learned from the whole', async () => {
    const root = makeTemporaryFolder();
    const dirs = await writeParts(root);
    const out = join(root, 'whole');
    const merged = await mergeDatasets({ dirs: [dirs[2]!, dirs[0]!, dirs[1]!], out, runStage: learn });
    expect(merged).toMatchObject({ digest: await wholeDigest(), repeated: 0, missing: [], units: 30 });
    expect((await verifyDataset(out)).problems).toEqual([]);
    const dataset = await openDataset(out);
    expect(dataset.header.selection).toEqual({});
    expect(Object.keys(dataset.artefacts())).toEqual(['mean']);
    await dataset.close();
    expect(readdirSync(root).sort()).toEqual(['part-1', 'part-2', 'part-3', 'whole']);
  });

  it('takes a unit that two folders have once, and refuses it where they differ', async () => {
    const root = makeTemporaryFolder();
    const dirs = await writeParts(root);
    const twice = join(root, 'again');
    await writeDataset(twice, { part: '1/3', list: units.filter((_unit, n) => (n >> 1) % 3 === 0).slice(0, 5) });
    const runStage = learn;
    const merged = await mergeDatasets({ dirs: [...dirs, twice], out: join(root, 'whole'), runStage });
    expect(merged).toMatchObject({ digest: await wholeDigest(), repeated: 5 });

    const other = structuredClone(units[0 + 6]!);
    (other.samples[0]!.fields['pixels'] as Uint8Array)[3]! ^= 1;
    const differs = join(root, 'differs');
    await writeDataset(differs, { part: '1/3', list: [other] });
    const out = join(root, 'refused');
    await expect(mergeDatasets({ dirs: [...dirs, differs], out, runStage })).rejects.toMatchObject({
      code: 'nondeterministic-unit',
      context: { key: `${other.source}/${other.shot}` },
    });
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('names the parts that are missing or not finished, and goes on without them when told to', async () => {
    const root = makeTemporaryFolder();
    const dirs = await writeParts(root);
    const stopped = join(root, 'stopped');
    await writeDataset(stopped, { part: '2/3', finish: false, list: [units[2]!] });
    const dirsHere = [dirs[0]!, stopped];
    const out = join(root, 'some');
    await expect(mergeDatasets({ dirs: dirsHere, out, runStage: learn })).rejects.toMatchObject({
      code: 'missing-parts',
      context: { missing: ['2/3', '3/3'], unfinished: [stopped] },
    });
    const some = await mergeDatasets({ dirs: dirsHere, out, runStage: learn, allowMissing: true });
    expect(some).toMatchObject({ units: 11, missing: ['2/3', '3/3'] });
    // What is known to be a piece may be merged again with the rest.
    const all = await mergeDatasets({ dirs: [dirs[1]!, out, dirs[2]!], out: join(root, 'all'), runStage: learn });
    expect(all).toMatchObject({ digest: await wholeDigest(), missing: [], repeated: 1 });
  });

  it('run again into its own result gives that result, leaves it alone and heeds a stop meanwhile; another one is refused', async () => {
    const root = makeTemporaryFolder();
    const dirs = await writeParts(root);
    const out = join(root, 'whole');
    const first = await mergeDatasets({ dirs, out, runStage: learn });
    const before = readdirSync(out).map((name) => readFileSync(join(out, name)));
    expect(await mergeDatasets({ dirs, out, runStage: learn })).toEqual(first);
    expect(readdirSync(out).map((name) => readFileSync(join(out, name)))).toEqual(before);
    const controller = new AbortController();
    const reading = mergeDatasets({ dirs, out, runStage: learn, signal: controller.signal });
    setImmediate(() => controller.abort(new Error('stop')));
    await expect(reading).rejects.toThrow('stop');
    expect(readdirSync(out).map((name) => readFileSync(join(out, name)))).toEqual(before);
    const fewer = { dirs: dirs.slice(0, 2), out, runStage: learn, allowMissing: true };
    await expect(mergeDatasets(fewer)).rejects.toMatchObject({ code: 'exists' });
  });

  it('refuses parts of different jobs, naming what differs, and a folder that is there', async () => {
    const root = makeTemporaryFolder();
    const [one] = await writeParts(root);
    const other = join(root, 'other');
    const sink = await openSink({ dir: other, header: makeHeader({ seed: 7, selection: { part: '2/3' } }) });
    await sink.finish(null);
    const runStage = learn;
    const out = join(root, 'whole');
    await expect(mergeDatasets({ dirs: [one!, other], out, runStage })).rejects.toThrow(/seed 1 → 7/);
    await expect(mergeDatasets({ dirs: [one!], out: other, runStage })).rejects.toMatchObject({ code: 'exists' });
    const four = join(root, 'four');
    await writeDataset(four, { part: '1/4', list: [] });
    await expect(mergeDatasets({ dirs: [one!, four], out, runStage })).rejects.toThrow(/of 3 and 4 parts/);
  });

  it('unites the ledgers, without what another try of the same part has mined', async () => {
    const root = makeTemporaryFolder();
    const dirs = await writeParts(root);
    const failure = (source: string, at: string): FailureEntry => ({
      source,
      path: `/videos/${source}.mp4`,
      stage: 'mine',
      code: 'decode-error',
      message: 'broken',
      attempts: 2,
      at,
    });
    const again = join(root, 'again');
    await writeDataset(again, { part: '1/3', list: [units[1]!] });
    const write = (dir: string, lines: FailureEntry[]) =>
      writeFileSync(join(dir, 'failures.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    write(dirs[1]!, [failure('f'.repeat(16), '2026-01-01T00:00:00Z')]);
    write(again, [failure(sourceId(0), '2026-01-01T00:00:00Z'), failure('f'.repeat(16), '2026-01-02T00:00:00Z')]);
    const out = join(root, 'whole');
    await mergeDatasets({ dirs: [...dirs, again], out, runStage: learn });
    const lines = readFileSync(join(out, 'failures.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as FailureEntry)).toEqual([
      { ...failure('f'.repeat(16), '2026-01-02T00:00:00Z'), attempts: 4 },
    ]);
  });

  it('refuses a part with a damaged record, naming it', async () => {
    const root = makeTemporaryFolder();
    const dirs = await writeParts(root, 1);
    const shard = join(dirs[0]!, '00000.mdb');
    const bytes = readFileSync(shard);
    const { key, fields } = units[7]!.samples[1]!;
    bytes[bytes.indexOf(fields['pixels'] as Uint8Array)]! ^= 1;
    writeFileSync(shard, bytes);
    const merging = mergeDatasets({ dirs, out: join(root, 'whole'), runStage: learn });
    await expect(merging).rejects.toThrow(new RegExp(`is damaged: sample 2 of 3 .*${key}.*--repair`));
  });
});
