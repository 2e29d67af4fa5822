import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { selectBackend, tf } from '../../../src/engine/index.js';
import { createPredictionRival, forecast, predictionRivals } from '../../../src/eval/index.js';

beforeAll(async () => {
  await selectBackend('auto');
});

const side = 32;
const size = { width: side, height: side, channels: 1, observes: 3, predicts: 2 } as const;

/** A texture that moves by (dx, dy) a frame: [frames, side, side, 1]. */
function moving(frames: number, dx: number, dy: number): Float32Array {
  const random = createRandom(7);
  const texture = Float32Array.from({ length: 96 * 96 }, () => random.float());
  return Float32Array.from({ length: frames * side * side }, (_, i) => {
    const [t, y, x] = [Math.floor(i / (side * side)), Math.floor(i / side) % side, i % side];
    return texture[(y - dy * t + 32) * 96 + x - dx * t + 32]!;
  });
}

function ask(name: string, data: Float32Array, frames: number, steps: number): Float32Array {
  const rival = createPredictionRival(name, size);
  const clips = tf.tensor(data, [1, frames, side, side, 1]);
  const [future] = [...forecast(rival, clips, { observe: frames, steps, seeds: [createRandom(1)] })];
  clips.dispose();
  return future!;
}

describe('rivals', () => {
  it.each(predictionRivals)('%s gives frames in range for any number of seen ones, and leaks nothing', (name) => {
    const before = tf.memory().numTensors;
    for (const frames of [1, 2, 4]) {
      const future = ask(name, moving(frames, 2, 1), frames, 3);
      expect(future).toHaveLength(3 * side * side);
      expect(future.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('follow their rules', () => {
    const levels = (values: readonly number[]) =>
      Float32Array.from({ length: values.length * side * side }, (_, i) => values[Math.floor(i / (side * side))]!);
    const firsts = (name: string) => {
      const future = ask(name, levels([0.2, 0.3, 0.5]), 3, 4);
      return [0, 1, 2, 3].map((step) => Number(future[step * side * side]!.toFixed(4)));
    };
    expect(firsts('copy-last')).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(firsts('mean')).toEqual([0.3333, 0.3333, 0.3333, 0.3333]);
    expect(firsts('linear')).toEqual([0.7, 0.9, 1, 1]);
    expect(firsts('zero')).toEqual([0, 0, 0, 0]);
    expect(firsts('block-motion')).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it('block-motion carries a moving texture on, away from the edges it comes in at', () => {
    const future = ask('block-motion', moving(3, 2, -1), 3, 2);
    const truth = moving(5, 2, -1).subarray(3 * side * side);
    let worst = 0;
    for (let step = 0; step < 2; step++)
      for (let y = 8; y < side - 16; y++)
        for (let x = 16; x < side - 8; x++) {
          const at = (step * side + y) * side + x;
          worst = Math.max(worst, Math.abs(future[at]! - truth[at]!));
        }
    expect(worst).toBeLessThan(1e-6);
  });

  it('refuses a name that it does not know', () => {
    expect(() => createPredictionRival('optical-flow', size)).toThrow(/copy-last, mean, linear, block-motion, zero/);
  });
});
