import type { Box, MinedUnit } from '../../../src/core/index.js';
import { mineVideo, unitedViews } from '../../../src/mining/index.js';
import { patchTripletsConfig } from '../../../src/mining/patch-triplets/config.js';
import miner from '../../../src/mining/patch-triplets/index.js';
import { createMovingTarget, type MovingTargetOptions } from '../../../src/synthetic/index.js';
import { openReel, type Reel } from '../fakes.js';

/** A film, and where its target is. */
export interface Film extends Reel {
  readonly box: (frame: number) => Box;
}

/** Half the size at which lengths are stated: quick, and it shows that they are scaled. */
export const filmSize = { width: 300, height: 224 } as const;

/** Settings for films of that size, in which the target is a tenth of the picture. */
export const filmConfig = { frameWidth: 300, frameHeight: 224, fewMoving: 0.1 } as const;

/** A textured square of 84 pixels that moves slantwise over a still backdrop, if nothing else is asked. */
export function targetFilm(
  id: string,
  { frames = 36, ...target }: Partial<MovingTargetOptions> & { readonly frames?: number } = {},
): Film {
  const scene = createMovingTarget({
    ...filmSize,
    size: 84,
    x: (i) => 110 + 2 * i,
    y: (i) => 90 + i,
    seed: 3,
    grain: 1,
    ...target,
  });
  return { id, ...filmSize, fps: 25, frames, frame: (i) => scene.frame(i), box: (i) => scene.box(i), keepsViews: true };
}

/** Mines all shots of a reel in this process. */
export async function mineFilm(reel: Reel, settings: object = {}, seed = 1): Promise<readonly MinedUnit[]> {
  const config = patchTripletsConfig.parse({ ...filmConfig, ...settings });
  const signals = [{ name: 'patch-triplets', miner, config }];
  const video = openReel(reel, unitedViews(signals));
  const never = new AbortController().signal;
  const units = video.source.shots.map(({ index }) => ({ shot: index, signal: 'patch-triplets' }));
  const out: MinedUnit[] = [];
  for await (const { unit } of mineVideo(video, { signals, units, seed, stop: never, signal: never })) out.push(unit);
  return out;
}
