import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot, runJob } from '../../src/core/index.js';
import { decoders, encodeVideo, ingest, ingestConfig, mediaLimits, readCorpus } from '../../src/ingest/index.js';
import { createProbePool } from '../../src/ingest/probe-pool.js';
import { encodeImage } from '../../src/vision/index.js';
import { buildClip } from '../fixtures/clips.js';
import { collect } from './compare.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'probe-process.js'));
let dir = '';
let long = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-isolation-'));
  long = await buildClip(join(dir, 'long.mp4'), 1500, { width: 320, height: 240, preset: 'ultrafast' });
  await buildClip(join(dir, 'short.mp4'), 30);
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Processes below this one whose command line holds a text. */
function descendants(text: string, parent = process.pid): readonly number[] {
  const read = (file: string) => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  const children = read(`/proc/${parent}/task/${parent}/children`).trim().split(' ').filter(Boolean).map(Number);
  return children.flatMap((pid) => [
    ...(read(`/proc/${pid}/cmdline`).includes(text) ? [pid] : []),
    ...descendants(text, pid),
  ]);
}

async function until<T>(find: () => readonly T[]): Promise<readonly T[]> {
  for (;;) {
    const found = find();
    if (found.length > 0) return found;
    await sleep(5);
  }
}

const usable = Object.fromEntries(
  await Promise.all(
    decoders.names.map(async (name) => [name, await (await decoders.load(name)).unavailable()] as const),
  ),
);

describe.skipIf(!built || process.platform !== 'linux')('processes that probe (need npm run build and Linux)', () => {
  it('lose one video alone when one of them crashes', async () => {
    const media = join(dir, 'media');
    mkdirSync(media);
    copyFileSync(long, join(media, 'a.mp4'));
    for (const name of ['b', 'c']) await buildClip(join(media, `${name}.mp4`), 30, { width: 64 + name.charCodeAt(0) });
    const corpus = join(dir, 'corpus');
    const config = ingestConfig.parse({ duplicates: { near: 'off' } });
    const decoder = 'libav';
    const job = runJob(
      ingest({ sources: [media], corpus, config, decoder, workers: 1, seed: 1, now: () => new Date(0) }),
    );
    const killed = new Set<number>();
    while (killed.size < 2) {
      const [pid] = await until(() => descendants('ingest/worker').filter((it) => !killed.has(it)));
      process.kill(pid!, 'SIGSEGV');
      killed.add(pid!);
    }
    const { counts, failures } = await job;
    expect(counts).toMatchObject({ done: 2, failed: 1 });
    expect(failures).toMatchObject([{ code: 'worker-died', path: join(media, 'a.mp4') }]);
    expect(failures[0]!.message).toContain('SIGSEGV');
    expect((await readCorpus(corpus)).sources).toHaveLength(2);
  });

  it('leave signals to their parent, which a scheduler sends to every process of a job', async () => {
    const pool = createProbePool();
    const config = ingestConfig.parse({});
    try {
      await pool.probe({ path: join(dir, 'short.mp4'), decoder: 'libav', config });
      const [pid] = descendants('ingest/worker');
      const probing = pool.probe({ path: long, decoder: 'libav', config });
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGTERM'] as const) {
        process.kill(pid!, signal);
        await sleep(20);
      }
      expect((await probing).probed.video.frames).toBe(1500);
      expect(descendants('ingest/worker')).toEqual([pid]);
    } finally {
      pool.close();
    }
  });

  it('lose one video alone to a disk that fails, and to a header that promises more than there is', async () => {
    const pictures = join(dir, 'pictures');
    for (const folder of ['sound', 'failing']) {
      mkdirSync(join(pictures, folder), { recursive: true });
      for (const shade of [1, 2]) {
        const { data } = await encodeImage(new Uint8Array(16 * 16).fill(shade), 16, 16, 1, { format: 'png' });
        writeFileSync(join(pictures, folder, `${shade}.png`), data);
      }
    }
    symlinkSync('/proc/self/mem', join(pictures, 'failing', '3.png')); // reading it is an error of input and output
    const array = join(dir, 'huge.npy');
    const head = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 300000, 300000), }\n".padEnd(118);
    writeFileSync(array, Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'), Buffer.from(head)]));
    const { counts, failures } = await runJob(
      ingest({
        sources: [`frames:${pictures}@25`, `npy:${array}`],
        ...{ corpus: join(dir, 'sound-corpus'), config: ingestConfig.parse({}), decoder: 'libav' },
        ...{ workers: 1, seed: 1, now: () => new Date(0) },
      }),
    );
    expect(counts).toMatchObject({ done: 1, failed: 2 });
    expect(failures).toMatchObject([
      { code: 'file-missing', path: join(pictures, 'failing'), message: expect.stringContaining('EIO') as unknown },
      { code: 'truncated' },
    ]);
  });

  it.each(['libav', 'ffmpeg'])('are ended when %s makes no progress, with all that they started', async (decoder) => {
    if (usable[decoder] !== null) return;
    const pool = createProbePool();
    const config = ingestConfig.parse({ stallSeconds: 2 });
    try {
      const probing = pool.probe({ path: long, decoder, config });
      const stopped = decoder === 'libav' ? 'ingest/worker' : `file:${long}`;
      for (const pid of await until(() => descendants(stopped))) process.kill(pid, 'SIGSTOP');
      await expect(probing).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringMatching(/no progress for 2 s/) as unknown,
      });
      await sleep(50);
      expect(descendants(stopped)).toEqual([]);
      // The next video has a new process.
      expect(
        (await pool.probe({ path: join(dir, 'short.mp4'), decoder, config: ingestConfig.parse({}) })).probed.video
          .frames,
      ).toBe(30);
    } finally {
      pool.close();
    }
  });

  it('go on for as long as they make progress, and are ended for what they hold', async () => {
    const pool = createProbePool();
    try {
      const config = ingestConfig.parse({ stallSeconds: 5, limits: { memoryBytes: 20_000_000 } });
      await expect(pool.probe({ path: long, decoder: 'libav', config })).rejects.toMatchObject({
        code: 'out-of-memory',
      });
      const all = ingestConfig.parse({ timeoutSeconds: 0.01 });
      await expect(pool.probe({ path: long, decoder: 'libav', config: all })).rejects.toMatchObject({
        code: 'timeout',
      });
    } finally {
      pool.close();
    }
  });
});

describe.each(decoders.names)('decoder %s', (name) => {
  const skip = usable[name] !== null;

  it.skipIf(skip)('stops at each limit', async () => {
    const decoder = await decoders.load(name);
    const read = async (limits: object, file = 'short.mp4') => {
      const session = await decoder.open(join(dir, file), { limits: mediaLimits.parse(limits) });
      try {
        return (await collect(session.frames({ span: null, view: null }))).length;
      } finally {
        await session.close();
      }
    };
    expect(await read({ pixels: 64 * 48, frames: 30, streams: 1 })).toBe(30);
    for (const limits of [{ pixels: 64 * 48 - 1 }, { frames: 29 }, { seconds: 1 }, { bytes: 100 }])
      await expect(read(limits), JSON.stringify(limits)).rejects.toMatchObject({ code: 'over-limit' });
    // A container whose header does not say how large its pictures are, and that has sound.
    const frames = Array.from({ length: 10 }, (_, i) => new Uint8Array(64 * 48 * 3).fill(i * 20));
    const picture = { frames, width: 64, height: 48, fps: 25, codec: 'mpeg4' as const };
    await encodeVideo(join(dir, 'sound.avi'), {
      ...picture,
      audio: { data: new Float32Array(8000), sampleRateHz: 16_000 },
    });
    expect(await read({ streams: 2 }, 'sound.avi')).toBe(10);
    for (const limits of [{ pixels: 64 * 48 - 1 }, { streams: 1 }])
      await expect(read(limits, 'sound.avi'), JSON.stringify(limits)).rejects.toMatchObject({ code: 'over-limit' });
  });
});

describe('files that name other files or servers', () => {
  const asked: string[] = [];
  let server: Server;
  let origin = '';
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(readFileSync(join(dir, 'short.mp4')));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  const hostile = (secret: string): readonly (readonly [name: string, text: string])[] => [
    ['list.m3u8', `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${origin}/hls.ts\n#EXT-X-ENDLIST\n`],
    ['local.m3u8', `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${secret}\n#EXT-X-ENDLIST\n`],
    [
      'list.mp4',
      `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI="${secret}"\n#EXTINF:1,\nfile:${secret}\n#EXT-X-ENDLIST\n`,
    ],
    ['concat.mp4', `ffconcat version 1.0\nfile '${secret}'\n`],
    ['web.ffconcat', `ffconcat version 1.0\nfile '${origin}/concat.mp4'\n`],
    [
      'dash.mpd',
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>${origin}/dash.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    ],
    [
      'session.sdp',
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
    ],
    ['smooth.ism', `[Reference]\nRef1=${origin}/asx\n`],
  ];

  it.each(decoders.names)('give nothing of those with %s, and nobody is asked', async (name) => {
    const decoder = await decoders.load(name);
    if (usable[name] !== null) return;
    const secret = join(dir, 'secret.mp4');
    copyFileSync(join(dir, 'short.mp4'), secret);
    for (const [file, text] of hostile(secret)) {
      writeFileSync(join(dir, file), text);
      await expect(decoder.open(join(dir, file)), file).rejects.toMatchObject({ code: 'cannot-open' });
    }
    expect(asked).toEqual([]);
  });

  it.each(decoders.names)('are only ever data by their names with %s', async (name) => {
    const decoder = await decoders.load(name);
    if (usable[name] !== null) return;
    const odd = [
      '-rf.mp4',
      `quote'".mp4`,
      'line\nbreak.mp4',
      '%d.mp4',
      'a:b.mp4',
      'concat:x|y.mp4',
      'ünïcode 動画.mp4',
      '$(touch x).mp4',
    ];
    for (const file of odd) {
      copyFileSync(join(dir, 'short.mp4'), join(dir, file));
      const session = await decoder.open(join(dir, file));
      const [frame] = await session.framesAt([0], null);
      expect(frame!.pts, file).toBe(0);
      await session.close();
    }
  });
});
