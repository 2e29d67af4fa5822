import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  ConfigError,
  MediaError,
  runProcess,
  syncFolder,
  writeFileWhole,
  type ProcessResult,
} from '../../core/index.js';
import type { Download } from '../sources/candidate.js';
import { archiveEntries, type Archive } from './archive.js';
import type { FetchConfig } from './config.js';
import type { DownloadTools } from './http.js';

/** Members of an info file that are kept: facts of the video, and nothing of formats, addresses that expire or headers. */
const keptInfo = [
  'id',
  'extractor',
  'extractor_key',
  'title',
  'uploader',
  'uploader_id',
  'channel',
  'channel_id',
  'upload_date',
  'license',
  'webpage_url',
  'original_url',
  'duration',
] as const;

/** True if the program can be started. */
export async function hasYtDlp({ ytDlp }: FetchConfig): Promise<boolean> {
  try {
    return (await runProcess(ytDlp, ['--version'], { timeoutMs: 60_000 })).status === 0;
  } catch {
    return false;
  }
}

/**
 * Downloads the video of an address by yt-dlp, in a folder of its own beside the file. Its info file, shortened, is put
 * to `<file>.info.json`.
 *
 * @returns its line in the archive; null if the archive names it already.
 * @throws MediaError with the ledger's code; ConfigError if there is no yt-dlp.
 */
export async function downloadByYtDlp(
  { url, file }: Download,
  { config, pace, signal, archive }: DownloadTools & { readonly archive: Archive },
): Promise<string | null> {
  const folder = `${file}.part`;
  if (statSync(folder, { throwIfNoEntry: false })?.isFile()) rmSync(folder); // half a file that plain HTTP has left
  mkdirSync(folder, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    await pace.turn(new URL(url).host, signal);
    const known = existsSync(archive.file) ? readFileSync(archive.file, 'utf8') : '';
    writeFileSync(join(folder, 'archive.txt'), known);
    const result = await run(url, folder, config, signal);
    const media = mediaIn(folder);
    // 101: ended by --max-downloads, which is how a list of videos shows.
    if ((result.status === 0 || result.status === 101) && media.length === 1 && !isList(folder)) {
      const entry = newEntry(folder, known) ?? `http ${url}`;
      const info = readShortInfo(join(folder, 'media.info.json'));
      if (info !== null) writeFileWhole(`${file}.info.json`, info);
      renameSync(join(folder, media[0]!), file);
      syncFolder(dirname(file));
      rmSync(folder, { recursive: true });
      return entry;
    }
    const failure = judge(url, result, { config, isList: media.length > 1 || isList(folder) });
    // Nothing in the folder is of use to a later run, except half a file.
    if (failure === 'archived' || failure.code !== 'download-failed') rmSync(folder, { recursive: true });
    if (failure === 'archived') return null;
    if (failure.code !== 'download-failed' || attempt > config.retries) throw failure;
    await pace.backOff(attempt, null, signal);
  }
}

/** Runs it once. What we must be sure of comes last, after the user's own arguments, and the address after `--`. */
async function run(url: string, folder: string, config: FetchConfig, signal: AbortSignal): Promise<ProcessResult> {
  const { ytDlp, ytDlpArguments, bytesPerSecond, maxBytes, idleSeconds, headers, proxy } = config;
  const args = [
    '--ignore-config',
    ...['--retries', '3', '--socket-timeout', String(idleSeconds)],
    ...(bytesPerSecond === null ? [] : ['--limit-rate', String(bytesPerSecond)]),
    ...(maxBytes === null ? [] : ['--max-filesize', String(maxBytes)]),
    ...Object.entries(headers).flatMap(([name, value]) => ['--add-headers', `${name}:${value}`]),
    ...(proxy === null ? [] : ['--proxy', proxy]),
    ...ytDlpArguments,
    ...['--no-playlist', '--max-downloads', '1', '--no-progress', '--no-mtime', '--no-simulate'],
    ...['--write-info-json', '--download-archive', join(folder, 'archive.txt')],
    ...['--paths', `home:${folder}`, '--paths', `temp:${folder}`, '--output', 'media.%(ext)s'],
    ...['--output', 'infojson:media', '--output', 'pl_infojson:list', '--', url],
  ];
  try {
    return await runProcess(ytDlp, args, { signal });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ConfigError(
      `The program ${ytDlp} cannot be started: install yt-dlp, or name it with --set fetch.ytDlp=PATH.`,
      { code: 'no-yt-dlp', context: { ytDlp }, cause: error },
    );
  }
}

function judge(
  url: string,
  { status, signal, stdout, stderr }: ProcessResult,
  { config, isList }: { readonly config: FetchConfig; readonly isList: boolean },
): MediaError | 'archived' {
  const context = { url, status };
  if (isList)
    return new MediaError(
      'download-refused',
      `${url}: it names several videos; list their addresses first: yt-dlp --flat-playlist --print url … > list.txt.`,
      { context },
    );
  if (status === 0 && /already been recorded in the archive/.test(stdout)) return 'archived';
  if (/larger than max-filesize/.test(stdout))
    return new MediaError('download-too-large', `${url}: more bytes than fetch.maxBytes = ${config.maxBytes}.`, {
      context,
    });
  const errors = stderr.split('\n').filter((line) => line.startsWith('ERROR:'));
  const how = signal === null ? `exit status ${status}` : `ended by ${signal}`;
  const why = errors.at(-1)?.slice('ERROR:'.length).trim() ?? `yt-dlp gave no file (${how})`;
  return new MediaError(isRefusal(why) ? 'download-refused' : 'download-failed', `${url}: ${why}`, { context });
}

/** What no further try will change, by yt-dlp's messages. */
function isRefusal(message: string): boolean {
  return /unsupported url|private|unavailable|not available|removed|terminated|sign in|login|members|HTTP Error 4(?!08|25|29)\d\d|requested format|DRM/i.test(
    message,
  );
}

/** Half files, and what the user's own arguments may have asked for besides, are none. */
function mediaIn(folder: string): readonly string[] {
  const besides = /\.(?:part|ytdl|json|jpe?g|png|webp|description|vtt|srt|url|webloc|desktop)$/;
  return readdirSync(folder).filter((name) => /^media\.\w+$/.test(name) && !besides.test(name));
}

function isList(folder: string): boolean {
  return existsSync(join(folder, 'list.info.json'));
}

function newEntry(folder: string, known: string): string | null {
  const before = new Set(archiveEntries(known));
  return archiveEntries(readFileSync(join(folder, 'archive.txt'), 'utf8')).find((entry) => !before.has(entry)) ?? null;
}

function readShortInfo(file: string): string | null {
  if (!existsSync(file)) return null;
  const info = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
  const kept = keptInfo.filter((key) => ['string', 'number'].includes(typeof info[key]));
  return `${JSON.stringify(Object.fromEntries(kept.map((key) => [key, info[key]])), null, 1)}\n`;
}
