import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DatasetStage, Sample } from '../../src/core/index.js';
import { forgetSources, openSink, verifyDataset } from '../../src/store/index.js';
import { makeHeader, makeTemporaryFolder, makeUnit, sourceId } from './fixture.js';

const gone = sourceId(3);
const units = Array.from({ length: 24 }, (_, n) => makeUnit(sourceId(n >> 1), n % 2, 3));
const noStage = () => Promise.resolve(null);

/** Labels name the source with the most samples so far: they change with every source. */
async function learn(samples: AsyncIterable<Sample>): Promise<DatasetStage> {
  const labels = new Map<string, { place: number }>();
  for await (const { key } of samples) labels.set(key, { place: labels.size });
  const data = Float32Array.of(labels.size);
  return { labels, artefacts: { size: { dtype: 'float32', shape: [1], data } } };
}

async function write(dir: string, list: typeof units, runStage: typeof learn | typeof noStage): Promise<string> {
  const sink = await openSink({ dir, header: makeHeader(), shards: 3 });
  await Promise.all(list.map((unit) => sink.writeUnit(unit)));
  return (await sink.finish(await runStage(sink.samples()))).digest;
}

/** Everything by which the source could be found again. */
function needles(): Buffer[] {
  const own = units.filter(({ source }) => source === gone).flatMap(({ samples }) => samples);
  return [Buffer.from(gone), ...own.map(({ fields }) => Buffer.from(fields['pixels'] as Uint8Array))];
}

function filesThatHold(dir: string, wanted: readonly Buffer[]): string[] {
  return readdirSync(dir).filter((name) => wanted.some((bytes) => readFileSync(join(dir, name)).includes(bytes)));
}

describe('forgetSources', () => {
  it('leaves nothing of a source in any file, and the digest of a dataset that never had it', async () => {
    for (const runStage of [noStage, learn]) {
      const dir = makeTemporaryFolder();
      await write(dir, units, runStage);
      writeFileSync(join(dir, '00000.mdb.damaged'), gone);
      const lines = [gone, sourceId(4), null].map((source) =>
        JSON.stringify({ source, path: `/v/${source ?? 'film-3'}.mp4`, stage: 'mine', code: 'timeout', attempts: 1 }),
      );
      writeFileSync(join(dir, 'failures.jsonl'), `${lines.join('\n')}\n`);
      expect(filesThatHold(dir, needles()).length).toBeGreaterThanOrEqual(3);
      const sources = new Set([gone]);
      const report = await forgetSources({ dir, sources, paths: new Set(['/v/film-3.mp4']), runStage });
      expect(report).toMatchObject({ units: 2, samples: 6, failures: 2 });
      expect(filesThatHold(dir, [...needles(), Buffer.from('film-3')])).toEqual([]);
      const rest = units.filter(({ source }) => source !== gone);
      expect(report.summary?.digest).toBe(await write(makeTemporaryFolder(), rest, runStage));
      expect((await verifyDataset(dir)).problems).toEqual([]);
    }
  });

  it('removes a source from a dataset that is not finished, which can then be gone on with', async () => {
    const dir = makeTemporaryFolder();
    const sink = await openSink({ dir, header: makeHeader(), shards: 3 });
    for (const unit of units.slice(0, 12)) await sink.writeUnit(unit);
    await sink.close();
    const report = await forgetSources({ dir, sources: new Set([gone]), runStage: noStage });
    expect(report).toMatchObject({ units: 2, summary: null });
    expect(filesThatHold(dir, needles())).toEqual([]);
    const again = await openSink({ dir, header: makeHeader() });
    for (const unit of units) if (!again.hasUnit(unit.source, unit.shot)) await again.writeUnit(unit);
    expect((await again.finish(null)).digest).toBe(await write(makeTemporaryFolder(), units, noStage));
  });

  it('goes on where it was interrupted, and does nothing for a source that is not there', async () => {
    const dir = makeTemporaryFolder();
    await write(dir, units, noStage);
    const sources = new Set([gone]);
    const broken = () => Promise.reject(new Error('killed here'));
    await expect(forgetSources({ dir, sources, runStage: broken })).rejects.toThrow('killed here');
    const rest = units.filter(({ source }) => source !== gone);
    const digest = await write(makeTemporaryFolder(), rest, noStage);
    expect((await forgetSources({ dir, sources, runStage: noStage })).summary?.digest).toBe(digest);
    const before = readFileSync(join(dir, '00001.mdb'));
    const absent = await forgetSources({ dir, sources: new Set(['0'.repeat(16)]), runStage: broken });
    expect(absent).toMatchObject({ units: 0, summary: { digest } });
    expect(readFileSync(join(dir, '00001.mdb')).equals(before)).toBe(true);
  });

  it('goes on belonging to its corpus, from which the source was removed too', async () => {
    const dir = makeTemporaryFolder();
    await write(dir, units, noStage);
    const digests = new Map([[makeHeader().corpusDigest, 'd'.repeat(64)]]);
    await forgetSources({ dir, sources: new Set([gone]), digests, runStage: noStage });
    await (await openSink({ dir, header: makeHeader({ corpusDigest: 'd'.repeat(64) }) })).close();
    await expect(openSink({ dir, header: makeHeader() })).rejects.toMatchObject({ code: 'other-header' });
  });

  it('refuses a damaged shard and changes nothing in it', async () => {
    const dir = makeTemporaryFolder();
    await write(dir, units, noStage);
    for (const name of readdirSync(dir).filter((file) => file.endsWith('.mdb'))) {
      const bytes = readFileSync(join(dir, name));
      if (!bytes.includes(needles()[2]!)) continue;
      // Pages that are free now may hold it too.
      for (let at = bytes.indexOf(needles()[2]!); at >= 0; at = bytes.indexOf(needles()[2]!)) bytes[at]! ^= 1;
      writeFileSync(join(dir, name), bytes);
      const forgetting = forgetSources({ dir, sources: new Set([gone]), runStage: noStage });
      await expect(forgetting).rejects.toThrow(/--repair/);
      expect(readFileSync(join(dir, name)).equals(bytes)).toBe(true);
    }
  });
});
