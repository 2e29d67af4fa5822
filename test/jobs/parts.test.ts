import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forget, ingest, merge, mine, readCorpus, runJob, verify } from '../../src/index.js';
import { makeSmallCorpus, smallOrder } from './small-corpus.js';

let small: Awaited<ReturnType<typeof makeSmallCorpus>>;
beforeAll(async () => {
  small = await makeSmallCorpus();
}, 60_000);
afterAll(() => rmSync(small.root, { recursive: true }));

const at = (name: string) => join(small.root, name);
const film = (n: number) => join(small.root, 'videos', `v_Film_g0${n}_c01.mp4`);
const mineInto = (out: string, corpus: string, more: object = {}) =>
  runJob(mine({ signals: ['temporal-order'], corpus, out, workers: 1, set: smallOrder, ...more }));
const digestOf = (result: Awaited<ReturnType<typeof mineInto>>) => result.signals['temporal-order']?.summary?.digest;

function filesThatHold(dir: string, text: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(dir, name)).isFile() && readFileSync(join(dir, name)).includes(text),
  );
}

describe('merge', () => {
  it('makes of the parts of a mining job what the whole job makes', async () => {
    const parts = at('mined.parts');
    for (const index of [0, 1])
      await mineInto(join(parts, 'parts', String(index)), small.corpus, { part: { index, count: 2 } });
    const merged = await runJob(merge({ dirs: [parts], out: at('merged') }));
    expect(merged).toMatchObject({ kind: 'dataset', digest: digestOf(small.result), missing: [] });
    // It is the whole job's dataset: mining goes on with it, and finds nothing to do.
    const again = await mineInto(at('merged'), small.corpus);
    expect(again.counts).toMatchObject({ done: 0, skipped: 2 });
    await expect(runJob(merge({ dirs: [join(parts, 'parts', '0')], out: at('half') }))).rejects.toMatchObject({
      code: 'missing-parts',
    });
  });

  it('makes of corpora the one that ingesting everything at once makes, with each content once', async () => {
    const synthetic = ['synthetic:5'];
    await runJob(ingest({ sources: [film(0), ...synthetic], corpus: at('c0'), workers: 1, limit: 2 }));
    await runJob(ingest({ sources: [film(0), film(1), ...synthetic], corpus: at('c1'), workers: 1, limit: 3 }));
    await runJob(ingest({ sources: [film(0), film(1), ...synthetic], corpus: at('both'), workers: 1, limit: 3 }));
    const merged = await runJob(merge({ dirs: [at('c0'), at('c1')], out: at('united') }));
    const [united, both] = [await readCorpus(at('united')), await readCorpus(at('both'))];
    expect(merged).toMatchObject({ kind: 'corpus', digest: both.digest });
    expect(united.sources.map(({ id }) => id)).toEqual(both.sources.map(({ id }) => id));
    expect((await verify(at('united'))).problems).toEqual([]);
    // Once more into the result is no error; what gives another corpus is one.
    expect(await runJob(merge({ dirs: [at('c0'), at('c1')], out: at('united') }))).toEqual(merged);
    await expect(runJob(merge({ dirs: [at('c0')], out: at('united') }))).rejects.toMatchObject({ code: 'exists' });
    const again = { sources: [film(0), film(1), ...synthetic], corpus: at('united'), workers: 1, limit: 3 };
    expect((await runJob(ingest(again))).counts).toMatchObject({ done: 0, skipped: 3 });
  });

  it('refuses folders of different kinds and corpora of other settings', async () => {
    await expect(runJob(merge({ dirs: [small.corpus, small.mined], out: at('no') }))).rejects.toThrow(/of one kind/);
    await expect(runJob(merge({ dirs: [join(small.root, 'videos')], out: at('no') }))).rejects.toThrow(/of one kind/);
  });
});

describe('forget', () => {
  it('removes a source from corpus and dataset, and both go on as if it had never been there', async () => {
    const { corpus, mined } = { corpus: at('forgetful'), mined: at('forgetful-mined') };
    await runJob(ingest({ sources: [join(small.root, 'videos')], corpus, workers: 1 }));
    await mineInto(mined, corpus);
    const { sources } = await readCorpus(corpus);
    const gone = sources.find(({ paths }) => paths.includes(film(1)))!;
    expect(filesThatHold(corpus, gone.id)).toEqual(expect.arrayContaining(['manifest.jsonl', 'ingest-journal.jsonl']));
    expect(filesThatHold(mined, gone.id)).toHaveLength(1);
    const result = await runJob(forget({ sources: [gone.id], dirs: [corpus, mined] }));
    expect(result).toMatchObject({ counts: { done: 2, failed: 0 }, remains: [] });
    for (const text of [gone.id, gone.sha256, 'v_Film_g01']) {
      expect(filesThatHold(corpus, text)).toEqual([]);
      expect(filesThatHold(mined, text)).toEqual([]);
    }
    const alone = await runJob(ingest({ sources: [film(0)], corpus: at('alone'), workers: 1 }));
    expect((await readCorpus(corpus)).digest).toBe(alone.digest);
    const fresh = await mineInto(at('alone-mined'), at('alone'));
    const again = await mineInto(mined, corpus);
    expect(again.counts).toMatchObject({ done: 0, skipped: 1 });
    expect(digestOf(again)).toBe(digestOf(fresh));
    expect((await verify(mined)).problems).toEqual([]);
    await expect(runJob(forget({ sources: [gone.id], dirs: [corpus, mined] }))).rejects.toMatchObject({
      code: 'unknown-source',
    });
  });

  it('deletes media that the corpus made itself', async () => {
    const corpus = at('made');
    await runJob(ingest({ sources: ['synthetic:9'], corpus, workers: 1, limit: 2 }));
    const [gone, stays] = (await readCorpus(corpus)).sources;
    await runJob(forget({ sources: [gone!.id], dirs: [corpus] }));
    expect(() => statSync(join(corpus, gone!.paths[0]!))).toThrow(/ENOENT/);
    expect((await verify(corpus)).problems).toEqual([]);
    expect((await readCorpus(corpus)).sources).toEqual([stays]);
  });
});

describe('verify', () => {
  it('rebuilds a damaged manifest from the journal, to the same digest', async () => {
    const { digest } = await readCorpus(small.corpus);
    const manifest = join(small.corpus, 'manifest.jsonl');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace(/"durationSeconds":\d/, '"durationSeconds":9'));
    await expect(verify(small.corpus)).rejects.toMatchObject({ code: 'corrupt' });
    const check = await verify(small.corpus, { repair: true });
    expect(check).toMatchObject({ digest, repair: { left: [] } });
    expect(check.problems).toHaveLength(1);
    expect(readFileSync(manifest, 'utf8')).toBe(text);
    expect((await verify(small.corpus, { repair: true })).repair).toBeNull();
  });
});
