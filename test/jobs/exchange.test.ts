import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportFrom, importInto, openDataset, readCorpus, runJob } from '../../src/index.js';
import { parseAuthors, tuplesOf, type ExchangeTuple } from '../../src/mining/index.js';
import { decodeImage } from '../../src/vision/index.js';
import { makeSmallCorpus, smallOrder } from './small-corpus.js';

let small: Awaited<ReturnType<typeof makeSmallCorpus>>;
let exported: string;

beforeAll(async () => {
  small = await makeSmallCorpus();
  exported = join(small.root, 'exported');
  await runJob(exportFrom({ dir: small.mined, format: 'authors', out: exported, corpus: small.corpus }));
}, 60_000);

afterAll(() => rmSync(small.root, { recursive: true }));

const fileOf = (name: string): string => join(exported, name);
const readTuples = () =>
  parseAuthors(readFileSync(fileOf('keys.txt'), 'utf8'), readFileSync(fileOf('labels.txt'), 'utf8'));
const setOf = (tuples: readonly ExchangeTuple[]) => [...new Set(tuples.map((tuple) => JSON.stringify(tuple)))].sort();

async function recordsOf(dir: string) {
  const dataset = await openDataset(dir);
  try {
    const out = new Map<string, Awaited<ReturnType<typeof dataset.sample>>>();
    for await (const sample of dataset.samples()) {
      const { fields, provenance } = sample;
      out.set(`${provenance.source} ${[...(fields['frames'] as Int32Array)].join(',')}`, sample);
    }
    return out;
  } finally {
    await dataset.close();
  }
}

describe("the authors' format", () => {
  it('holds every tuple of every record under the names of the videos, and their frames', async () => {
    const names = new Map(
      (await readCorpus(small.corpus)).sources.map(({ id, paths }) => [id, /(v_Film_\w+)\.mp4$/.exec(paths[0]!)![1]!]),
    );
    const records = await recordsOf(small.mined);
    expect(records.size).toBeGreaterThan(4);
    const wanted = [...records.values()].flatMap(({ fields, provenance }) =>
      tuplesOf({
        video: names.get(provenance.source)!,
        frames: [...(fields['frames'] as Int32Array)] as unknown as [number, number, number, number, number],
      }),
    );
    const tuples = readTuples();
    expect(setOf(tuples)).toEqual(setOf(wanted));
    const { video, frames } = tuples[0]!;
    const picture = fileOf(`pictures/${video}/${video}_${String(frames[1] + 1).padStart(6, '0')}.jpg`);
    expect(existsSync(picture)).toBe(true);
    expect(await decodeImage(readFileSync(picture))).toMatchObject({ width: 64, height: 64 });
  });

  it('comes back as the same records, pictures and times, from the same corpus', async () => {
    const out = join(small.root, 'imported');
    const files = [fileOf('keys.txt'), fileOf('labels.txt')];
    const options = { files, format: 'authors', signal: 'temporal-order', out, corpus: small.corpus, set: smallOrder };
    const result = await runJob(importInto(options));
    expect(result.counts).toMatchObject({ absent: 0, beyondEnd: 0, unpaired: 0, contradictory: 0, failed: 0 });
    const [before, after] = [await recordsOf(small.mined), await recordsOf(out)];
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [key, { fields, provenance }] of after) {
      const mined = before.get(key)!;
      expect(provenance).toMatchObject({ source: mined.provenance.source, pts: mined.provenance.pts });
      const own = { ...mined.fields, policy: 'imported', weight: 0 };
      expect(fields).toEqual(own); // frames, distances, motion, likeness, patch and the very pictures
    }
    const again = await runJob(importInto(options));
    expect(again.digest).toBe(result.digest);
  }, 60_000);

  it('counts what the corpus lacks, and refuses what crosses a cut', async () => {
    const keys = join(small.root, 'keys.txt');
    const labels = join(small.root, 'labels.txt');
    const tuple = (video: string, numbers: readonly number[], label: number) => ({
      key: `${numbers.map((number) => `${video}/${video}_${String(number).padStart(6, '0')}`).join('\t')}\tnone\n`,
      label: `${label}\n`,
    });
    const rows = [
      tuple('v_film_G00_C01', [11, 20, 31], 1), // other capitals
      tuple('v_film_G00_C01', [11, 5, 31], 0),
      tuple('v_Film_g01_c01', [41, 50, 71], 1), // over the cut at 60
      tuple('v_Film_g01_c01', [41, 30, 71], 0),
      tuple('v_Film_g01_c01', [10, 20, 900], 1),
      tuple('v_Film_g01_c01', [10, 901, 900], 0),
      tuple('v_Nowhere', [11, 20, 31], 1),
      tuple('v_Nowhere', [11, 5, 31], 0),
    ];
    writeFileSync(keys, rows.map(({ key }) => key).join(''));
    writeFileSync(labels, rows.map(({ label }) => label).join(''));
    const out = join(small.root, 'partly');
    const options = { files: [keys, labels], format: 'authors', signal: 'temporal-order', out, corpus: small.corpus };
    const { counts } = await runJob(importInto({ ...options, set: smallOrder }));
    expect(counts).toMatchObject({ samples: 1, quintuples: 4, absent: 1, beyondEnd: 1 });
    const dataset = await openDataset(out);
    expect(dataset.summary.rejections).toEqual({ cut: 1 });
    expect([...((await dataset.sample(0)).fields['frames'] as Int32Array)]).toEqual([4, 10, 19, 30, -1]);
    await dataset.close();
  }, 60_000);

  it('refuses another signal, a missing corpus and an unknown format', async () => {
    const options = { files: ['a', 'b'], format: 'authors', signal: 'temporal-order', out: join(small.root, 'x') };
    await expect(runJob(importInto(options))).rejects.toThrow(/a does not exist/);
    await expect(runJob(importInto({ ...options, files: ['a'] }))).rejects.toThrow(/two files/);
    const files = [fileOf('keys.txt'), fileOf('labels.txt')];
    await expect(runJob(importInto({ ...options, files }))).rejects.toThrow(/--corpus must hold the videos/);
    await expect(runJob(importInto({ ...options, files, signal: 'clips' }))).rejects.toThrow(/not of clips/);
    await expect(runJob(exportFrom({ dir: small.mined, format: 'author', out: 'x' }))).rejects.toThrow(/"authors"/);
  });
});
