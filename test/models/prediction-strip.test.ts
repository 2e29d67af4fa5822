import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend, tf } from '../../src/engine/index.js';
import { predictionStrip } from '../../src/models/layers/prediction-strip.js';

beforeAll(async () => {
  await selectBackend('auto');
});

/** Plain frames whose level tells video, time and row: [videos, frames, 2, 3, channels]. */
const plain = (videos: number, frames: number, channels: number, base: number) =>
  tf.tensor(
    Array.from({ length: videos * frames * 6 * channels }, (_, i) => {
      const [video, time] = [Math.floor(i / (frames * 6 * channels)), Math.floor(i / (6 * channels)) % frames];
      return base + 0.05 * time + 0.2 * video;
    }),
    [videos, frames, 2, 3, channels],
  );

describe('a strip of predictions', () => {
  it.each([1, 3])('puts futures under the frames that came, for %i channels', (channels) => {
    const truth = plain(3, 4, channels, 0.1);
    const [a, b] = [plain(3, 3, channels, 0.3), plain(3, 3, channels, 0.4)];
    const before = tf.memory().numTensors;
    const strip = predictionStrip(truth, [a, b], { observed: 1, videos: 2 });
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(strip.shape).toEqual([2, 9, 16, 3]);
    const data = strip.dataSync();
    const at = (video: number, row: number, frame: number) => data[((video * 9 + row * 3) * 16 + frame * 4) * 3]! / 255;
    expect(at(0, 0, 0)).toBeCloseTo(0.1, 5);
    expect(at(1, 0, 3)).toBeCloseTo(0.1 + 0.15 + 0.2, 5);
    expect(at(0, 1, 0)).toBeCloseTo(0.25, 5); // observed: nothing was predicted
    expect(at(0, 1, 1)).toBeCloseTo(0.3, 5);
    expect(at(1, 2, 3)).toBeCloseTo(0.4 + 0.1 + 0.2, 5);
    expect(data[(2 * 16 + 5) * 3]! / 255).toBeCloseTo(0.5, 5); // the line between rows
  });

  it('refuses predictions that do not end with the truth', () => {
    expect(() => predictionStrip(plain(1, 4, 1, 0), [plain(1, 2, 1, 0)], { observed: 1 })).toThrow(
      /1 observed and 2 predicted frames are not the 4/,
    );
  });
});
