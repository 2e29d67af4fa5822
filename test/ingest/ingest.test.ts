import { spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtModule, packageRoot, readJsonLines, runJob, type ProgressEvent } from '../../src/core/index.js';
import { downloadName } from '../../src/ingest/fetch/place.js';
import { ingest, ingestConfig, readCorpus, sourcePath, type IngestOptions } from '../../src/ingest/index.js';
import { buildClip, cutsAt, truncateFile } from '../fixtures/clips.js';
import { testData } from '../fixtures/test-data.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'worker.js'));
let dir = '';
let media = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-ingest-'));
  media = join(dir, 'videos');
  mkdirSync(join(media, 'sub'), { recursive: true });
  for (let i = 0; i < 6; i++) await buildClip(join(media, `clip${i}.mp4`), 50 + i, { cuts: cutsAt });
  copyFileSync(join(media, 'clip0.mp4'), join(media, 'sub', 'copy.mp4'));
  truncateFile(join(media, 'clip1.mp4'), join(media, 'broken.mp4'), 0.4);
  writeFileSync(join(media, 'notes.txt'), 'no video');
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const settings = (set: object) => ingestConfig.parse({ duplicates: { near: 'off' }, ...set });
const options = (corpus: string, more: Partial<IngestOptions> = {}): IngestOptions => ({
  sources: [media],
  corpus: join(dir, corpus),
  // The clips of these tests are all of one kind.
  config: settings({}),
  decoder: 'libav',
  workers: 2,
  seed: 1,
  now: () => new Date('2020-01-01T00:00:00Z'),
  ...more,
});
const run = (corpus: string, more: Partial<IngestOptions> = {}, onEvent?: (event: ProgressEvent) => void) =>
  runJob(ingest(options(corpus, more)), (event) => event.kind === 'progress' && onEvent?.(event));

describe.skipIf(!built)('ingest (needs npm run build)', () => {
  it('makes a corpus: sources by id, a ledger, duplicates, counts', async () => {
    const events: ProgressEvent[] = [];
    const result = await run('whole', {}, (event) => events.push(event));
    expect(result.counts).toEqual({ done: 7, skipped: 0, failed: 1, ignored: 1, absent: 0, duplicates: 1 });
    expect(result.stopped).toBe(false);
    expect(events.at(-1)).toMatchObject({ done: 8, total: 8, unit: 'videos' });
    const corpus = await readCorpus(join(dir, 'whole'));
    expect(corpus.digest).toBe(result.digest);
    expect(corpus.sources).toHaveLength(6);
    expect(corpus.sources.map(({ id }) => id)).toEqual(corpus.sources.map(({ id }) => id).toSorted());
    expect(corpus.failures).toMatchObject([
      {
        code: 'cannot-open',
        path: join(media, 'broken.mp4'),
        stage: 'ingest',
        attempts: 1,
        at: '2020-01-01T00:00:00.000Z',
      },
    ]);
    const twice = corpus.sources.find(({ paths }) => paths.length === 2)!;
    expect(twice.paths).toEqual([join(media, 'clip0.mp4'), join(media, 'sub', 'copy.mp4')]);
    expect(readJsonLines(join(dir, 'whole', 'duplicates.jsonl'))).toEqual([
      { source: twice.id, kept: twice.id, path: join(media, 'sub', 'copy.mp4'), kind: 'exact', distance: 0 },
    ]);
    for (const source of corpus.sources) expect(source.shots).toHaveLength(3);
    expect(sourcePath(corpus.root, twice)).toBe(join(media, 'clip0.mp4'));
  });

  it('gives one digest for any number of workers and any place of the same files', async () => {
    const { digest } = await run('one', { workers: 1 });
    expect((await run('three', { workers: 3 })).digest).toBe(digest);
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    for (let i = 5; i >= 0; i--) copyFileSync(join(media, `clip${i}.mp4`), join(elsewhere, `other${9 - i}.mp4`));
    expect((await run('moved', { sources: [elsewhere] })).digest).toBe(digest);
  });

  it('probes nothing again that has not changed, and what has', async () => {
    const folder = join(dir, 'changing');
    mkdirSync(folder);
    for (const i of [0, 1, 2]) copyFileSync(join(media, `clip${i}.mp4`), join(folder, `${i}.mp4`));
    const first = await run('again', { sources: [folder] });
    const again = await run('again', { sources: [folder] });
    expect(again.counts).toMatchObject({ done: 0, skipped: 3 });
    expect(again.digest).toBe(first.digest);
    copyFileSync(join(media, 'clip3.mp4'), join(folder, '1.mp4'));
    const changed = await run('again', { sources: [folder] });
    expect(changed.counts).toMatchObject({ done: 1, skipped: 2 });
    expect((await readCorpus(join(dir, 'again'))).sources).toHaveLength(3);
    utimesSync(join(folder, '2.mp4'), 1, 1);
    expect((await run('again', { sources: [folder] })).counts).toMatchObject({ done: 1, skipped: 2 });
  });

  it('decodes nothing again for another rule, and everything for other settings of what is measured', async () => {
    const folder = join(dir, 'rules');
    mkdirSync(folder);
    for (const i of [0, 1, 2]) copyFileSync(join(media, `clip${i}.mp4`), join(folder, `${i}.mp4`));
    const inside = { sources: [folder] };
    const first = await run('rules', inside);
    const short = await run('rules', { ...inside, config: settings({ minSeconds: 2.06 }) });
    expect(short.counts).toMatchObject({ done: 0, skipped: 1, failed: 2 });
    expect(short.failures).toMatchObject([
      { code: 'too-short', attempts: 1, path: join(folder, '0.mp4') },
      { code: 'too-short', attempts: 1, path: join(folder, '1.mp4') },
    ]);
    const again = await run('rules', { ...inside, config: settings({ minSeconds: 2.06 }) });
    expect(again.failures.map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect((await readCorpus(join(dir, 'rules'))).sources).toHaveLength(1);
    const back = await run('rules', inside);
    expect(back).toMatchObject({ digest: first.digest, failures: [], counts: { done: 0, skipped: 3 } });
    const others = { ...inside, config: settings({ shots: { minShotFrames: 5 } }) };
    await expect(run('rules', { ...others, limit: 2 })).rejects.toMatchObject({ code: 'corpus-settings' });
    expect((await run('rules', others)).counts).toMatchObject({ done: 3, skipped: 0 });
  });

  it('counts attempts over runs, and clears what then succeeds', async () => {
    const folder = join(dir, 'mending');
    mkdirSync(folder);
    truncateFile(join(media, 'clip1.mp4'), join(folder, 'a.mp4'), 0.4);
    await run('mended', { sources: [folder] });
    expect((await run('mended', { sources: [folder] })).failures).toMatchObject([{ attempts: 2 }]);
    copyFileSync(join(media, 'clip1.mp4'), join(folder, 'a.mp4'));
    expect((await run('mended', { sources: [folder] })).failures).toEqual([]);
  });

  it('divides the work into parts without rest or overlap, and takes a limit', async () => {
    const parts = await Promise.all(
      [0, 1].map(async (index) => {
        await run(`part${index}`, { part: { index, count: 2 }, sources: [join(media, 'clip?.mp4')] });
        return (await readCorpus(join(dir, `part${index}`))).sources.map(({ id }) => id);
      }),
    );
    expect(new Set(parts.flat()).size).toBe(6);
    expect(parts.flat()).toHaveLength(6);
    expect(
      (await run('limited', { limit: 2 })).counts.done + (await readCorpus(join(dir, 'limited'))).failures.length,
    ).toBe(2);
  });

  it('gives up beyond the allowed share of failures, and keeps what was done', async () => {
    const config = settings({ maxFailureShare: 0, judgedFrom: 1 });
    await expect(run('strict', { config })).rejects.toMatchObject({ code: 'too-many-failures' });
    expect((await readCorpus(join(dir, 'strict'))).failures).toHaveLength(1);
  });

  it('refuses sources without any video', async () => {
    const folder = join(dir, 'no-videos');
    mkdirSync(folder);
    writeFileSync(join(folder, 'notes.txt'), 'no video');
    await expect(run('none', { sources: [folder] })).rejects.toMatchObject({
      code: 'no-videos',
      message: expect.stringContaining('1 other files were ignored') as unknown,
    });
  });

  it('never ends as done where the archive names all there is to fetch, and nothing of it is there', async () => {
    const url = 'https://example.invalid/v.mp4';
    mkdirSync(join(dir, 'archived'));
    writeFileSync(join(dir, 'archived', 'archive.txt'), `http ${downloadName(url)}\n`);
    await expect(run('archived', { sources: [url] })).rejects.toMatchObject({
      code: 'no-videos',
      message: expect.stringContaining('archive.txt names all 1 addresses') as unknown,
    });
    // What else is there is taken.
    const clip = join(media, 'clip0.mp4');
    expect((await run('archived', { sources: [url, clip] })).counts).toMatchObject({ done: 1, skipped: 1, failed: 0 });
    expect((await run('archived', { sources: [url] })).counts).toMatchObject({ done: 0, skipped: 1, failed: 0 });
  });

  it('stops when asked, says so, and goes on later to the same digest', async () => {
    const stop = new AbortController();
    const result = await runJob(
      ingest(options('stopped', { workers: 1 }), stop.signal),
      (event) => event.kind === 'progress' && event.done === 2 && stop.abort(),
    );
    expect(result.stopped).toBe(true);
    expect(result.counts.done + result.counts.failed).toBeLessThan(5);
    expect((await readCorpus(join(dir, 'stopped'))).sources.length).toBeGreaterThan(0);
    const rest = await run('stopped');
    expect(rest.counts.skipped).toBeGreaterThan(0);
    expect(rest.digest).toBe((await readCorpus(join(dir, 'whole'))).digest);
  });

  it('goes on after kill -9 to the digest of a run that was not killed', async () => {
    const corpus = join(dir, 'killed');
    const program = `
      const { ingest, ingestConfig } = await import(${JSON.stringify(builtModule('ingest/index'))});
      ingest({ sources: [${JSON.stringify(media)}], corpus: ${JSON.stringify(corpus)}, config: ingestConfig.parse({ duplicates: { near: 'off' } }), decoder: 'libav',
        workers: 1, seed: 1, now: () => new Date(0) }).subscribe(() => {});`;
    const journal = join(corpus, 'ingest-journal.jsonl');
    const lines = () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length - 1 : 0);
    for (const target of [2, 4]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
      while (lines() < target && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill('SIGKILL');
    }
    // A line that the kill cut off.
    appendFileSync(journal, '{"path":"half');
    const result = await run('killed');
    expect(result.counts.skipped).toBeGreaterThanOrEqual(2);
    expect(result.counts.done).toBeGreaterThan(0);
    expect(result.digest).toBe((await readCorpus(join(dir, 'whole'))).digest);
  });

  it('replaces a process that dies and tries its video once more, then writes worker-died', async () => {
    const long = join(dir, 'long');
    mkdirSync(long);
    await buildClip(join(long, 'long.mp4'), 900, { width: 320, height: 240, preset: 'ultrafast' });
    const workersNow = () =>
      readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter((pid) => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('ingest/worker');
          } catch {
            return false;
          }
        });
    const killing = async (times: number, work: Promise<unknown>) => {
      const killed = new Set<string>();
      const state = { over: false };
      void work.finally(() => (state.over = true)).catch(() => {});
      while (killed.size < times && !state.over) {
        for (const pid of workersNow()) {
          if (killed.has(pid) || killed.size >= times) continue;
          process.kill(Number(pid), 'SIGKILL');
          killed.add(pid);
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return killed.size;
    };
    const once = run('died-once', { sources: [long], workers: 1 });
    expect(await killing(1, once)).toBe(1);
    expect((await once).counts).toMatchObject({ done: 1, failed: 0 });
    const twice = run('died-twice', { sources: [long], workers: 1 });
    expect(await killing(2, twice)).toBe(2);
    expect((await twice).failures).toMatchObject([
      { code: 'worker-died', message: expect.stringContaining('SIGKILL') as unknown },
    ]);
    const hung = await run('hung', { sources: [long], config: settings({ timeoutSeconds: 0.05 }) });
    expect(hung.failures).toMatchObject([{ code: 'timeout' }]);
  });

  it('refuses a manifest that is not the one its corpus names, and a newer schema', async () => {
    const folder = join(dir, 'damaged');
    await run('damaged', { limit: 3 });
    const manifest = join(folder, 'manifest.jsonl');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.split('\n').slice(1).join('\n'));
    await expect(readCorpus(folder)).rejects.toMatchObject({ code: 'corrupt' });
    writeFileSync(manifest, text);
    const file = join(folder, 'corpus.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"schema": 1', '"schema": 2'));
    await expect(readCorpus(folder)).rejects.toMatchObject({ code: 'newer-schema' });
    await expect(readCorpus(join(dir, 'nowhere'))).rejects.toMatchObject({ code: 'missing' });
  });

  it.skipIf(!existsSync('/dev/full'))('says that the disk is full, and goes on when it is not', async () => {
    const folder = join(dir, 'full');
    mkdirSync(folder);
    const beside = join(folder, `manifest.jsonl.${process.pid}.tmp`);
    symlinkSync('/dev/full', beside);
    await expect(run('full', { limit: 2 })).rejects.toMatchObject({ code: 'disk-full' });
    rmSync(beside);
    expect((await run('full', { limit: 2 })).counts).toMatchObject({ done: 0, skipped: 1 });
  });

  it('leaves what a newer version has written as it is', async () => {
    const folder = join(dir, 'newer');
    await run('newer', { limit: 2 });
    for (const [name, from, to] of [
      ['corpus.json', '"schema": 1', '"schema": 2'],
      ['ingest-journal.jsonl', '{"schema":1', '{"schema":2'],
    ] as const) {
      const file = join(folder, name);
      const [before, manifest] = [file, join(folder, 'manifest.jsonl')].map((path) => readFileSync(path, 'utf8'));
      const newer = before!.replace(from, to);
      expect(newer).not.toBe(before);
      writeFileSync(file, newer);
      await expect(run('newer'), name).rejects.toMatchObject({ code: 'newer-schema' });
      expect(readFileSync(file, 'utf8')).toBe(newer);
      expect(readFileSync(join(folder, 'manifest.jsonl'), 'utf8')).toBe(manifest);
      writeFileSync(file, before!);
    }
    expect((await run('newer', { limit: 2 })).counts).toMatchObject({ done: 0, skipped: 1 });
  });

  it('makes a synthetic corpus that can be moved as a whole', async () => {
    const made = await run('synthetic', { sources: ['synthetic:5'], limit: 4 });
    expect(made.counts).toMatchObject({ done: 4, failed: 0 });
    const corpus = await readCorpus(join(dir, 'synthetic'));
    for (const source of corpus.sources) {
      expect(source).toMatchObject({ kind: 'synthetic', origin: 'synthetic:5' });
      expect(source.audio).not.toBeNull();
      expect(source.benchmarks.synthetic).toHaveLength(1);
      expect(source.paths[0]).toMatch(/^media\/synthetic-5\//);
    }
    renameSync(join(dir, 'synthetic'), join(dir, 'moved-synthetic'));
    const again = await run('moved-synthetic', { sources: ['synthetic:5'], limit: 4 });
    expect(again).toMatchObject({ digest: made.digest, counts: { done: 0, skipped: 4 } });
  });
});

const data = testData();
describe.skipIf(data === null || !built)('ingest of odd files (needs the shared test data and npm run build)', () => {
  it('gives every file its decodable frames or a clear code', async () => {
    const result = await run('odd', { sources: [join(data!, 'odd')] });
    const { sources } = await readCorpus(join(dir, 'odd'));
    const frames = Object.fromEntries(sources.map(({ paths, video }) => [paths[0]!.split('/').at(-1), video.frames]));
    const codes = Object.fromEntries(result.failures.map(({ path, code }) => [path.split('/').at(-1), code]));
    expect(codes).toEqual({
      'broken.mp4': 'cannot-open',
      'empty.flv': 'cannot-open',
      'input_audio_only_10sec.mp4': 'no-video',
    });
    expect(frames).toEqual({
      ...readDecodable(join(data!, 'README.md')),
      // Two of its 170 pictures are shown at times that have passed.
      'no_timescale.mp4': 168,
    });
  });
});

/** The decodable frames of the odd files, from the table in the data's own README; failing files left out. */
function readDecodable(readme: string): Record<string, number> {
  const section = readFileSync(readme, 'utf8').split('## Odd and damaged files')[1]!.split('\n## ')[0]!;
  const rows = [...section.matchAll(/^\| `(.+?)` \|.*\/ (\d+)(?: \(with errors\))? \|$/gm)].map(
    (row) => [row[1]!, Number(row[2])] as const,
  );
  return Object.fromEntries(rows.filter(([, count]) => count > 0));
}
