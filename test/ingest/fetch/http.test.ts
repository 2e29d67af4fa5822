import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchConfig } from '../../../src/ingest/fetch/config.js';
import { downloadByHttp } from '../../../src/ingest/fetch/http.js';
import { createPace, waitSeconds } from '../../../src/ingest/fetch/pace.js';
import { addressEndsLikeVideo, downloadName, isAddress } from '../../../src/ingest/fetch/place.js';
import { serveBytes, startServer, type Answer, type TestServer } from './server.js';

const bytes = Uint8Array.from({ length: 60_000 }, (_, i) => (i * 31 + (i >> 8)) % 251);
let dir = '';
let server: TestServer | null = null;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'reelmine-http-'))));
afterEach(async () => {
  await server?.close();
  server = null;
  rmSync(dir, { recursive: true, force: true });
});

async function download(answer: Answer, settings: Record<string, unknown> = {}, signal = new AbortController().signal) {
  server = await startServer({ '/a.mp4': answer });
  const config = fetchConfig.parse({ backoffSeconds: 0.01, ...settings });
  const file = join(dir, 'a.mp4');
  await downloadByHttp({ url: server.url('/a.mp4'), file }, { config, pace: createPace(config), signal });
  expect(Buffer.compare(readFileSync(file), bytes)).toBe(0);
  expect(existsSync(`${file}.part`) || existsSync(`${file}.part.json`)).toBe(false);
  return server.asked;
}

describe('downloadByHttp', () => {
  it('fetches a file whole', async () => {
    expect(await download((...exchange) => serveBytes(exchange[0], exchange[1], bytes))).toHaveLength(1);
  });

  it('does not stumble over what yt-dlp has left there', async () => {
    mkdirSync(join(dir, 'a.mp4.part'));
    writeFileSync(join(dir, 'a.mp4.part', 'media.webm.part'), 'half');
    expect(await download((...exchange) => serveBytes(exchange[0], exchange[1], bytes))).toHaveLength(1);
  });

  it('goes on by Range where the connection broke, if the server still has the same file', async () => {
    const asked = await download((request, response, attempt) =>
      serveBytes(request, response, bytes, { etag: '"one"', breakAfter: attempt < 3 ? 20_000 : undefined }),
    );
    expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=20000-', 'bytes=40000-']);
    expect(asked[1]!.ifRange).toBe('"one"');
  });

  it('begins again where the file has become another one, or the server says nothing of it', async () => {
    const other = Uint8Array.from(bytes, (value) => 255 - value);
    const changed = await download((request, response, attempt) =>
      attempt === 1
        ? serveBytes(request, response, other, { etag: '"old"', breakAfter: 20_000 })
        : serveBytes(request, response, bytes, { etag: '"new"' }),
    );
    expect(changed.map(({ range }) => range)).toEqual([undefined, 'bytes=20000-']);
    await server!.close();
    rmSync(join(dir, 'a.mp4'));
    const silent = await download((request, response, attempt) =>
      serveBytes(request, response, bytes, { breakAfter: attempt === 1 ? 20_000 : undefined }),
    );
    expect(silent.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  it('asks for the rest where a server gives less than the part that it was asked for', async () => {
    const asked = await download((request, response, attempt) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const until = Math.min(from + 15_000, bytes.length);
      const range = `bytes ${from}-${until - 1}/${bytes.length}`;
      if (attempt === 1) serveBytes(request, response, bytes, { etag: '"one"', breakAfter: 20_000 });
      else response.writeHead(206, { etag: '"one"', 'content-range': range }).end(bytes.subarray(from, until));
    });
    expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=20000-', 'bytes=35000-', 'bytes=50000-']);
  });

  it('puts no part of another file to the half that it has, where a server pays no heed to If-Range', async () => {
    const other = Uint8Array.from(bytes, (value) => 255 - value);
    const asked = await download((request, response, attempt) => {
      const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
      if (attempt === 1) serveBytes(request, response, other, { etag: '"old"', breakAfter: 20_000 });
      else if (from === undefined) serveBytes(request, response, bytes, { etag: '"new"' });
      else {
        const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
        response.writeHead(206, { etag: '"new"', 'content-range': range }).end(bytes.subarray(Number(from)));
      }
    });
    expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=20000-', undefined]);
  });

  it('takes an answer without a byte for no file', async () => {
    const asked = await download((request, response, attempt) => {
      if (attempt === 1) response.writeHead(200, { 'content-length': 0 }).end();
      else if (attempt === 2) response.writeHead(204).end();
      else serveBytes(request, response, bytes);
    });
    expect(asked).toHaveLength(3);
  });

  it('goes on with what a run that was killed had got, and knows when that is all', async () => {
    const part = join(dir, 'a.mp4.part');
    const answer: Answer = (request, response) =>
      request.headers.range === `bytes=${bytes.length}-`
        ? response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
        : serveBytes(request, response, bytes, { etag: '"one"' });
    server = await startServer({ '/a.mp4': answer });
    const config = fetchConfig.parse({});
    for (const held of [1234, bytes.length]) {
      writeFileSync(part, bytes.subarray(0, held));
      writeFileSync(`${part}.json`, JSON.stringify({ url: server.url('/a.mp4'), validator: '"one"' }));
      const file = join(dir, 'a.mp4');
      const tools = { config, pace: createPace(config), signal: new AbortController().signal };
      await downloadByHttp({ url: server.url('/a.mp4'), file }, tools);
      expect(Buffer.compare(readFileSync(file), bytes)).toBe(0);
    }
    expect(server.asked.map(({ range }) => range)).toEqual(['bytes=1234-', `bytes=${bytes.length}-`]);
  });

  it.each([
    ['in seconds', () => ({ 'retry-after': '1' })],
    [
      'by a date of its own clock',
      () => ({ date: 'Sat, 21 Nov 2020 10:00:00 GMT', 'retry-after': 'Sat, 21 Nov 2020 10:00:01 GMT' }),
    ],
  ])('tries again after 503 and waits as long as the server asks: %s', async (_how, headers) => {
    const asked = await download((request, response, attempt) => {
      if (attempt === 1) response.writeHead(503, headers()).end();
      else serveBytes(request, response, bytes);
    });
    expect(asked[1]!.atMs - asked[0]!.atMs).toBeGreaterThan(900);
  });

  it('gives up after its retries, and counts only those that brought nothing', async () => {
    const failing = download((_request, response) => void response.writeHead(500).end(), { retries: 2 });
    await expect(failing).rejects.toMatchObject({ code: 'download-failed' });
    expect(server!.asked).toHaveLength(3);
    await server!.close();
    const slow = await download(
      (request, response) => serveBytes(request, response, bytes, { etag: '"one"', breakAfter: 9000 }),
      { retries: 1 },
    );
    expect(slow).toHaveLength(7);
  });

  it.each([
    ['404', 'download-refused', (_q, response) => void response.writeHead(404).end()],
    [
      'a web page',
      'needs-yt-dlp',
      (q, response) => serveBytes(q, response, bytes, { type: 'text/html; charset=utf-8' }),
    ],
    ['more than is allowed', 'download-too-large', (q, response) => serveBytes(q, response, bytes)],
    [
      'more than is allowed, without saying so',
      'download-too-large',
      (_q, response) => void response.writeHead(200).end(bytes),
    ],
  ] as const satisfies readonly (readonly [string, string, Answer])[])(
    'refuses %s: %s',
    async (_what, code, answer) => {
      await expect(download(answer, { maxBytes: 50_000 })).rejects.toMatchObject({ code });
      expect(server!.asked).toHaveLength(1);
    },
  );

  it.skipIf(!existsSync('/dev/full'))('does not blame the server for a full disk', async () => {
    symlinkSync('/dev/full', join(dir, 'a.mp4.part'));
    const full = download((request, response) => serveBytes(request, response, bytes));
    await expect(full).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(server!.asked).toHaveLength(1);
  });

  it('ends a connection that gives nothing, and one that it is told to leave', async () => {
    const answer: Answer = (request, response, attempt) => {
      if (attempt > 1) serveBytes(request, response, bytes);
    };
    expect(await download(answer, { idleSeconds: 0.2 })).toHaveLength(2);
    await server!.close();
    rmSync(join(dir, 'a.mp4'));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    await expect(download(() => {}, {}, stop.signal)).rejects.toThrow();
  });

  it('keeps below a rate', async () => {
    const started = performance.now();
    await download((request, response) => serveBytes(request, response, bytes), { bytesPerSecond: 100_000 });
    expect(performance.now() - started).toBeGreaterThan(500);
  });
});

describe('createPace', () => {
  it('keeps starts from one host apart, and lets others pass', async () => {
    const pace = createPace(fetchConfig.parse({ secondsBetween: 0.2 }));
    const { signal } = new AbortController();
    const started = performance.now();
    const times = await Promise.all(
      ['a', 'a', 'b', 'a'].map(async (host) => {
        await pace.turn(host, signal);
        return performance.now() - started;
      }),
    );
    expect(times[0]).toBeLessThan(190);
    expect(times[1]).toBeGreaterThan(190);
    expect(times[2]).toBeLessThan(190);
    expect(times[3]).toBeGreaterThan(390);
  });
});

describe('waitSeconds', () => {
  it('doubles, heeds the server, and ends at two minutes', () => {
    expect([1, 2, 3, 4].map((attempt) => waitSeconds(attempt, null, 1))).toEqual([1, 2, 4, 8]);
    expect(waitSeconds(1, 30, 1)).toBe(30);
    expect(waitSeconds(3, 1, 1)).toBe(4);
    expect([waitSeconds(40, null, 1), waitSeconds(1, 9999, 1)]).toEqual([120, 120]);
  });
});

describe('downloadName', () => {
  it('comes from the address alone and cannot lead elsewhere', () => {
    const hostile = [
      'http://h/../../etc/passwd',
      'http://h/a%2F..%2Fb.mp4',
      'http://h/-rf.mp4',
      'http://h/%00.mp4?x=.mkv',
    ];
    for (const url of hostile) expect(downloadName(url)).toMatch(/^[0-9a-f]{16}\.(?:mp4|video)$/);
    expect(new Set(hostile.map(downloadName)).size).toBe(hostile.length);
    expect(addressEndsLikeVideo('https://h/watch.MP4?x=1')).toBe(true);
    expect(addressEndsLikeVideo('https://h/watch?v=a.mp4')).toBe(false);
  });

  it.each([
    ['https://host/a', true],
    ['HTTP://host', true],
    ['file:///etc/passwd', false],
    ['ftp://host/a.mp4', false],
    ['http:///a.mp4', false],
    ['data:video/mp4;base64,AA', false],
    ['concat:a|b', false],
  ])('%s is an address: %s', (text, is) => expect(isAddress(text)).toBe(is));
});
