import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { selectBackend, tf } from '../../../src/engine/index.js';
import type { Deep3dConfig } from '../../../src/models/deep3d/config.js';
import task from '../../../src/models/deep3d/index.js';
import { findDisparities, leftRightLoss } from '../../../src/models/deep3d/left-right.js';
import { resolveTaskConfig } from '../../../src/models/index.js';

beforeAll(() => selectBackend('auto'));

const leftRight = ['preset=tiny', 'method=left-right', 'kernels=[5]', 'convolutions=[2,2,2]', 'decoder=[8,6,4]'];
const set = [...leftRight, 'mostDisparity=0.2'];

describe('left-right consistency', () => {
  const config = resolveTaskConfig(task, { set }).config as Deep3dConfig;
  const noise = () => {
    const random = createRandom('row');
    return Float32Array.from({ length: 32 * 48 }, () => random.float());
  };
  /** A picture and the same moved by whole pixels, 32 wide out of 48. */
  const pairOf = (d: number) => {
    const values = noise();
    const cut = (from: number) =>
      tf.tile(tf.slice(tf.tensor(values, [1, 32, 48, 1]), [0, 0, from, 0], [1, 32, 32, 1]), [1, 1, 1, 3]);
    return [cut(8), cut(8 + d)] as const;
  };
  type Eye = ReturnType<typeof tf.tensor>;
  const lossOf = (left: Eye, right: Eye, d: number, weight: Eye = tf.ones([1, 32, 32, 1])) => {
    const same = tf.fill([1, 32, 32, 1], d / 32);
    return leftRightLoss(left, right, { left: [same], right: [same] }, { config, weight }).loss.dataSync()[0]!;
  };

  it('counts nothing where a logo lies, at any size, and averages over the rest', () => {
    tf.tidy(() => {
      const [left, right] = pairOf(3);
      const corner = (inside: number) =>
        tf.tensor(
          Float32Array.from({ length: 32 * 32 }, (_, i) => (i % 32 < 16 && i < 16 * 32 ? inside : 1 - inside)),
          [1, 32, 32, 1],
        );
      const [weight, logo] = [corner(0), corner(1)];
      const drawn = tf.add(tf.mul(right, weight), logo);
      expect(lossOf(left, drawn, 0)).not.toBeCloseTo(lossOf(left, right, 0), 3);
      expect(lossOf(left, drawn, 0, weight)).toBeCloseTo(lossOf(left, right, 0, weight), 6);
      const half = tf.fill([1, 16, 16, 1], 0);
      const own = [tf.fill([1, 32, 32, 1], 0), half];
      const both = (eye: Eye, known: Eye) =>
        leftRightLoss(left, eye, { left: own, right: own }, { config, weight: known }).loss.dataSync()[0]!;
      expect(both(drawn, weight)).toBeCloseTo(both(right, weight), 6);
      // One grey picture and another: the error is the same wherever it is measured.
      const [dark, light] = [tf.fill([1, 32, 32, 3], 0.2), tf.fill([1, 32, 32, 3], 0.6)];
      expect(lossOf(dark, light, 0, weight)).toBeCloseTo(lossOf(dark, light, 0), 6);
      expect(lossOf(dark, light, 0, tf.zeros([1, 32, 32, 1]))).toBe(0);
    });
  });

  it.each([3, -3])(
    'is least at the true disparity of %d pixels, and the same for the mirrored pair with its eyes swapped',
    (d) => {
      tf.tidy(() => {
        const [left, right] = pairOf(d);
        const losses = [-4, -3, -2, 0, 2, 3, 4].map((guess) => [lossOf(left, right, guess), guess] as const);
        expect(Math.min(...losses.map(([loss]) => loss))).toBe(losses.find(([, guess]) => guess === d)![0]);
        const mirrored = lossOf(tf.reverse(right, 2), tf.reverse(left, 2), d);
        expect(Math.abs(mirrored - lossOf(left, right, d))).toBeLessThan(1e-6);
      });
    },
  );

  it('gives disparities of both signs, and with the published range of one alone', () => {
    for (const sign of ['both', 'positive'] as const) {
      const own = { ...config, sign };
      const trainer = task.createTrainer(own, createRandom(1));
      tf.tidy(() => {
        const left = tf.randomUniform([2, 32, 32, 3], 0, 255, 'float32', 5);
        const { disparities } = findDisparities(left, trainer.variables, own);
        expect(disparities.left.map(({ shape }) => shape)).toEqual([
          [2, 32, 32, 1],
          [2, 16, 16, 1],
          [2, 8, 8, 1],
        ]);
        const values = disparities.left.flatMap((map) => [...map.dataSync()]);
        expect(Math.min(...values) < 0).toBe(sign === 'both');
        expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(own.mostDisparity);
      });
      trainer.dispose();
    }
  });
});
