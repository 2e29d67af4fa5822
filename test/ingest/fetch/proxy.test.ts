import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchConfig, type FetchConfig } from '../../../src/ingest/fetch/config.js';
import { downloadByHttp } from '../../../src/ingest/fetch/http.js';
import { createPace } from '../../../src/ingest/fetch/pace.js';
import { proxyFor } from '../../../src/ingest/fetch/proxy.js';
import { serveBytes, startServer, type TestServer } from './server.js';

const bytes = Uint8Array.from({ length: 60_000 }, (_, i) => (i * 31) % 256);
let dir = '';
let site: TestServer | null = null;
let proxy: Server | null = null;
let passed: { readonly line: string; readonly permit: string | undefined }[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-proxy-'));
  passed = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await site?.close();
  proxy?.closeAllConnections();
  proxy?.close();
  [site, proxy] = [null, null];
  rmSync(dir, { recursive: true, force: true });
});

/** A proxy that passes everything on, and tunnels to where it is told. */
async function startProxy(tunnel: 'open' | 'refused' = 'open'): Promise<string> {
  const note = ({ method, url, headers }: IncomingMessage) =>
    passed.push({ line: `${method} ${url}`, permit: headers['proxy-authorization'] });
  proxy = createServer((asked, answer) => {
    note(asked);
    request(asked.url!, { headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode!, got.headers);
      got.once('close', () => got.complete || answer.destroy());
      got.on('error', () => {}).pipe(answer);
    }).end();
  });
  proxy.on('connect', (asked: IncomingMessage, socket: Socket) => {
    note(asked);
    if (tunnel === 'refused') return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const [host, port] = asked.url!.split(':');
    const far = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    far.pipe(socket).pipe(far);
    for (const end of [far, socket]) end.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

async function download(url: string, set: Partial<FetchConfig>): Promise<Buffer> {
  const config = fetchConfig.parse({ retries: 0, ...set });
  const file = join(dir, 'a.mp4');
  await downloadByHttp({ url, file }, { config, pace: createPace(config), signal: new AbortController().signal });
  return readFileSync(file);
}

describe('fetching through a proxy', () => {
  it('asks the proxy for the whole address, follows redirects, and shows the password to the proxy alone', async () => {
    const seen: (string | undefined)[] = [];
    site = await startServer({
      '/a.mp4': (_request, response) => void response.writeHead(302, { location: '/b.mp4?x=1' }).end(),
      '/b.mp4': (asked, response) => {
        seen.push(asked.headers['proxy-authorization']);
        serveBytes(asked, response, bytes);
      },
    });
    const address = (await startProxy()).replace('//', '//me:se%20cret@');
    // This proxy hands on what it is given; a real one takes its own header away.
    expect(Buffer.compare(await download(site.url('/a.mp4'), { proxy: address }), bytes)).toBe(0);
    expect(passed.map(({ line }) => line)).toEqual([`GET ${site.url('/a.mp4')}`, `GET ${site.url('/b.mp4?x=1')}`]);
    expect(passed[0]!.permit).toBe(`Basic ${Buffer.from('me:se cret').toString('base64')}`);
    expect(seen).toHaveLength(1);
  });

  it('goes on with half a file, through the proxy as well', async () => {
    site = await startServer({
      '/a.mp4': (asked, response, attempt) =>
        serveBytes(asked, response, bytes, { etag: '"one"', breakAfter: attempt === 1 ? 20_000 : undefined }),
    });
    const config = { proxy: await startProxy(), retries: 2, backoffSeconds: 0 };
    expect(Buffer.compare(await download(site.url('/a.mp4'), config), bytes)).toBe(0);
    expect(site.asked.at(-1)!.range).toMatch(/^bytes=\d+-$/);
  });

  it('asks for a tunnel to a host of https, and says so where it is refused', async () => {
    const refused = download('https://films.example/a.mp4', { proxy: await startProxy('refused') });
    await expect(refused).rejects.toMatchObject({ code: 'download-failed' });
    await expect(refused).rejects.toThrow('the proxy answers 403 Forbidden');
    expect(passed.map(({ line }) => line)).toEqual(['CONNECT films.example:443']);
  });

  it('speaks to the far end of the tunnel, not to the proxy', async () => {
    site = await startServer({}); // it knows no TLS: the handshake must fail there
    const url = site.url('/a.mp4').replace('http:', 'https:');
    await expect(download(url, { proxy: await startProxy() })).rejects.toMatchObject({ code: 'download-failed' });
    expect(passed.map(({ line }) => line)).toEqual([`CONNECT ${new URL(url).host}`]);
  });
});

describe('the proxy of an address', () => {
  it('is the configured one, else what the environment says, but for hosts that it leaves out', () => {
    vi.stubEnv('http_proxy', '');
    vi.stubEnv('https_proxy', '');
    vi.stubEnv('no_proxy', '');
    vi.stubEnv('HTTP_PROXY', 'http://plain:1');
    vi.stubEnv('HTTPS_PROXY', 'http://secure:2');
    vi.stubEnv('NO_PROXY', '.inside.example, other.example:8080');
    const hostOf = (url: string, configured: string | null = null) => proxyFor(url, configured)?.host ?? null;
    expect(hostOf('http://a.example/x')).toBe('plain:1');
    expect(hostOf('https://a.example/x')).toBe('secure:2');
    expect(hostOf('http://deep.inside.example/x')).toBe(null);
    expect(hostOf('http://notinside.example/x')).toBe('plain:1');
    expect(hostOf('http://other.example:8080/x')).toBe(null);
    expect(hostOf('http://other.example/x')).toBe('plain:1');
    expect(hostOf('http://127.0.0.1:9/x')).toBe(null);
    expect(hostOf('http://127.0.0.1:9/x', 'http://mine:3')).toBe('mine:3');
    vi.stubEnv('NO_PROXY', '*');
    expect(hostOf('http://a.example/x')).toBe(null);
    expect(() => proxyFor('http://a.example/x', 'socks5://user:secret@h:1')).toThrow(/http:\/\/host:port/);
    expect(() => proxyFor('http://a.example/x', 'socks5://user:secret@h:1')).not.toThrow(/secret/);
  });
});
