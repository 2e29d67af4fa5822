import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, StoppedError, StoreError, type Sample } from '../../../src/core/index.js';
import { datasetExporters, openDataset, readExportFile } from '../../../src/store/index.js';
import { makeTemporaryFolder, writeDataset } from '../fixture.js';
import { exportDataset, writeMixed, type Told } from './fixture.js';

/** Settings that make several files of a few samples. */
const small: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  webdataset: { shardBytes: 10_000 },
  parquet: { shardBytes: 2000, rowGroupBytes: 1000, pictures: true, arrays: 'all' },
  npy: {},
};
const keep = mkdtempSync(join(tmpdir(), 'reelmine-exporters-'));
afterAll(() => rmSync(keep, { recursive: true }));
const contentOf = (dir: string) =>
  Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((name) => [name, sha256(readFileSync(join(dir, name)))]),
  );

describe.each(datasetExporters.names)('the exporter %s', (name) => {
  let dir: string;
  let samples: readonly Sample[];
  beforeAll(async () => {
    dir = join(keep, name);
    samples = await writeMixed(dir);
  });

  it('is listed under its own name and has a default for every setting', async () => {
    const exporter = await datasetExporters.load(name);
    expect(exporter.name).toBe(name);
    expect(exporter.config.safeParse({}).success).toBe(true);
    expect(exporter.config.safeParse({ unheard: 1 }).success).toBe(false);
  });

  it('gives equal bytes every time, whatever the shards of the dataset', async () => {
    const [a, b] = [makeTemporaryFolder(), makeTemporaryFolder()];
    const other = makeTemporaryFolder();
    await writeMixed(other, { shards: 1 });
    const told: Told = { failures: [], warnings: [], progress: [] };
    const result = await exportDataset(name, dir, a, { set: small[name]!, told });
    await exportDataset(name, other, b, { set: small[name]! });
    expect(contentOf(b)).toEqual(contentOf(a));
    expect(result).toMatchObject({ samples: samples.length, failed: 0, kept: 0 });
    expect(told.progress).toEqual(samples.map((_, i) => i + 1));
    expect(told.failures).toEqual([]);
    expect(existsSync(join(a, 'artefacts.safetensors'))).toBe(true);
    for (const { file, bytes, sha256: hash } of readExportFile(a)!.files) {
      const data = readFileSync(join(a, file));
      expect([data.length, sha256(data)]).toEqual([bytes, hash]);
    }
  });

  it('leaves nothing half-written when it is stopped, and then ends with the same bytes', async () => {
    const [whole, out] = [makeTemporaryFolder(), makeTemporaryFolder()];
    await exportDataset(name, dir, whole, { set: small[name]! });
    for (const after of [1, 5, 8]) {
      const stop = new AbortController();
      const push = (done: number) => {
        if (done === after) stop.abort();
      };
      const progress = { push } as unknown as number[];
      const told = { failures: [], warnings: [], progress };
      const job = exportDataset(name, dir, out, { set: small[name]!, signal: stop.signal, told });
      await expect(job).rejects.toThrow(StoppedError);
      expect(readdirSync(out).filter((file) => file.endsWith('.tmp'))).toEqual([]);
      for (const file of readdirSync(out).filter((each) => each !== 'export.json'))
        expect(readFileSync(join(out, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
      expect(readExportFile(out)).toMatchObject({ complete: false });
    }
    writeFileSync(join(out, 'x.123.tmp'), 'left by a killed run');
    await exportDataset(name, dir, out, { set: small[name]! });
    expect(contentOf(out)).toEqual(contentOf(whole));
    const again = await exportDataset(name, dir, out, { set: small[name]! });
    expect(again).toMatchObject({ samples: 12, kept: 12 });
    expect(contentOf(out)).toEqual(contentOf(whole));
  });

  it('names a damaged record and exports the others', async () => {
    const broken = makeTemporaryFolder();
    await writeMixed(broken, { shards: 1 });
    const path = join(broken, '00000.mdb');
    const bytes = readFileSync(path);
    const damaged = samples[7]!;
    const { buffer } = (damaged.fields as { readonly boxes: Float32Array }).boxes;
    // Pages are copied when a transaction changes them: all copies.
    for (let at = bytes.indexOf(Buffer.from(buffer)); at >= 0; at = bytes.indexOf(Buffer.from(buffer), at + 1))
      bytes.write('b0xes', bytes.lastIndexOf('boxes', at));
    writeFileSync(path, bytes);
    const told: Told = { failures: [], warnings: [], progress: [] };
    const result = await exportDataset(name, broken, makeTemporaryFolder(), { set: small[name]!, told });
    expect(told.failures).toEqual([damaged.key]);
    expect(result).toMatchObject({ samples: 11, failed: 1 });
  });

  it('refuses a folder with something else, and gives only the first samples where a limit is set', async () => {
    const out = makeTemporaryFolder();
    expect(await exportDataset(name, dir, out, { limit: 5 })).toMatchObject({ samples: 5 });
    await expect(exportDataset(name, dir, out)).rejects.toMatchObject({ code: 'other-header' });
    const dataset = makeTemporaryFolder();
    await writeDataset(dataset);
    await expect(exportDataset(name, dir, dataset)).rejects.toMatchObject({ code: 'other-folder' });
    await expect(exportDataset(name, makeTemporaryFolder(), out)).rejects.toThrow(StoreError);
    const unread = await openDataset(dir);
    expect(unread.summary.samples).toBe(12);
    await unread.close();
  });
});
