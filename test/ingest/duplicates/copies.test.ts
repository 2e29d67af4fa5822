import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/core/index.js';
import {
  duplicatesConfig,
  encodeVideo,
  ingestConfig,
  probeFile,
  searchDuplicates,
  selectDecoder,
  type ProbedFile,
} from '../../../src/ingest/index.js';
import { resizeRgb } from '../../../src/vision/index.js';
import { testData } from '../../fixtures/test-data.js';

const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'kernels', 'pictures.wasm'));
const data = testData();
const [width, height] = [320, 240];
type Change = (frames: readonly Uint8Array[]) => { frames: readonly Uint8Array[]; width: number; height: number };

const same = (frames: readonly Uint8Array[]) => ({ frames, width, height });
const kinds: Readonly<Record<string, Change>> = {
  reencoded: same,
  rescaled: (frames) => ({
    frames: frames.map((it) => resizeRgb(it, width, height, 176, 144)),
    width: 176,
    height: 144,
  }),
  trimmed: (frames) => same(frames.slice(Math.floor(0.2 * frames.length), Math.floor(0.75 * frames.length))),
  mirrored: (frames) =>
    same(
      frames.map((it) => {
        const out = new Uint8Array(it.length);
        for (let at = 0; at < it.length; at += 3) {
          const x = (at / 3) % width;
          out.set(it.subarray(at, at + 3), at + 3 * (width - 1 - 2 * x));
        }
        return out;
      }),
    ),
  letterboxed: (frames) => ({
    frames: frames.map((it) => {
      const out = new Uint8Array(width * 320 * 3);
      out.set(it, width * 40 * 3);
      return out;
    }),
    width,
    height: 320,
  }),
};

/** Clips of two groups, two of each: the same place, but never the same moment. */
const clips = [
  'BasketballDunk/v_BasketballDunk_g01_c04',
  'BasketballDunk/v_BasketballDunk_g01_c07',
  'Archery/v_Archery_g01_c04',
  'Archery/v_Archery_g01_c06',
];

describe.skipIf(!built || !data)('copies of real clips (needs npm run build and REELMINE_TEST_DATA)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'reelmine-copies-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('are found, whatever was done to them, and clips of one place are told apart', async () => {
    const { decoder } = await selectDecoder('libav');
    const config = ingestConfig.parse({});
    const all: (ProbedFile & { readonly clip: number; readonly copy: string })[] = [];
    for (const [clip, name] of clips.entries()) {
      const path = join(data!, 'ucf101', 'videos', `${name}.avi`);
      expect(existsSync(path)).toBe(true);
      all.push({ ...(await probeFile(path, decoder, { config })), clip, copy: 'original' });
      const session = await decoder.open(path);
      const frames: Uint8Array[] = [];
      for await (const frame of session.frames({ span: null, view: null }))
        if (frames.length < 100) frames.push(frame.data);
      await session.close();
      for (const [kind, change] of Object.entries(kinds)) {
        const file = join(dir, `${clip}-${kind}.mp4`);
        const fps = session.media.video.averageRate;
        await encodeVideo(file, { ...change(frames), fps, quality: 30, preset: 'ultrafast' });
        all.push({ ...(await probeFile(file, decoder, { config })), clip, copy: kind });
      }
    }
    const { pairs } = searchDuplicates(all, duplicatesConfig.parse({}));
    expect(pairs.filter(({ a, b }) => all[a]!.clip !== all[b]!.clip)).toEqual([]);
    const found = pairs
      .filter(({ a }) => all[a]!.copy === 'original')
      .map(({ b }) => `${all[b]!.clip} ${all[b]!.copy}`);
    expect(found.sort()).toEqual(
      clips.flatMap((_, clip) => Object.keys(kinds).map((kind) => `${clip} ${kind}`)).sort(),
    );
    expect(
      pairs.filter(({ a, mirrored }) => mirrored && all[a]!.copy === 'original').map(({ b }) => all[b]!.copy),
    ).toEqual(clips.map(() => 'mirrored'));
  }, 120_000);
});
