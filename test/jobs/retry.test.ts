import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot, readJsonLines, runJob, type FailureEntry } from '../../src/core/index.js';
import { forget, ingest, merge, mine, openDataset, readCorpus, retry } from '../../src/index.js';
import { buildClip, truncateFile } from '../fixtures/clips.js';
import { serveBytes, startServer, type TestServer } from '../ingest/fetch/server.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'worker.js'));
/** Names that are data and nothing else. */
const oddNames = [
  '-rf.mp4',
  `it's "quoted".mp4`,
  'line\nbreak.mp4',
  '%d-%05d.mp4',
  'größe 映画.mp4',
  '[a]*{b}?.mp4',
  '$(id);`id`&.mp4',
];

let root = '';
let clip = '';
let dir = '';
let isUp = false;
let server: TestServer;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'reelmine-retry-'));
  clip = await buildClip(join(root, 'clip.mp4'), 30);
  await buildClip(join(root, 'second.mp4'), 35);
  server = await startServer({
    '/v.mp4': (request, response) => {
      if (isUp) serveBytes(request, response, readFileSync(clip));
      else response.writeHead(503).end();
    },
    '/w.mp4': (request, response) => serveBytes(request, response, readFileSync(join(root, 'second.mp4'))),
  });
}, 30_000);
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  dir = mkdtempSync(join(root, 'case-'));
  isUp = false;
});

const settings = {
  fetch: { retries: 0, backoffSeconds: 0.01 },
  maxFailureShare: 1,
  duplicates: { near: 'off' }, // stretches of one file are near-duplicates of it
};
const run = (...sources: string[]) =>
  runJob(ingest({ sources, corpus: join(dir, 'corpus'), config: settings, workers: 1, decoder: 'libav' }));
const again = (reason?: string) => runJob(retry({ corpus: join(dir, 'corpus'), reason, workers: 1 }));
const ledger = () => readJsonLines<FailureEntry>(join(dir, 'corpus', 'failures.jsonl'));

describe.skipIf(!built)('retry (needs npm run build)', () => {
  it('tries only what failed for the reason asked, with all that its source said of it', async () => {
    const list = join(dir, 'list.csv');
    truncateFile(clip, join(dir, 'broken.mp4'), 0.4);
    writeFileSync(
      list,
      `path,url,start,end,label\nbroken.mp4,,,,x\nlater.mp4,,0.2,0.8,y\n,${server.url('/v.mp4')},,,z\n,${server.url('/w.mp4')},,,w\n`,
    );
    const first = await run(list);
    expect(first.counts).toMatchObject({ done: 1, failed: 3 });
    expect(
      ledger()
        .map(({ code }) => code)
        .sort(),
    ).toEqual(['cannot-open', 'download-failed', 'file-missing']);

    isUp = true;
    copyFileSync(join(root, 'second.mp4'), join(dir, 'later.mp4'));
    const missing = await again('file-missing');
    expect(missing).toMatchObject({ counts: { done: 1, skipped: 0, failed: 0 }, left: 2 });
    expect(
      ledger()
        .map(({ code, attempts }) => [code, attempts])
        .sort(),
    ).toEqual([
      ['cannot-open', 1],
      ['download-failed', 1],
    ]);
    const rest = await again();
    expect(rest).toMatchObject({ counts: { done: 1, failed: 1 }, left: 0 });
    expect(ledger()).toMatchObject([{ code: 'cannot-open', attempts: 2, path: join(dir, 'broken.mp4') }]);

    const { sources, digest } = await readCorpus(join(dir, 'corpus'));
    expect(sources.map(({ metadata }) => metadata!['label']).sort()).toEqual(['w', 'y', 'z']);
    expect(digest).toBe((await run(list)).digest);
  });

  it('says when there is nothing, and refuses a reason that is none', async () => {
    await run(clip);
    expect(await again()).toMatchObject({ counts: { done: 0, failed: 0 }, left: 0 });
    expect(() => retry({ corpus: dir, reason: 'file-mising' })).toThrow(/did you mean "file-missing"/);
    await expect(runJob(retry({ corpus: join(dir, 'nothing') }))).rejects.toMatchObject({ code: 'missing' });
  });

  it('finds what failed inside a corpus that was moved', async () => {
    const url = server.url('/v.mp4');
    expect((await run(url, clip)).counts).toMatchObject({ failed: 1 });
    isUp = true;
    renameSync(join(dir, 'corpus'), join(dir, 'moved'));
    const { counts } = await runJob(retry({ corpus: join(dir, 'moved'), workers: 1 }));
    expect(counts).toMatchObject({ done: 1, failed: 0 });
    expect(existsSync(join(dir, 'corpus'))).toBe(false);
  });
});

describe.skipIf(!built)('ingest of sources that are more than files (needs npm run build)', () => {
  it('takes names for data, whatever they hold, in folders, lists and pairs', async () => {
    const folder = join(dir, 'odd');
    mkdirSync(folder);
    for (const name of oddNames) copyFileSync(clip, join(folder, name));
    writeFileSync(
      join(dir, 'l.jsonl'),
      oddNames.map((name) => `${JSON.stringify({ path: `odd/${name}`, start: 0.4 })}\n`).join(''),
    );
    const { counts } = await run(
      folder,
      join(dir, 'l.jsonl'),
      `pairs:${join(folder, oddNames[0]!)},${join(folder, oddNames[2]!)}`,
    );
    expect(counts).toMatchObject({ done: 2 * oddNames.length + 1, failed: 0 });
    const { sources } = await readCorpus(join(dir, 'corpus'));
    expect(sources).toHaveLength(3);
    expect(sources.map(({ paths }) => paths.length).sort()).toEqual([1, oddNames.length, oddNames.length]);
  });

  it('downloads once what several stretches share, and goes on where a killed run stopped', async () => {
    const url = server.url('/w.mp4');
    writeFileSync(join(dir, 'l.csv'), `url,start,end\n${url},0,0.5\n${url},0.5,1\n${url},1,1.4\n`);
    const before = server.asked.length;
    const { counts, digest } = await run(join(dir, 'l.csv'));
    expect(counts).toMatchObject({ done: 3, failed: 0 });
    expect(server.asked.length - before).toBe(1);
    const { sources } = await readCorpus(join(dir, 'corpus'));
    expect(sources.map(({ video }) => video.frames).sort()).toEqual([10, 12, 13]);
    for (const { paths } of sources) expect(paths[0]).toMatch(/^media\/clips\/[0-9a-f]{16}\.reel\.json$/);
    expect(readFileSync(join(dir, 'corpus', 'archive.txt'), 'utf8')).toMatch(/^http [0-9a-f]{16}\.mp4\n$/);
    const same = await run(join(dir, 'l.csv'));
    expect(same).toMatchObject({ digest, counts: { done: 0, skipped: 3 } });
    expect(server.asked.length - before).toBe(1);
  });

  it('mines nothing outside a stretch, and forgets a download with the last of its stretches', async () => {
    const url = server.url('/w.mp4');
    writeFileSync(join(dir, 'l.csv'), `url,start,end\n${url},0,0.6\n${url},0.6,1.4\n`);
    await run(join(dir, 'l.csv'));
    const corpus = join(dir, 'corpus');
    const out = join(dir, 'mined');
    const set = ['length=5', 'width=16', 'height=16', 'storage=raw'];
    await runJob(mine({ signals: ['clips'], corpus, out, set, workers: 1, decoder: 'libav' }));
    const { sources } = await readCorpus(corpus);
    const dataset = await openDataset(out);
    const times = new Map<string, number[]>(sources.map(({ id }) => [id, []]));
    for await (const { provenance } of dataset.samples()) times.get(provenance.source)!.push(...provenance.pts);
    await dataset.close();
    for (const { id, video } of sources) {
      expect(times.get(id)!.length).toBeGreaterThanOrEqual(10);
      expect(Math.min(...times.get(id)!)).toBeGreaterThanOrEqual(video.startPts);
      expect(Math.max(...times.get(id)!)).toBeLessThan(video.endPts);
    }
    const urls = join(corpus, 'media', 'urls');
    for (const [i, { id }] of sources.entries()) {
      await runJob(forget({ sources: [id], dirs: [corpus] }));
      expect(readdirSync(urls)).toHaveLength(1 - i);
    }
    await expect(run(join(dir, 'l.csv'))).rejects.toMatchObject({ code: 'no-videos' }); // the archive still names them
  });

  it('unites what parts of a job could not use', async () => {
    const urls = [server.url('/v.mp4'), server.url('/gone.mp4')];
    for (const [i, url] of urls.entries())
      await runJob(
        ingest({
          sources: [url, server.url('/w.mp4')],
          corpus: join(dir, `p${i}`),
          config: settings,
          workers: 1,
          decoder: 'libav',
        }),
      );
    await runJob(merge({ dirs: urls.map((_, i) => join(dir, `p${i}`)), out: join(dir, 'corpus') }));
    isUp = true;
    expect(await again()).toMatchObject({ counts: { done: 1, failed: 1 }, left: 0 });
    expect(ledger()).toMatchObject([{ path: urls[1], code: 'download-refused', attempts: 2 }]);
  });

  it('writes lines of lists that cannot be used into the ledger until they are mended', async () => {
    const list = join(dir, 'l.jsonl');
    writeFileSync(list, `{"path":${JSON.stringify(clip)}}\n{"start":1}\n`);
    expect((await run(list)).counts).toMatchObject({ done: 1, failed: 1 });
    expect(ledger()).toMatchObject([{ code: 'bad-list-line', path: `${list}, line 2` }]);
    writeFileSync(list, `{"path":${JSON.stringify(clip)}}\n`);
    expect((await run(list)).counts).toMatchObject({ skipped: 1, failed: 0 });
    expect(ledger()).toEqual([]);
  });
});
