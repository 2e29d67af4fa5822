import { beforeAll, describe, expect, it } from 'vitest';
import { leakyRelu, selectBackend, statelessNormal, tf } from '../../src/engine/index.js';

type Tensor = ReturnType<typeof tf.tensor>;

beforeAll(() => selectBackend('auto'));

const draw = (shape: readonly number[], seed: readonly [number, number]) =>
  tf.tidy(() => statelessNormal(shape, tf.tensor1d([...seed], 'int32')).dataSync() as Float32Array);

describe('statelessNormal', () => {
  it('has the moments of a standard normal distribution', () => {
    const values = [...draw([200, 500], [1, 2])];
    const moment = (power: number) =>
      values.reduce((sum, value) => sum + Array.from({ length: power }, () => value).reduce((a, b) => a * b, 1), 0) /
      values.length;
    [0, 1, 0, 3].forEach((expected, i) => expect(Math.abs(moment(i + 1) - expected)).toBeLessThan(0.1));
    expect(values.filter((value) => Math.abs(value) < 1).length / values.length).toBeCloseTo(0.6827, 2);
    const neighbours = values.reduce((sum, value, i) => sum + value * (values[i + 1] ?? 0), 0) / values.length;
    expect(Math.abs(neighbours)).toBeLessThan(0.02);
  });

  it('gives each seed its own numbers, and a larger batch those of a smaller one first', () => {
    const [few, many] = [draw([3, 4, 5], [7, 8]), draw([9, 4, 5], [7, 8])];
    few.forEach((value, i) => expect(many[i]).toBeCloseTo(value, 4));
    expect([...draw([3, 4, 5], [7, 9])]).not.toEqual([...few]);
  });

  it('gives nearly the same numbers on every engine', async () => {
    const here = draw([50], [-3, 4]);
    await selectBackend('cpu');
    draw([50], [-3, 4]).forEach((value, i) => expect(value).toBeCloseTo(here[i]!, 4));
    await selectBackend('auto');
  });
});

describe('leakyRelu', () => {
  it('has its slope on both sides of 0, and the gradient too', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([-3, -0.5, 0.5, 2]);
      const slope = tf.grad((one: Tensor) => tf.sum(tf.mul(leakyRelu(one, 0.2), tf.tensor1d([1, 2, 3, 4]))))(x);
      [-0.6, -0.1, 0.5, 2].forEach((value, i) => expect(leakyRelu(x, 0.2).dataSync()[i]).toBeCloseTo(value, 6));
      [0.2, 0.4, 3, 4].forEach((value, i) => expect(slope.dataSync()[i]).toBeCloseTo(value, 6));
    });
  });
});
