import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, type Frame, type TimeSpan } from '../../../src/core/index.js';
import { decoders, encodeVideo, selectDecoder, type ViewFrame } from '../../../src/ingest/index.js';
import { movingReel } from '../../mining/fakes.js';
import { createSequentialPass } from '../../../src/ingest/decoders/sequential-pass.js';

const root = mkdtempSync(join(tmpdir(), 'reelmine-pass-'));
const film = join(root, 'film.mp4');

beforeAll(async () => {
  const reel = movingReel('film', { frames: 60, width: 96, height: 72 });
  const frames = Array.from({ length: 60 }, (_, i) => reel.frame(i));
  await encodeVideo(film, { frames, width: 96, height: 72, fps: 25, gop: 100, bFrames: 2 });
});

afterAll(() => rmSync(root, { recursive: true }));

/** Pictures at these times; counts what is read and what is open. */
function countingFeed(times: readonly number[]) {
  const log = { read: 0, started: 0, closed: 0 };
  const pass = createSequentialPass({
    start() {
      log.started++;
      let at = 0;
      return {
        next() {
          const pts = times[at++];
          if (pts === undefined) return null;
          log.read++;
          return { pts, duration: 10 };
        },
        close() {
          log.closed++;
        },
      };
    },
    show: ({ pts }): Frame => ({ data: new Uint8Array(0), width: 0, height: 0, pts }),
    views: { every: null, slow: { width: 1, height: 1, fit: 'stretch', fps: 2, channels: 1 } },
    timeBase: [1, 100],
    signal: undefined,
  });
  return { pass, log };
}

async function timesOf(pass: ReturnType<typeof createSequentialPass>, startPts: number, endPts: number) {
  const out: Record<string, number[]> = { every: [], slow: [] };
  for await (const { view, frame } of pass.spanFrames({ startPts, endPts })) out[view]!.push(frame.pts);
  return out;
}

const times = Array.from({ length: 30 }, (_, i) => 10 * i);

describe('a sequential pass', () => {
  it('gives rising spans from one reading, rates counted from each span’s start', async () => {
    const { pass, log } = countingFeed(times);
    expect(await timesOf(pass, 0, 100)).toEqual({ every: times.slice(0, 10), slow: [0, 50] });
    expect(await timesOf(pass, 130, 240)).toEqual({ every: times.slice(13, 24), slow: [130, 180, 230] });
    expect(await timesOf(pass, 240, 1000)).toMatchObject({ every: times.slice(24) });
    expect(log).toEqual({ read: 30, started: 1, closed: 0 });
    await pass.close();
    expect(log.closed).toBe(1);
  });

  it('starts again for a span that it has passed', async () => {
    const { pass, log } = countingFeed(times);
    const first = await timesOf(pass, 100, 200);
    expect(await timesOf(pass, 0, 50)).toMatchObject({ every: times.slice(0, 5) });
    expect(await timesOf(pass, 100, 200)).toEqual(first);
    expect(log).toMatchObject({ started: 2, closed: 1 });
  });

  it('goes on where a reader left early', async () => {
    const { pass, log } = countingFeed(times);
    const span: TimeSpan = { startPts: 0, endPts: 150 };
    for await (const { frame } of pass.spanFrames(span)) if (frame.pts === 30) break;
    expect(await timesOf(pass, 150, 300)).toMatchObject({ every: times.slice(15) });
    expect(log).toMatchObject({ read: 30, started: 1 });
  });

  it('gives nothing where nothing is', async () => {
    const { pass } = countingFeed([]);
    expect(await timesOf(pass, 0, 100)).toEqual({ every: [], slow: [] });
  });
});

describe.each(decoders.names)('the decoder %s', (name) => {
  it('shows in sequence what it shows when it seeks, and decodes every picture once', async () => {
    const { decoder } = await selectDecoder(name);
    const session = await decoder.open(film);
    const { startPts, endPts } = session.media.video;
    const step = (endPts - startPts) / 4;
    const spans = [0, 1, 2, 3].map((i) => ({ startPts: startPts + i * step, endPts: startPts + (i + 1) * step }));
    const views = {
      small: { width: 40, height: 30, fit: 'contain', fps: null, channels: 3 },
      slow: { width: 20, height: 20, fit: 'cover', fps: 4, channels: 1 },
    } as const;
    const collect = async (frames: AsyncIterable<ViewFrame>) => {
      const out: string[] = [];
      for await (const { view, frame } of frames) out.push(`${view} ${frame.pts} ${sha256(frame.data)}`);
      return out;
    };
    const before = session.stats().framesDecoded;
    const pass = session.openPass!({ views });
    const inSequence: string[][] = [];
    for (const span of spans) inSequence.push(await collect(pass.spanFrames(span)));
    await pass.close();
    expect(session.stats().framesDecoded - before).toBe(60);
    for (const [i, span] of spans.entries()) {
      expect(inSequence[i]!.length).toBeGreaterThan(15);
      expect(inSequence[i]).toEqual(await collect(session.viewFrames({ span, views })));
    }
    await session.close();
  }, 60_000);
});
