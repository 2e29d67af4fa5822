import type { MinedUnit } from '../../../src/core/index.js';
import { createRandom } from '../../../src/core/index.js';
import { mineVideo, unitedViews } from '../../../src/mining/index.js';
import { motionMasksConfig } from '../../../src/mining/motion-masks/config.js';
import miner from '../../../src/mining/motion-masks/index.js';
import { pairGaps, planFrames } from '../../../src/mining/motion-masks/plan.js';
import { MotionScan, type JudgedFrame } from '../../../src/mining/motion-masks/scan.js';
import { makeMoverFilm, type MoverFilm, type MoverFilmOptions } from '../../../src/synthetic/index.js';
import { openReel, type Reel } from '../fakes.js';

/** A camera that pans, zooms and rolls, and a disc of 10 % of the picture that moves against it at 4 pixels a frame. */
export const usualFilm: MoverFilmOptions = {
  seed: 2,
  frames: 18,
  pan: [3, 0],
  zoom: 1.01,
  rollDegrees: 0.5,
  things: [{ outline: 'disc', radius: 34, from: [128, 72], velocity: [-1, 0] }],
};

/** All planned frames of a film, as the miner scans them. */
export function scanFilm(
  film: MoverFilm,
  settings: object = {},
  order: readonly number[] = [...Array(film.frameCount).keys()],
): readonly JudgedFrame<number>[] {
  const config = motionMasksConfig.parse(settings);
  const plan = planFrames(order.length, 0, config);
  const scan = new MotionScan<number>({ config, gaps: pairGaps(25), plan, random: createRandom(1) });
  const { width, height } = film;
  order.forEach((at, frame) => scan.add({ frame, rgb: film.frame(at), width, height, tag: at }));
  return scan.end();
}

/** A film as the tests' decoder shows it. */
export function reelOf(id: string, film: MoverFilm): Reel {
  const { width, height, frameCount: frames } = film;
  return { id, width, height, fps: 25, frames, frame: (i) => film.frame(i), keepsViews: true };
}

/** Mines a film in this process. */
export async function mineFilm(film: MoverFilm, settings: object = {}): Promise<MinedUnit> {
  const signals = [{ name: 'motion-masks', miner, config: motionMasksConfig.parse(settings) }];
  const video = openReel(reelOf('film', film), unitedViews(signals));
  const { signal } = new AbortController();
  const units: MinedUnit[] = [];
  const wanted = [{ shot: 0, signal: 'motion-masks' }];
  for await (const { unit } of mineVideo(video, { signals, units: wanted, seed: 1, stop: signal, signal }))
    units.push(unit);
  return units[0]!;
}

/** Mean of a measure over the frames. */
export function meanOf<T>(items: readonly T[], measure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + measure(item), 0) / items.length;
}

export { makeMoverFilm };
