import { createRandom, type Sample } from '../../../src/core/index.js';
import type { WangGuptaConfig } from '../../../src/models/wang-gupta/config.js';
import { prepare } from '../../../src/models/wang-gupta/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';
import { createLoader } from '../loader.js';

const size = 48;

/** A patch-triplets record made here: a disc in colours of its own, seen twice at other places before other noise. */
export async function makeRecord(
  seed: number,
  { video = seed, halves = false }: { video?: number; halves?: boolean } = {},
): Promise<Sample> {
  const look = createRandom(`video ${video}`);
  const [disc, ground] = [0, 1].map(() => [look.int(256), look.int(256), look.int(256)] as const);
  const random = createRandom(`record ${seed}`);
  const radius = 9 + look.int(8);
  const patches = await Promise.all(
    [0, 1].map(() => {
      const [x, y] = [size / 2 + random.int(13) - 6, size / 2 + random.int(13) - 6];
      const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
        const [px, py] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
        if (halves) return px < size / 2 ? 20 : 230;
        const inside = (px - x) ** 2 + (py - y) ** 2 <= radius * radius;
        return Math.max(0, Math.min(255, (inside ? disc! : ground!)[i % 3]! + random.int(31) - 15));
      });
      return encodeImage(data, size, size, 3, { quality: 95 });
    }),
  );
  const pts = [10, 40];
  return {
    key: `source${video}/0/${seed}`,
    fields: {
      patches,
      label: 1000 + video,
      groupLabel: 2000 + video,
      group: `group${video}`,
      frames: Int32Array.of(10, 40),
      framesPerSecond: 25,
      frameSize: Int32Array.of(48, 64),
      sourceScale: Float32Array.of(1, 1),
      boxes: Float32Array.of(0, 0, size, size, 4, 0, size, size),
      trackBoxes: Float32Array.of(0, 0, size, size, 4, 0, size, size),
      trackPts: BigInt64Array.of(10n, 40n),
      trackPeak: Float32Array.of(0.5),
      trackPsr: Float32Array.of(12),
      points: 100,
      movingPoints: 40,
      movingInBox: 38,
      movingFraction: 0.4,
      inlierFraction: 0.6,
      medianResidual: 2,
      homography: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
      similarity: 0.5,
      flags: 0,
    },
    provenance: { source: `source${video}`, shot: 0, pts, timeBase: [1, 25] },
  };
}

export const { makeBatch, makeSource } = createLoader<WangGuptaConfig>(prepare);
