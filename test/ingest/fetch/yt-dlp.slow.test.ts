import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment, runJob, runProcess } from '../../../src/core/index.js';
import { ingest, ingestConfig, readCorpus } from '../../../src/ingest/index.js';
import { buildClip } from '../../fixtures/clips.js';
import { serveBytes, startServer, type TestServer } from './server.js';

/** The program: `REELMINE_YT_DLP`, else the one on the PATH, else from PyPI into a folder of its own. */
async function findYtDlp(folder: string): Promise<string | null> {
  for (const program of [readEnvironment('REELMINE_YT_DLP'), 'yt-dlp']) {
    if (program === undefined) continue;
    const version = await runProcess(program, ['--version']).catch(() => null);
    if (version?.status === 0) return program;
  }
  const made = await runProcess('python3', ['-m', 'venv', folder]).catch(() => null);
  if (made?.status !== 0) return null;
  const installed = await runProcess(join(folder, 'bin', 'pip'), ['install', '-q', 'yt-dlp'], { timeoutMs: 240_000 });
  return installed.status === 0 ? join(folder, 'bin', 'yt-dlp') : null;
}

let tools = '';
let ytDlp: string | null = null;
let clip = new Uint8Array();
let dir = '';
let server: TestServer | null = null;
beforeAll(async () => {
  tools = mkdtempSync(join(tmpdir(), 'reelmine-yt-dlp-'));
  ytDlp = await findYtDlp(join(tools, 'venv'));
  clip = readFileSync(await buildClip(join(tools, 'clip.mp4'), 40));
  return () => rmSync(tools, { recursive: true, force: true });
}, 300_000);
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'reelmine-site-'))));
afterEach(async () => {
  await server?.close();
  rmSync(dir, { recursive: true, force: true });
});

const run = (sources: readonly string[], fetch: Record<string, unknown> = {}) =>
  runJob(
    ingest({
      sources,
      corpus: join(dir, 'corpus'),
      config: ingestConfig.parse({ fetch: { ytDlp, backoffSeconds: 0.1, retries: 1, ...fetch }, maxFailureShare: 1 }),
      decoder: 'libav',
      workers: 1,
      seed: 1,
      now: () => new Date(0),
    }),
  );

const page = (...urls: string[]) =>
  `<html><head><title>A clip</title></head><body>${urls.map((url) => `<video src="${url}"></video>`).join('')}</body></html>`;

describe('ingest through yt-dlp (needs it, or python3 to install it)', () => {
  it('finds the video of a page, keeps facts and archive, and fetches nothing twice', async (context) => {
    if (ytDlp === null) return context.skip();
    server = await startServer({
      '/page': (_request, response) =>
        void response.writeHead(200, { 'content-type': 'text/html' }).end(page(server!.url('/files/clip.mp4'))),
      '/files/clip.mp4': (request, response) => serveBytes(request, response, clip),
      '/two': (_request, response) => {
        const urls = ['/files/clip.mp4?1', '/files/clip.mp4?2'].map((path) => server!.url(path));
        response.writeHead(200, { 'content-type': 'text/html' }).end(page(...urls));
      },
      '/gone': (_request, response) => void response.writeHead(410).end(),
    });
    const [url, gone] = [server.url('/page'), server.url('/gone')];
    const two = server.url('/two');
    const first = await run([url, gone, two]);
    expect(first.failures).toMatchObject([
      { path: gone, code: 'download-refused' },
      { path: two, code: 'download-refused', message: expect.stringMatching(/several videos/) as unknown },
    ]);
    expect(first.counts).toMatchObject({ done: 1, failed: 2 });
    const { sources } = await readCorpus(join(dir, 'corpus'));
    expect(sources[0]).toMatchObject({ origin: url, metadata: { extractor: 'html5' } });
    expect(sources[0]!.metadata!['title']).toMatch(/^A clip/);
    expect(sources[0]!.paths[0]).toMatch(/^media\/urls\/[0-9a-f]{16}\.video$/);
    expect(readFileSync(join(dir, 'corpus', 'archive.txt'), 'utf8')).toMatch(/^\S+ \S+\n$/);
    const asked = server.asked.length;
    expect((await run([url])).counts).toMatchObject({ done: 0, skipped: 1 });
    expect(server.asked).toHaveLength(asked);
    const left = readdirSync(join(dir, 'corpus', 'media', 'urls')).filter((name) => !name.endsWith('.info.json'));
    expect(left.filter((name) => !name.endsWith('.part'))).toHaveLength(1);
  }, 120_000);

  it('heeds an archive that names the video, a limit of bytes, and arguments passed through', async (context) => {
    if (ytDlp === null) return context.skip();
    server = await startServer({
      '/watch': (request, response) => serveBytes(request, response, clip),
      '/other': (request, response) => {
        const isAsked = request.headers['x-pass'] === 'yes';
        if (isAsked) serveBytes(request, response, clip);
        else response.writeHead(403).end();
      },
    });
    writeFileSync(join(dir, 'archive.txt'), 'generic watch\n');
    const archived = await run([server.url('/watch')], { with: 'yt-dlp', archive: join(dir, 'archive.txt') });
    expect(archived.counts).toMatchObject({ done: 0, skipped: 1, failed: 0 });
    const large = await run([server.url('/watch')], { with: 'yt-dlp', maxBytes: 1000 });
    expect(large.failures).toMatchObject([{ code: 'download-too-large' }]);
    const passed = await run([server.url('/other')], { ytDlpArguments: ['--add-headers', 'X-Pass:yes'] });
    expect(passed.counts).toMatchObject({ done: 1 });
    const written = readFileSync(join(dir, 'corpus', 'corpus.json'), 'utf8');
    expect(written).not.toContain('X-Pass');
    expect(existsSync(join(dir, 'corpus', 'media', 'urls'))).toBe(true);
  }, 120_000);
});
