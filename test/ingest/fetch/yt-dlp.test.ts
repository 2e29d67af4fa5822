import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArchive } from '../../../src/ingest/fetch/archive.js';
import { fetchConfig } from '../../../src/ingest/fetch/config.js';
import { createFetcher } from '../../../src/ingest/fetch/index.js';
import { createPace } from '../../../src/ingest/fetch/pace.js';
import { downloadByYtDlp } from '../../../src/ingest/fetch/yt-dlp.js';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'reelmine-tube-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const url = 'https://site.example/watch?v=-x; rm -rf $HOME';

/** A program in yt-dlp's place: it notes its arguments and runs `body`, in which `place` is its folder and `attempt` counts from 1. */
function program(body: string): string {
  const file = join(dir, 'tube');
  writeFileSync(
    file,
    `#!${process.execPath}
const fs = require('node:fs');
const args = process.argv.slice(2);
if (args[0] === '--version') { console.log('1'); process.exit(0); }
const log = ${JSON.stringify(join(dir, 'asked.json'))};
const asked = fs.existsSync(log) ? JSON.parse(fs.readFileSync(log, 'utf8')) : [];
fs.writeFileSync(log, JSON.stringify([...asked, args]));
const attempt = asked.length + 1;
const place = args.find((arg) => arg.startsWith('home:')).slice(5);
const archive = args[args.indexOf('--download-archive') + 1];
const put = (name, text) => fs.writeFileSync(place + '/' + name, text);
const fail = (text) => { console.error('ERROR: ' + text); process.exit(1); };
const finish = () => { put('media.webm', 'video'); fs.appendFileSync(archive, 'site -x\\n'); };
${body}
`,
  );
  chmodSync(file, 0o755);
  return file;
}
const asked = () => JSON.parse(readFileSync(join(dir, 'asked.json'), 'utf8')) as string[][];

function download(body: string, settings: Record<string, unknown> = {}) {
  const config = fetchConfig.parse({ ytDlp: program(body), backoffSeconds: 0, retries: 2, ...settings });
  const archive = openArchive(join(dir, 'archive.txt'));
  const file = join(dir, 'corpus', 'a.video');
  const { signal } = new AbortController();
  return downloadByYtDlp({ url, file }, { config, pace: createPace(config), signal, archive });
}

describe('downloadByYtDlp', () => {
  it('gives the file its name when it is whole, keeps facts of the video alone, and leaves nothing beside', async () => {
    const info = `{ id: '-x', extractor: 'site', title: 'T', license: 'CC BY', webpage_url: 'https://w', http_headers: { Cookie: 'secret' }, formats: [1] }`;
    expect(await download(`put('media.info.json', JSON.stringify(${info})); finish();`)).toBe('site -x');
    expect(readFileSync(join(dir, 'corpus', 'a.video'), 'utf8')).toBe('video');
    const kept = readFileSync(join(dir, 'corpus', 'a.video.info.json'), 'utf8');
    expect(JSON.parse(kept)).toEqual({
      id: '-x',
      extractor: 'site',
      title: 'T',
      license: 'CC BY',
      webpage_url: 'https://w',
    });
    expect(existsSync(join(dir, 'corpus', 'a.video.part'))).toBe(false);
  });

  it('takes no thumbnail or subtitles that the user asked for besides for a second video', async () => {
    const besides = `put('media.webp', 'x'); put('media.description', 'x'); put('media.en.vtt', 'x'); finish();`;
    expect(await download(besides)).toBe('site -x');
    expect(readFileSync(join(dir, 'corpus', 'a.video'), 'utf8')).toBe('video');
    expect(readdirSync(join(dir, 'corpus'))).toEqual(['a.video']);
  });

  it('does not stumble over half a file that plain HTTP has left', async () => {
    mkdirSync(join(dir, 'corpus'));
    writeFileSync(join(dir, 'corpus', 'a.video.part'), 'half');
    expect(await download('finish();')).toBe('site -x');
    expect(readdirSync(join(dir, 'corpus'))).toEqual(['a.video']);
  });

  it('hands the address over as data, the arguments of the user before its own, and limits as options', async () => {
    await download('finish();', {
      ytDlpArguments: ['--cookies', 'c.txt', '--output', '/elsewhere'],
      bytesPerSecond: 1000,
      maxBytes: 9,
      headers: { 'X-A': 'b' },
    });
    const [args] = asked();
    expect(args!.slice(-2)).toEqual(['--', url]);
    const at = (option: string, value: string) => args!.findIndex((arg, i) => arg === option && args![i + 1] === value);
    expect(at('--cookies', 'c.txt')).toBeGreaterThan(0);
    expect(at('--output', 'media.%(ext)s')).toBeGreaterThan(at('--output', '/elsewhere'));
    for (const [option, value] of [
      ['--limit-rate', '1000'],
      ['--max-filesize', '9'],
      ['--add-headers', 'X-A:b'],
    ] as const)
      expect(at(option, value)).toBeGreaterThan(0);
  });

  it.each([
    ['a private video', `fail('[site] x: Private video. Sign in');`, 'download-refused', 1],
    ['a page that is gone', `fail('unable to download: HTTP Error 410: Gone');`, 'download-refused', 1],
    ['too many requests', `fail('HTTP Error 429: Too Many Requests');`, 'download-failed', 3],
    ['a network that is down', `fail('Unable to download webpage: timed out');`, 'download-failed', 3],
    ['no file and no error', '', 'download-failed', 3],
    ['a file over the limit', `console.log('[download] File is larger than max-filesize');`, 'download-too-large', 1],
    ['a list', `put('list.info.json', '{}'); finish(); process.exit(101);`, 'download-refused', 1],
    ['two videos', `put('media.mp4', 'x'); finish();`, 'download-refused', 1],
  ])('tells what another try may change: %s', async (_what, body, code, tries) => {
    await expect(download(body)).rejects.toMatchObject({ code });
    expect(asked()).toHaveLength(tries);
  });

  it('tries again and goes on with the half file', async () => {
    await download(`if (attempt === 1) { put('media.webm.part', 'half'); fail('timed out'); }
      if (fs.readFileSync(place + '/media.webm.part', 'utf8') !== 'half') fail('lost');
      fs.unlinkSync(place + '/media.webm.part'); finish();`);
    expect(asked()).toHaveLength(2);
  });

  it('says when the archive names it, and never writes into the archive before the file is there', async () => {
    expect(await download(`console.log('[download] x: has already been recorded in the archive');`)).toBe(null);
    await expect(download(`fs.appendFileSync(archive, 'site -x\\n'); fail('Private');`)).rejects.toThrow();
    expect(existsSync(join(dir, 'archive.txt'))).toBe(false);
  });

  it('names the remedy where there is no such program', async () => {
    await expect(download('', { ytDlp: join(dir, 'none') })).rejects.toThrow(/install yt-dlp, or name it/);
  });
});

describe('createFetcher', () => {
  const candidate = (address: string) => ({
    path: join(dir, 'corpus', 'a.video'),
    key: address,
    licence: null,
    origin: null,
    benchmarks: {},
    metadata: { title: 'ours', label: 'x' },
    fetch: { url: address, file: join(dir, 'corpus', 'a.video') },
  });

  it('asks yt-dlp for pages where it is installed, once for all who share a file, and adds what the site said', async () => {
    const ytDlp = program(`put('media.info.json', '{"id":"-x","title":"theirs","license":"CC0"}'); finish();`);
    const config = fetchConfig.parse({ ytDlp });
    const fetcher = createFetcher({ corpus: join(dir, 'corpus'), config, signal: new AbortController().signal });
    const [one, two] = await Promise.all([fetcher.ready(candidate(url)), fetcher.ready(candidate(url))]);
    expect(one).toMatchObject({ licence: 'CC0', origin: url, metadata: { id: '-x', title: 'ours', label: 'x' } });
    expect(two).toEqual(one);
    expect(asked()).toHaveLength(1);
    expect(readFileSync(join(dir, 'corpus', 'archive.txt'), 'utf8')).toBe('site -x\n');
    rmSync(join(dir, 'corpus', 'a.video'));
    expect(dirname(asked()[0]!.find((arg) => arg.startsWith('home:'))!)).toBe(`home:${join(dir, 'corpus')}`);
  });

  it('stops without a failure when it is told to', async () => {
    const stop = new AbortController();
    const config = fetchConfig.parse({ ytDlp: program('setTimeout(() => {}, 60_000);') });
    const fetcher = createFetcher({ corpus: join(dir, 'corpus'), config, signal: stop.signal });
    setTimeout(() => stop.abort(), 300);
    expect(await fetcher.ready(candidate(url))).toBe('stopped');
    expect(await fetcher.ready({ ...candidate(url), fetch: { url, file: join(dir, 'other') } })).toBe('stopped');
  });
});
