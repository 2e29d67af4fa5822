import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkConfig, type Frame, type VideoSource } from '../../../src/core/index.js';
import { selectDecoder } from '../../../src/ingest/index.js';
import { unitedViews } from '../../../src/mining/index.js';
import type { StereoPairsConfig } from '../../../src/mining/stereo-pairs/config.js';
import miner from '../../../src/mining/stereo-pairs/index.js';
import { surveyStereo } from '../../../src/mining/stereo-pairs/survey.js';
import { packStereo, type StereoPacking } from '../../../src/synthetic/index.js';
import { decodeImage } from '../../../src/vision/index.js';
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

  it.each(pairs)('tells the packing of %s, and which eye comes first', async (l, r) => {
    const [left, right] = [await rgbOf(join(folder, l)), await rgbOf(join(folder, r))];
    const cases: readonly [StereoPacking, string][] = [
      ['sbs-half', 'sbs'],
      ['tb-full', 'tb'],
    ];
    for (const [packing, arrangement] of cases) {
      for (const order of ['left-first', 'right-first'] as const) {
        const eyes = order === 'left-first' ? [left, right] : [right, left];
        const packed = packStereo(eyes[0]!.data, eyes[1]!.data, left.width, left.height, packing);
        const { facts, refusal } = await survey({ ...packed, frame: () => packed.data });
        expect(refusal, `${packing} ${order}`).toBeNull();
        expect(facts!.layout.startsWith(arrangement)).toBe(true);
        // One frame of a laboratory's pair, squeezed, is too little to vote with.
        if (l.startsWith('kitti')) expect(facts!.eyeOrder).toBe(order);
      }
    }
  });

  it('finds side by side, left first and whole, in a film', async () => {
    const { decoder } = await selectDecoder('auto');
    const path = join(folder, 'sbs/MaryOculus.mp4');
    const session = await decoder.open(path);
    const { config: asIs } = checkConfig(miner.config, {});
    const frames: Frame[] = [];
    try {
      const { startPts, endPts } = session.media.video;
      const times = [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => Math.round(startPts + share * (endPts - startPts)));
      frames.push(...(await session.framesAt(times, null)));
    } finally {
      await session.close();
    }
    const { width, height } = frames[0]!;
    const { facts } = await survey({ width, height, frame: (i) => frames[i]!.data }, {}, { frames: 5, config: asIs });
    expect(facts).toMatchObject({ layout: 'sbs-full', eyeOrder: 'left-first' });
    expect(facts!.eyeOrderConfidence).toBeGreaterThan(0.9);
  });

  it('takes the picture of a stereograph card for two whole eyes', async () => {
    const card = await rgbOf(join(folder, 'sbs/stereograph.left-right.jpg'));
    const views = { ...card, frame: () => card.data };
    const { facts } = await survey(views);
    expect(facts?.layout.startsWith('sbs')).toBe(true);
  });
});
