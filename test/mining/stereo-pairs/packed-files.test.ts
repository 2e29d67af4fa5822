import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkConfig, runProcess, type VideoSource } from '../../../src/core/index.js';
import {
  encodeVideo,
  findFfmpeg,
  ingestConfig,
  probeFile,
  readStereoTag,
  selectDecoder,
  type OpenVideo,
} from '../../../src/ingest/index.js';
import miner from '../../../src/mining/stereo-pairs/index.js';
import { surveyStereo } from '../../../src/mining/stereo-pairs/survey.js';
import { keptFilm, packedReel } from './films.js';

// Files as other programs make them: the ffmpeg program packs one pair of eyes in every way that it knows.
const ffmpeg = await findFfmpeg();
const root = mkdtempSync(join(tmpdir(), 'reelmine-packed-'));
const film = keptFilm(3, 12);
const pair = join(root, 'pair.mkv');
const { config } = checkConfig(miner.config, {});

beforeAll(async () => {
  const reel = packedReel(film, { packing: 'sbs-full' });
  const frames = Array.from({ length: film.frameCount }, (_, i) => reel.frame(i));
  await encodeVideo(pair, { frames, width: reel.width, height: reel.height, fps: 2, quality: 4 });
}, 300_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function convert(name: string, ...settings: readonly string[]): Promise<string> {
  const path = join(root, name);
  const { status, stderr } = await runProcess(ffmpeg!.path, ['-v', 'error', '-y', '-i', pair, ...settings, path]);
  expect(status, stderr).toBe(0);
  return path;
}

const packed = (name: string, out: string, mode: string) => {
  const filter = ['-vf', `stereo3d=sbsl:${out}`, '-c:v', 'libx264', '-qp', '8'];
  return convert(name, ...filter, '-metadata:s:v:0', `stereo_mode=${mode}`);
};

/** The file with another number for StereoMode. */
function patched(path: string, mode: number): string {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(Buffer.from([0x53, 0xb8, 0x81]));
  expect(at).toBeGreaterThan(0);
  bytes[at + 3] = mode;
  writeFileSync(path, bytes);
  return path;
}

async function survey(path: string) {
  const { decoder } = await selectDecoder('libav');
  const probed = await probeFile(path, decoder, { config: ingestConfig.parse({}) });
  const { startPts, endPts } = probed.video;
  const shots = [{ index: 0, startPts, endPts, crop: null }];
  const source: VideoSource = { ...probed, shots, paths: [path], licence: null, origin: null, benchmarks: {} };
  const session = await decoder.open(path);
  try {
    const view = miner.views(config)['packed']!;
    const open: Pick<OpenVideo, 'source' | 'framesAt'> = { source, framesAt: (pts) => session.framesAt(pts, view) };
    return { tag: probed.stereo ?? null, ...(await surveyStereo(open as OpenVideo, config)) };
  } finally {
    await session.close();
  }
}

describe.skipIf(ffmpeg === null)('eyes that ffmpeg packed', () => {
  it.each([
    ['sbsl', 'sbs-full', 'left-first'],
    ['sbsr', 'sbs-full', 'right-first'],
    ['sbsl,scale=256:144', 'sbs-half', 'left-first'],
    ['sbsr,scale=256:144', 'sbs-half', 'right-first'],
    ['abl', 'tb-full', 'left-first'],
    ['abr', 'tb-full', 'right-first'],
    ['abl,scale=256:144', 'tb-half', 'left-first'],
    ['abr,scale=256:144', 'tb-half', 'right-first'],
  ])('as %s are found without a word of metadata: %s, %s', async (out, layout, eyeOrder) => {
    const filter = `stereo3d=sbsl:${out},setsar=1`;
    const path = await convert(`${layout}-${eyeOrder}.avi`, '-vf', filter, '-c:v', 'mpeg4', '-q:v', '2');
    const { tag, facts, refusal } = await survey(path);
    expect([tag, refusal]).toEqual([null, null]);
    expect(facts).toMatchObject({ layout, eyeOrder });
  });

  it.each([
    ['sbsl', 'left_right', 'sbs', 'left-first'],
    ['sbsr', 'right_left', 'sbs', 'right-first'],
    ['abl', 'top_bottom', 'tb', 'left-first'],
    ['abr', 'bottom_top', 'tb', 'right-first'],
    ['irl', 'row_interleaved_lr', 'rows', 'left-first'],
    ['irr', 'row_interleaved_rl', 'rows', 'right-first'],
    ['icl', 'col_interleaved_lr', 'columns', 'left-first'],
    ['icr', 'col_interleaved_rl', 'columns', 'right-first'],
    ['chl', 'checkerboard_lr', 'checkerboard', 'left-first'],
    ['chr', 'checkerboard_rl', 'checkerboard', 'right-first'],
  ])('as %s are found where Matroska says %s: %s, %s', async (out, mode, arrangement, order) => {
    const { tag, facts, refusal } = await survey(await packed(`${mode}.mkv`, out, mode));
    expect(tag).toMatchObject({ arrangement, order });
    expect(refusal).toBeNull();
    expect(facts!.layout.replace(/-full$|-half$/, '')).toBe(arrangement);
    expect([facts!.eyeOrder, facts!.flags & 1]).toEqual([order, 0]);
  });

  it.each([
    ['arcc', 10],
    ['agmc', 12],
  ])('for coloured glasses (%s) are refused as an anaglyph', async (out, mode) => {
    const path = patched(await packed(`${out}.mkv`, out, 'block_lr'), mode);
    expect(await survey(path)).toMatchObject({ refusal: 'anaglyph' });
    if (mode === 10) expect(await survey(patched(path, 0))).toMatchObject({ refusal: 'anaglyph' }); // without its word, too
  });

  it('are what the picture shows, whatever the metadata say, and flagged', async () => {
    const path = await packed('wrong.mkv', 'sbsl', 'block_lr');
    for (const mode of [0, 2, 3, 7, 9, 10, 11, 13]) {
      const { facts, refusal } = await survey(patched(path, mode));
      expect(refusal, `mode ${mode}`).toBeNull();
      // The wrong word also changes the shape in which ffmpeg shows the picture, and so whether eyes are whole.
      expect(facts!.layout, `mode ${mode}`).toMatch(/^sbs/);
      expect([facts!.eyeOrder, facts!.flags & 1], `mode ${mode}`).toEqual(['left-first', 1]);
    }
    const one = await packed('one.mkv', 'ml', 'block_lr');
    for (const mode of [1, 3, 7]) expect((await survey(patched(one, mode))).refusal, `mode ${mode}`).toBe('not-stereo');
  });

  it.each([
    [0, 'checkerboard'],
    [1, 'columns'],
    [2, 'rows'],
    [3, 'sbs'],
    [4, 'tb'],
    [5, 'alternating'],
  ] as const)('have the message %d of x264 read as %s, in three containers', async (type, arrangement) => {
    for (const ending of ['264', 'mp4', 'mkv']) {
      const path = await convert(
        `packing-${type}.${ending}`,
        '-frames:v',
        '2',
        '-c:v',
        'libx264',
        '-x264-params',
        `frame-packing=${type}`,
      );
      expect(readStereoTag(path), ending).toMatchObject({
        arrangement,
        from: ending === 'mkv' && type !== 5 ? expect.any(String) : 'sei',
      });
    }
  });
});
