import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { MediaError, PipelineError, syncFolder, writeFileWhole } from '../../core/index.js';
import { isDiskError } from '../disk-error.js';
import type { Download } from '../sources/candidate.js';
import type { FetchConfig } from './config.js';
import type { Pace } from './pace.js';
import { fetchThrough, proxyFor } from './proxy.js';

/** What every way of downloading is given. */
export interface DownloadTools {
  readonly config: FetchConfig;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/** What is known of a half file: it is gone on with only if the server still has the same one. */
interface HalfFile {
  readonly url: string;
  /** Strong ETag or date of the last change. */
  readonly validator: string;
}

/** Worth another try. */
class BrokenOff extends Error {
  readonly askedSeconds: number | null;
  constructor(message: string, askedSeconds: number | null = null) {
    super(message);
    this.askedSeconds = askedSeconds;
  }
}

/**
 * Downloads one file by plain HTTP or HTTPS. It grows beside as `<file>.part` and gets its name when it is whole; half a
 * file is gone on with by a Range request where the server says that it is the same one, else begun again. Tries that
 * bring the file no further are limited by `retries`.
 *
 * @throws MediaError with the ledger's code, and what the disk says that cannot take it.
 */
export async function downloadByHttp({ url, file }: Download, tools: DownloadTools): Promise<void> {
  const { config, pace, signal } = tools;
  const part = `${file}.part`;
  if (statSync(part, { throwIfNoEntry: false })?.isDirectory()) rmSync(part, { recursive: true }); // what yt-dlp has left
  let fruitless = 0;
  for (;;) {
    const before = sizeOf(part);
    try {
      await pace.turn(new URL(url).host, signal);
      await attempt({ url, file: part }, tools);
      break;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BrokenOff)) throw error;
      fruitless = sizeOf(part) > before ? 1 : fruitless + 1;
      if (fruitless > config.retries)
        throw new MediaError('download-failed', `${url}: ${error.message}.`, { context: { url }, cause: error });
      await pace.backOff(fruitless, error.askedSeconds, signal);
    }
  }
  renameSync(part, file);
  rmSync(`${part}.json`, { force: true });
  syncFolder(dirname(file));
}

async function attempt({ url, file }: Download, { config, pace, signal }: DownloadTools): Promise<void> {
  const half = readHalf(file, url);
  const idle = new AbortController();
  let timer = setTimeout(() => idle.abort(), config.idleSeconds * 1000);
  const rest = () => {
    clearTimeout(timer);
    timer = setTimeout(() => idle.abort(), config.idleSeconds * 1000);
  };
  try {
    const proxy = proxyFor(url, config.proxy);
    const request = {
      headers: {
        ...config.headers,
        'accept-encoding': 'identity',
        ...(half ? { range: `bytes=${half.bytes}-`, 'if-range': half.validator } : {}),
      },
      signal: AbortSignal.any([signal, idle.signal]),
    };
    const response = await (proxy ? fetchThrough(proxy, url, request) : fetch(url, request));
    rest();
    const start = judge(url, response, half, file);
    if (start === 'whole') return;
    const total = totalOf(response, start);
    assertAllowed(url, total ?? 0, config);
    const validator = validatorOf(response);
    if (start === 0) rmSync(`${file}.json`, { force: true });
    if (start === 0 && validator !== null)
      writeFileWhole(`${file}.json`, JSON.stringify({ url, validator } satisfies HalfFile));
    const brake = pace.brake(signal);
    const handle = openSync(file, start === 0 ? 'w' : 'r+');
    let at = start;
    try {
      if (start > 0) ftruncateSync(handle, start);
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        rest();
        for (let done = 0; done < chunk.length;) done += writeSync(handle, chunk, done, chunk.length - done, at + done);
        at += chunk.length;
        assertAllowed(url, at, config);
        clearTimeout(timer); // a brake of ours is no silence of theirs
        await brake(chunk.length);
        rest();
      }
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (total !== null && at !== total) throw new BrokenOff(`${at} of ${total} bytes came`);
    if (at === 0) throw new BrokenOff('the server sent a file without a byte');
  } catch (error) {
    if (error instanceof PipelineError || error instanceof BrokenOff || isDiskError(error)) throw error;
    if (idle.signal.aborted) throw new BrokenOff(`not one byte came for ${config.idleSeconds} s`);
    throw new BrokenOff(networkReason(error));
  } finally {
    clearTimeout(timer);
  }
}

/** Where in the file the answer's first byte belongs; `whole` if all of it is here already. */
function judge(
  url: string,
  response: Response,
  half: { readonly bytes: number; readonly validator: string } | null,
  file: string,
): number | 'whole' {
  const { status, headers } = response;
  const held = half?.bytes ?? 0;
  if (status === 206) {
    const [, from] = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(from) === held && (!half || isOfSame(response, half.validator))) return held;
    rmSync(file, { force: true });
    throw new BrokenOff('the server sent another part than was asked for');
  }
  if (status === 416) {
    if (held > 0 && Number(/\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1]) === held) return 'whole';
    rmSync(file, { force: true });
    throw new BrokenOff('the server has no such part');
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    throw new BrokenOff(`the server answers ${status} ${response.statusText}`.trimEnd(), retryAfter(headers));
  if (!response.ok)
    throw new MediaError(
      'download-refused',
      `${url}: the server answers ${status} ${response.statusText}`.trimEnd() + '.',
      { context: { url, status } },
    );
  if (/^text\/html\b/i.test(headers.get('content-type') ?? ''))
    throw new MediaError('needs-yt-dlp', `${url}: this is a web page and no file; install yt-dlp to get its video.`, {
      context: { url },
    });
  return 0;
}

function readHalf(part: string, url: string): { readonly bytes: number; readonly validator: string } | null {
  const bytes = sizeOf(part);
  if (bytes === 0 || !existsSync(`${part}.json`)) return null;
  const half = JSON.parse(readFileSync(`${part}.json`, 'utf8')) as HalfFile;
  return half.url === url ? { bytes, validator: half.validator } : null;
}

/** Whether a part is of the file that was begun: some servers pay no heed to `If-Range`. */
function isOfSame({ headers }: Response, validator: string): boolean {
  const now = headers.get(validator.startsWith('"') ? 'etag' : 'last-modified');
  return now === null || now === validator;
}

/** Null, too, for what is packed on its way: its bytes here are not those that a Range counts. */
function validatorOf({ headers }: Response): string | null {
  if (headers.has('content-encoding')) return null;
  const tag = headers.get('etag');
  return tag !== null && !tag.startsWith('W/') ? tag : headers.get('last-modified');
}

/** Bytes of the whole file; null if the server does not say. A server may give less of it than it was asked for. */
function totalOf({ status, headers }: Response, start: number): number | null {
  const [, whole] = (status === 206 && /\/(\d+)$/.exec(headers.get('content-range') ?? '')) || [];
  if (whole !== undefined) return Number(whole);
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') ? null : start + Number(length);
}

function assertAllowed(url: string, bytes: number, { maxBytes }: FetchConfig): void {
  if (maxBytes === null || bytes <= maxBytes) return;
  throw new MediaError('download-too-large', `${url}: at least ${bytes} bytes, fetch.maxBytes allows ${maxBytes}.`, {
    context: { url },
  });
}

/** In seconds, or until a date by the server's own clock. */
function retryAfter(headers: Headers): number | null {
  const said = headers.get('retry-after') ?? '';
  const untilDate = (Date.parse(said) - Date.parse(headers.get('date') ?? '')) / 1000;
  const seconds = /^\d+$/.test(said) ? Number(said) : untilDate;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function networkReason(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
