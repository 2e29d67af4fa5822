import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample, VideoSource, View } from '../../src/core/index.js';
import { decoders, encodeVideo, ingestConfig, openVideo, probeFile } from '../../src/ingest/index.js';
import audioClusters from '../../src/mining/audio-clusters/index.js';
import clips from '../../src/mining/clips/index.js';
import type { clipSample } from '../../src/mining/clips/sample.js';
import { mineVideo, unitedViews } from '../../src/mining/index.js';
import { temporalOrderViews } from '../../src/mining/temporal-order/replay.js';
import { temporalOrderConfig } from '../../src/mining/temporal-order/config.js';

type Clip = Sample<typeof clipSample>;
const [width, height, bar] = [160, 160, 32];
let dir = '';
let source: VideoSource;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'reelmine-mined-bars-'));
  const path = join(dir, 'film.mp4');
  const frames = Array.from({ length: 50 }, (_, n) => {
    const out = new Uint8Array(width * height * 3);
    for (let y = bar; y < height - bar; y++)
      for (let x = 0; x < width; x++)
        out.fill(120 + ((((x + 3 * n) >> 4) + (y >> 4)) % 2) * 100, (y * width + x) * 3, (y * width + x) * 3 + 3);
    return out;
  });
  await encodeVideo(path, { frames, width, height, fps: 25, quality: 8 });
  const probed = await probeFile(path, await decoders.load('libav'), { config: ingestConfig.parse({}) });
  source = { ...probed, paths: [path], licence: null, origin: null, benchmarks: {} };
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function mineClips(of: VideoSource, set: Record<string, unknown> = {}): Promise<readonly Clip[]> {
  const config = clips.config.parse({ preset: 'bair', colour: 'luma', length: 5, storage: 'raw', ...set });
  const signals = [{ name: 'clips', miner: clips, config }];
  const decoder = await decoders.load('libav');
  const video = await openVideo(of, { corpusRoot: dir, decoder, views: unitedViews(signals), sequential: true });
  const { signal } = new AbortController();
  const units = of.shots.map(({ index }) => ({ shot: index, signal: 'clips' }));
  const out: Clip[] = [];
  try {
    for await (const { unit } of mineVideo(video, { signals, units, seed: 1, stop: signal, signal }))
      out.push(...(unit.samples as readonly unknown[] as Clip[]));
  } finally {
    await video.close();
  }
  return out;
}

/** Share of dark pixels in all frames of all clips. */
function darkShare(mined: readonly Clip[]): number {
  const pixels = mined.flatMap(({ fields }) => [...fields.frames!.data]);
  return pixels.filter((value) => value < 60).length / pixels.length;
}

describe('a letterboxed film', () => {
  it('gives clips of what lies inside its bars, unless they are to stay', async () => {
    expect(source.shots[0]!.crop).toEqual({ x: 0, y: bar, width, height: height - 2 * bar });
    const inside = await mineClips(source);
    expect(inside.length).toBeGreaterThan(5);
    expect(darkShare(inside)).toBe(0);
    expect(darkShare(await mineClips(source, { cropBars: false }))).toBeCloseTo((2 * bar) / height, 1);
  });

  it('is shown whole where pictures were made, since black about a digit is no bar', async () => {
    expect(darkShare(await mineClips({ ...source, kind: 'synthetic' }))).toBeGreaterThan(0.3);
  });

  it('is asked for without bars in every picture of temporal order and audio clusters, or with them', () => {
    const flags = (cropBars: boolean) =>
      [
        temporalOrderViews(temporalOrderConfig.parse({ cropBars })),
        audioClusters.views(audioClusters.config.parse({ cropBars })),
      ].map((views: Readonly<Record<string, View>>) => Object.values(views).map(({ withoutBars }) => withoutBars));
    expect(flags(true)).toEqual([
      [true, true, true],
      [true, true],
    ]);
    expect(flags(false)).toEqual([
      [false, false, false],
      [false, false],
    ]);
  });
});
