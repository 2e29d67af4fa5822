import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom, type Fields } from '../../../src/core/index.js';
import { ingestConfig, openVideo, probeFile, selectDecoder } from '../../../src/ingest/index.js';
import { mineVideo, unitedViews } from '../../../src/mining/index.js';
import { insideShare } from '../../../src/mining/patch-triplets/area.js';
import miner from '../../../src/mining/patch-triplets/index.js';
import type { patchTripletsSample } from '../../../src/mining/patch-triplets/sample.js';
import { createMovingTarget } from '../../../src/synthetic/index.js';
import { testData } from '../../fixtures/test-data.js';
import { mineFilm, targetFilm } from './films.js';

type Triplet = Fields<typeof patchTripletsSample>;

describe('patch-triplets against truth', () => {
  it('gives pairs of which both patches show the thing that moves, whatever the camera does', async () => {
    let [pairs, right] = [0, 0];
    for (let seed = 0; seed < 6; seed++) {
      const random = createRandom(seed);
      const draw = (reach: number): number => reach * (2 * random.float() - 1);
      const [vx, vy, panX, panY] = [draw(2.5), draw(1.5), draw(2), draw(1)];
      const film = targetFilm(`film-${seed}`, {
        frames: 32,
        seed,
        x: (i) => 150 + vx * (i - 15),
        y: (i) => 112 + vy * (i - 15),
        panX: (i) => panX * i,
        panY: (i) => panY * i,
      });
      for (const sample of (await mineFilm(film, { fewMoving: 0.04, texturePercentile: 0 }))[0]!.samples) {
        const { boxes, frames } = sample.fields as unknown as Triplet;
        const shares = [0, 1].map((n) => {
          const [x, y, width, height] = [...boxes.subarray(4 * n, 4 * n + 4)] as [number, number, number, number];
          return insideShare(film.box(frames[n]!), { x, y, width, height });
        });
        pairs++;
        if (shares.every((share) => share > 0.7)) right++;
      }
    }
    expect(pairs).toBeGreaterThanOrEqual(4);
    expect(right).toBe(pairs);
  });

  it('follows a box through given frames as an estimator, and says where it is lost', async () => {
    const scene = createMovingTarget({
      width: 200,
      height: 150,
      size: 44,
      x: (i) => 60 + 2 * i,
      y: () => 75,
      isVisible: (i) => i < 25,
    });
    async function* frames() {
      for (let i = 0; i < 40; i++) {
        yield { data: scene.frame(i), width: 200, height: 150, channels: 3 as const, seconds: i / 25 };
      }
    }
    const [estimator] = miner.estimate!;
    if (estimator?.kind !== 'boxes') throw new Error('The miner estimates no boxes.');
    const found = await estimator.run(frames(), miner.config.parse({ padding: 2.5 }), { first: scene.box(0) });
    expect(found.length).toBe(40);
    expect(found[0]).toEqual(scene.box(0));
    for (let i = 0; i < 25; i++) {
      expect(Math.hypot(found[i]!.x - scene.box(i).x, found[i]!.y - scene.box(i).y)).toBeLessThan(4);
    }
    expect(found.slice(28).filter((box) => box !== null)).toEqual([]);
  });

  const folder = testData();
  const clip = folder && join(folder, 'ucf101', 'videos', 'PlayingViolin');
  it.skipIf(!clip || !existsSync(clip))('finds pairs in clips of UCF101 (needs the shared test data)', async () => {
    const { decoder } = await selectDecoder('libav');
    const signals = [{ name: 'patch-triplets', miner, config: miner.config.parse({}) }];
    const never = new AbortController().signal;
    let pairs = 0;
    for (const name of readdirSync(clip!).sort().slice(0, 2)) {
      const probed = await probeFile(join(clip!, name), decoder, { config: ingestConfig.parse({}) });
      const source = { ...probed, paths: [name], licence: null, origin: null, benchmarks: {} };
      const video = await openVideo(source, { corpusRoot: clip!, decoder, views: unitedViews(signals) });
      const units = source.shots.map(({ index }) => ({ shot: index, signal: 'patch-triplets' }));
      for await (const { unit } of mineVideo(video, { signals, units, seed: 1, stop: never, signal: never })) {
        for (const { fields, provenance } of unit.samples) {
          const { trackPsr, boxes, frameSize } = fields as unknown as Triplet;
          expect(Math.min(...trackPsr)).toBeGreaterThanOrEqual(5.25);
          expect([...frameSize]).toEqual([448, 597]);
          // 227 of what would be 448 rows without the black bars that these films have above and below
          const side = Math.round((227 * source.shots[0]!.crop!.height) / source.video.height);
          expect([boxes[2], boxes[3], boxes[6], boxes[7]]).toEqual([side, side, side, side]);
          expect(provenance.pts.length).toBe(2);
          pairs++;
        }
      }
      await video.close();
    }
    expect(pairs).toBeGreaterThan(0);
  });
});
