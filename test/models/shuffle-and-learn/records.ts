import { createRandom, type Sample } from '../../../src/core/index.js';
import type { ShuffleAndLearnConfig } from '../../../src/models/shuffle-and-learn/config.js';
import { prepare } from '../../../src/models/shuffle-and-learn/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';
import { createLoader } from '../loader.js';

const width = 64;
const height = 48;

/** A temporal-order record made here: a disc that crosses a noisy background from left to right, or what the options say. */
export async function makeRecord(
  seed: number,
  { plain = false, tint = false, halves = false }: { plain?: boolean; tint?: boolean; halves?: boolean } = {},
): Promise<Sample> {
  const random = createRandom(`record ${seed}`);
  const background = Uint8Array.from({ length: width * height * 3 }, () => 60 + random.int(40));
  const y = 12 + random.int(24);
  const radius = 5 + random.int(4);
  const images = await Promise.all(
    [0, 1, 2, 3, 4].map((k) => {
      const data = background.slice();
      if (plain) data.fill(40 * k + 20);
      for (let at = 0; at < width * height; at++) {
        const [px, py] = [at % width, Math.floor(at / width)];
        const inside = (px - (8 + 12 * k)) ** 2 + (py - y) ** 2 <= radius * radius;
        if (halves) data.fill(px < width / 2 ? 20 : 230, at * 3, at * 3 + 3);
        else if (!plain && inside) data.set(tint ? [250, 120, 10] : [230, 230, 230], at * 3);
      }
      return encodeImage(data, width, height, 3, { quality: 95 });
    }),
  );
  return {
    key: `source${seed}/0/0`,
    fields: {
      images,
      frames: Int32Array.of(0, 15, 30, 45, 60),
      has: 3,
      tauMax: 30,
      tauMin: 15,
      tauMaxSeconds: 1.2,
      tauMinSeconds: 0.6,
      policy: 'exact',
      motion: 1,
      motionWidth: 160,
      motionKind: 'raw',
      msdCa: 500,
      msdCe: 500,
      weight: 0.1,
      patch: Int32Array.of(8, 0, 48, 48),
      group: `group${seed}`,
    },
    provenance: { source: `source${seed}`, shot: 0, pts: [0, 15, 30, 45, 60], timeBase: [1, 25] },
  };
}

export const { makeBatch, makeSource } = createLoader<ShuffleAndLearnConfig>(prepare);
