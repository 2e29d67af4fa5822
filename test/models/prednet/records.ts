import { createRandom, type Sample } from '../../../src/core/index.js';
import type { PredNetConfig } from '../../../src/models/prednet/config.js';
import { prepare } from '../../../src/models/prednet/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';
import { createLoader } from '../loader.js';

/** A clips record made here: a bright square that runs over a dark ground and turns round at the edges. */
export async function makeRecord(
  seed: number,
  {
    length = 6,
    width = 16,
    height = 8,
    channels = 1,
    storage = 'raw',
  }: { length?: number; width?: number; height?: number; channels?: 1 | 3; storage?: 'raw' | 'png' } = {},
): Promise<Sample> {
  const random = createRandom(`record ${seed}`);
  const [left, top, side] = [random.int(width), random.int(height), 3 + random.int(2)];
  const [across, down] = [1 + random.int(2), random.int(2)];
  const colour = [0, 1, 2].map(() => 128 + random.int(128));
  const turn = (at: number, room: number) => {
    const place = at % (2 * room);
    return place < room ? place : 2 * room - 1 - place;
  };
  const data = new Uint8Array(length * height * width * channels);
  for (let t = 0, at = 0; t < length; t++) {
    const [x0, y0] = [turn(left + across * t, width - side), turn(top + down * t, height - side)];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++)
          data[at++] = x >= x0 && x < x0 + side && y >= y0 && y < y0 + side ? colour[c]! : 20;
  }
  const one = height * width * channels;
  const images = await Promise.all(
    Array.from({ length }, (_, t) =>
      encodeImage(data.slice(t * one, (t + 1) * one), width, height, channels, { format: 'png' }),
    ),
  );
  return {
    key: `source${seed}/0/0`,
    fields: {
      ...(storage === 'raw' ? { frames: { data, shape: [length, height, width, channels] } } : { images }),
      size: Int32Array.of(length, height, width, channels),
      start: 0,
      framesPerSecond: 10,
      motion: 5,
      group: `group${seed}`,
    },
    provenance: { source: `source${seed}`, shot: 0, pts: Array.from({ length }, (_, t) => t), timeBase: [1, 10] },
  };
}

export const { makeBatch, makeSource } = createLoader<PredNetConfig>(prepare);
