import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkConfig, type Frame, type VideoSource } from '../../../src/core/index.js';
import { selectDecoder } from '../../../src/ingest/index.js';
import { unitedViews } from '../../../src/mining/index.js';
import type { StereoPairsConfig } from '../../../src/mining/stereo-pairs/config.js';
import miner from '../../../src/mining/stereo-pairs/index.js';
import { scoreHalves } from '../../../src/mining/stereo-pairs/detect.js';
import { heightAt, lumaOf, scaleTo, type Picture } from '../../../src/mining/stereo-pairs/layout.js';
import { surveyStereo } from '../../../src/mining/stereo-pairs/survey.js';
import { packStereo, type StereoPacking } from '../../../src/synthetic/index.js';
import { decodeImage, matchBlocks } from '../../../src/vision/index.js';
import { testData } from '../../fixtures/test-data.js';
import { openReel, type Reel } from '../fakes.js';

const data = testData();
const { config: anyOrder } = checkConfig(miner.config, { orderAgreement: 0 });

async function rgbOf(path: string): Promise<{ data: Uint8Array; width: number; height: number }> {
  const picture = await decodeImage(readFileSync(path));
  const [width, height] = [picture.width & ~1, picture.height & ~1];
  const out = new Uint8Array(3 * width * height);
  for (let i = 0; i < out.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / (3 * width))];
    out[i] = picture.data[(y * picture.width + x) * picture.channels + (picture.channels === 3 ? i % 3 : 0)]!;
  }
  return { data: out, width, height };
}

async function survey(
  reel: Omit<Reel, 'id' | 'fps' | 'frames'>,
  source: Partial<VideoSource> = {},
  { frames = 2, config = anyOrder }: { frames?: number; config?: StereoPairsConfig } = {},
) {
  const views = unitedViews([{ name: miner.name, miner, config }]);
  const video = openReel({ ...reel, id: 'pair', fps: 1, frames, source }, views);
  return surveyStereo({ ...video, framesAt: (pts) => video.framesAt(pts, `${miner.name}/packed`) }, config);
}

const pairs = [
  ['kitti/samples_image_2/000000.png', 'kitti/samples_image_3/000000.png'],
  ['kitti/samples_image_2/000001.png', 'kitti/samples_image_3/000001.png'],
  ['tsukuba/tsukuba_l.png', 'tsukuba/tsukuba_r.png'],
  ['middlebury/cone/im2.png', 'middlebury/cone/im6.png'],
  ['middlebury/Cloth3/view1.png', 'middlebury/Cloth3/view5.png'],
] as const;

describe.skipIf(data === null)('real pairs', () => {
  const folder = join(data ?? '', 'stereo');
  const { config: asIs } = checkConfig(miner.config, {});

  it.each(pairs)('tells the packing of %s, and which eye comes first or that it cannot say', async (l, r) => {
    const [left, right] = [await rgbOf(join(folder, l)), await rgbOf(join(folder, r))];
    const cases: readonly [StereoPacking, string][] = [
      ['sbs-half', 'sbs'],
      ['sbs-full', 'sbs'],
      ['tb-half', 'tb'],
      ['tb-full', 'tb'],
    ];
    let known = 0;
    for (const [packing, arrangement] of cases) {
      for (const order of ['left-first', 'right-first'] as const) {
        const eyes = order === 'left-first' ? [left, right] : [right, left];
        const packed = packStereo(eyes[0]!.data, eyes[1]!.data, left.width, left.height, packing);
        const { facts, refusal } = await survey({ ...packed, frame: () => packed.data });
        const what = `${packing} ${order}`;
        expect(refusal, what).toBeNull();
        expect(facts!.layout.startsWith(arrangement), what).toBe(true);
        // What the miner would not refuse as unknown is right.
        const isKnown = facts!.eyeOrderConfidence >= asIs.orderAgreement;
        if (isKnown) expect(facts!.eyeOrder, what).toBe(order);
        known += Number(isKnown);
      }
    }
    // One frame is little to vote with, and a cloth that hangs before nothing has neither ground nor edges: it is never known.
    expect(known).toBeGreaterThanOrEqual(l.startsWith('kitti') ? 8 : l.includes('Cloth') ? 0 : 5);
  });

  it('sees in driving that what is lower is nearer, by the slope that was measured elsewhere', async () => {
    const [left, right] = [await rgbOf(join(folder, pairs[0][0])), await rgbOf(join(folder, pairs[0][1]))];
    const slope = (a: typeof left, b: typeof left): number => {
      const [first, second] = [a, b].map((eye) => {
        const luma = lumaOf({ ...eye, channels: 3 });
        return scaleTo(luma, 480, heightAt(480, eye, 'sbs-full'));
      }) as [Picture, Picture];
      const { width, height } = first;
      const found = matchBlocks(first.data, second.data, width, height, {
        dx: [-40, 40],
        dy: [-2, 2],
        leastDeviation: 6,
      })
        .filter(({ correlation }) => correlation > 0.85)
        .map(({ y, dx }) => [y, dx] as const);
      // The middle one of the slopes between all pairs of blocks: what few blocks say does not count.
      const slopes = found.flatMap(([y, dx], i) =>
        found.slice(i + 1).flatMap(([y2, dx2]) => (Math.abs(y2 - y) < 16 ? [] : [(dx2 - dx) / (y2 - y)])),
      );
      return slopes.sort((p, q) => p - q)[slopes.length >> 1]!;
    };
    // The specification's figures are -0.105 and 0.077.
    const [inOrder, swapped] = [slope(left, right), slope(right, left)];
    expect(inOrder).toBeLessThan(-0.05);
    expect(inOrder).toBeGreaterThan(-0.16);
    expect(swapped).toBeGreaterThan(0.05);
    expect(swapped).toBeLessThan(0.16);
  });

  it('finds side by side, left first and whole, in a film, and its left eye twice flat', async () => {
    const { decoder } = await selectDecoder('auto');
    const path = join(folder, 'sbs/MaryOculus.mp4');
    const session = await decoder.open(path);
    const frames: Frame[] = [];
    try {
      const { startPts, endPts } = session.media.video;
      const times = [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => Math.round(startPts + share * (endPts - startPts)));
      frames.push(...(await session.framesAt(times, null)));
    } finally {
      await session.close();
    }
    const { width, height } = frames[0]!;
    const look = (change: (frame: Frame) => Uint8Array) =>
      survey({ width, height, frame: (i) => change(frames[i]!) }, {}, { frames: 5, config: asIs });
    const { facts } = await look(({ data: pixels }) => pixels);
    expect(facts).toMatchObject({ layout: 'sbs-full', eyeOrder: 'left-first' });
    expect(facts!.eyeOrderConfidence).toBeGreaterThan(0.9);
    for (const frame of frames) {
      const { score, inRow } = scoreHalves({ ...frame, channels: 3 }, 'sbs');
      expect(score).toBeGreaterThanOrEqual(0.9);
      expect(inRow).toBeGreaterThanOrEqual(0.9);
    }
    const swapped = ({ data: pixels }: Frame): Uint8Array => halves(pixels, width, (x) => (x + width / 2) % width);
    expect((await look(swapped)).facts).toMatchObject({ layout: 'sbs-full', eyeOrder: 'right-first' });
    const doubled = ({ data: pixels }: Frame): Uint8Array => halves(pixels, width, (x) => x % (width / 2));
    expect(await look(doubled)).toEqual({ facts: null, refusal: 'flat' });
  });

  it('takes the picture of a stereograph card for two whole eyes', async () => {
    const card = await rgbOf(join(folder, 'sbs/stereograph.left-right.jpg'));
    const views = { ...card, frame: () => card.data };
    const { facts } = await survey(views, {}, { frames: 1 });
    expect(facts?.layout).toBe('sbs-full');
  });
});

/** Each pixel of a row from another column. */
function halves(pixels: Uint8Array, width: number, from: (x: number) => number): Uint8Array {
  return pixels.map((_, i) => {
    const at = Math.floor(i / 3);
    const x = at % width;
    return pixels[3 * (at - x + from(x)) + (i % 3)]!;
  });
}
