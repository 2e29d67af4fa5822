import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import {
  conv2d,
  dense,
  relu,
  selectBackend,
  tf,
  watchLayers,
  type Encoder,
  type Tensor,
} from '../../src/engine/index.js';
import {
  clusterDirections,
  fitWhitener,
  normaliseRows,
  unwhiten,
  whiten,
  type Vectors,
} from '../../src/eval/k-means/clusters.js';
import { canInitialise, initialiseByKMeans } from '../../src/eval/k-means/initialise.js';
import { drawPatches, takeChannels } from '../../src/eval/k-means/patches.js';

beforeAll(() => selectBackend('auto'));

const toVectors = (rows: readonly (readonly number[])[]): Vectors => ({
  data: Float32Array.from(rows.flat()),
  rows: rows.length,
  columns: rows[0]!.length,
});
const rowsOf = ({ data, rows, columns }: Vectors) =>
  Array.from({ length: rows }, (_, r) => [...data.subarray(r * columns, (r + 1) * columns)]);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

describe('clusters by angle', () => {
  it('find directions that were planted, whatever their lengths', () => {
    const random = createRandom('planted');
    const planted = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]]; // prettier-ignore
    const vectors = toVectors(
      Array.from({ length: 400 }, (_, n) => {
        const length = 0.5 + random.float();
        return planted[n % 4]!.map((value) => length * (value + 0.08 * random.normal()));
      }),
    );
    // A start with two centres in one cluster can stay there: the best of a few is asked for.
    const found = [0, 1, 2, 3, 4].map((seed) => {
      const centres = clusterDirections(vectors, { clusters: 4, rounds: 10, random: createRandom(seed) });
      return planted.map((direction) => Math.max(...[0, 1, 2, 3].map((c) => dot(centres.subarray(4 * c, 4 * c + 4), direction)))); // prettier-ignore
    });
    expect(Math.max(...found.map((best) => Math.min(...best)))).toBeGreaterThan(0.99);
    expect(() => clusterDirections(vectors, { clusters: 401, rounds: 1, random: createRandom(1) })).toThrow(RangeError);
  });

  it('are the same for the same seed, and of unit length', () => {
    const vectors = toVectors(Array.from({ length: 50 }, (_, n) => [Math.sin(n), Math.cos(3 * n), Math.sin(5 * n)]));
    const cluster = (seed: number) =>
      clusterDirections(vectors, { clusters: 6, rounds: 5, random: createRandom(seed) });
    expect(cluster(1)).toEqual(cluster(1));
    for (let c = 0; c < 6; c++) {
      const centre = cluster(1).subarray(3 * c, 3 * c + 3);
      expect(dot(centre, centre)).toBeCloseTo(1, 5);
    }
  });
});

describe('whitening', () => {
  const random = createRandom('white');
  const vectors = toVectors(
    Array.from({ length: 3000 }, () => {
      const [a, b, c] = [random.normal(), random.normal(), random.normal()];
      return [3 * a, a + 0.5 * b, 0.2 * c - b, b];
    }),
  );

  it('gives unit covariance', () => {
    const white = rowsOf(whiten(fitWhitener(vectors, 0), vectors));
    // four columns of three numbers: one direction holds nothing
    const covariance = (i: number, j: number) => white.reduce((sum, row) => sum + row[i]! * row[j]!, 0) / white.length;
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) expect(covariance(i, j)).toBeCloseTo(i === j ? 1 : 0, 2);
  });

  it('is undone for a filter: products with what was not whitened are the same', () => {
    const whitener = fitWhitener(vectors);
    const white = whiten(whitener, vectors);
    const direction = Float32Array.from([0.5, -0.5, 0.5, 0.5]);
    const filter = unwhiten(whitener, direction);
    rowsOf(vectors)
      .slice(0, 20)
      .forEach((row, r) => expect(dot(row, filter)).toBeCloseTo(dot(rowsOf(white)[r]!, direction), 3));
  });

  it('of rows takes their mean and their contrast, and leaves flat ones small', () => {
    const normal = rowsOf(normaliseRows(toVectors([[1, 2, 3], [10, 20, 30], [5, 5, 5]]), 0)); // prettier-ignore
    expect(normal[0]![0]).toBeCloseTo(normal[1]![0]!, 5);
    expect(normal[0]!.reduce((a, b) => a + b)).toBeCloseTo(0, 5);
    expect(normal[2]).toEqual([0, 0, 0]);
  });
});

describe('windows of a layer', () => {
  const [height, width, channels] = [5, 6, 2];
  const data = Float32Array.from({ length: 2 * height * width * channels }, (_, i) => i + 1);

  it.each([
    ['valid', 1],
    ['same', 1],
    ['same', 2],
    [1, 2],
  ] as const)('are those that a convolution takes products with: padding %s, stride %d', (pad, stride) => {
    // A kernel whose every weight is a power of its own tells which numbers it lies on.
    const kernel = Float32Array.from({ length: 3 * 3 * channels }, (_, i) => Math.cos(1.7 * i) + 0.3 * i);
    const all = tf.tidy(
      () =>
      conv2d(tf.tensor4d(data, [2, height, width, channels]), tf.tensor4d(kernel, [3, 3, channels, 1]), { stride, pad }).dataSync(), // prettier-ignore
    );
    const geometry = { kernel: [3, 3], input: [height, width, channels], stride, pad } as const;
    const windows = drawPatches(data, geometry, { perPicture: 200, random: createRandom('windows') });
    const products = rowsOf(windows).map((row) => dot(row, kernel));
    const half = all.length / 2;
    products.forEach((product, n) => {
      const own = all.subarray(n < 200 ? 0 : half, n < 200 ? half : all.length);
      expect(Math.min(...own.map((value) => Math.abs(value - product)))).toBeLessThan(1e-2);
    });
    // and every place is drawn
    for (const value of all)
      expect(Math.min(...products.map((product) => Math.abs(product - value)))).toBeLessThan(1e-2);
  });

  it('of a group hold its channels only', () => {
    const windows = { data: Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]), rows: 1, columns: 8 };
    expect([...takeChannels(windows, { channels: 4, from: 2, count: 2 }).data]).toEqual([3, 4, 7, 8]);
    expect(takeChannels(windows, { channels: 4, from: 2, count: 2 }).columns).toBe(4);
  });
});

const size = 16;

/** Two convolutions, the second in two groups, and a dense layer. */
function makeNetwork() {
  const random = createRandom('weights');
  const variable = (shape: number[]) =>
    tf.tidy(() =>
      tf.variable(
        tf.tensor(
          Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.1 * random.normal()),
          shape,
        ),
      ),
    );
  const weights = {
    first: variable([5, 5, 3, 6]),
    firstBias: variable([6]),
    second: variable([3, 3, 3, 8]),
    secondBias: variable([8]),
    last: variable([4 * 4 * 8, 5]),
    lastBias: variable([5]),
  };
  const encoder: Encoder = {
    width: size,
    height: size,
    layers: { last: 5 },
    encode: (images) =>
      tf.tidy(() => {
        let x: Tensor = tf.sub(tf.div(images, 128), 1);
        x = relu(conv2d(x, weights.first, { bias: weights.firstBias, stride: 2 }));
        x = relu(conv2d(x, weights.second, { bias: weights.secondBias, stride: 2, groups: 2 }));
        return dense(tf.reshape(x, [images.shape[0], -1]), weights.last, weights.lastBias);
      }),
  };
  return { encoder, weights, dispose: () => tf.dispose(weights) };
}

/** Bars of two colours at random angles: windows of few kinds. */
function makePictures(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const random = createRandom(`bars ${n}`);
    const [u, v] = ([[1, 0], [0, 1], [0.7, 0.7]] as const)[random.int(3)]!; // prettier-ignore
    const phase = random.float() * 6;
    const colour = random.int(2);
    return Uint8Array.from({ length: size * size * 3 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size), i % 3];
      return 128 + (c === colour ? 80 : 20) * Math.sin(1.6 * (u * x + v * y) + phase);
    });
  });
}

describe('a network set by k-means', () => {
  it('has mean 0.1 and variance 1 in every channel of every layer over the pictures', () => {
    const { encoder, dispose } = makeNetwork();
    const pictures = makePictures(20);
    const before = tf.memory().numTensors;
    initialiseByKMeans(encoder, 'last', pictures, { patches: 400, rounds: 5, random: createRandom(1) });
    expect(tf.memory().numTensors).toBe(before);
    const layers: { data: Float32Array; channels: number }[] = [];
    tf.tidy(() =>
      watchLayers(
        () => {
          const pixels = new Float32Array(pictures.flatMap((picture) => [...picture]));
          return encoder.encode(tf.tensor(pixels, [20, size, size, 3]), 'last');
        },
        ({ y }) => layers.push({ data: y.dataSync() as Float32Array, channels: y.shape.at(-1)! }),
      ),
    );
    expect(layers.map(({ channels }) => channels)).toEqual([6, 8, 5]);
    for (const { data, channels } of layers) {
      for (let c = 0; c < channels; c++) {
        const own = data.filter((_, i) => i % channels === c);
        const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
        expect(mean).toBeCloseTo(0.1, 3);
        expect(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length).toBeCloseTo(1, 2);
      }
    }
    dispose();
  });

  it('is the same for the same seed, another for another, and has filters that see contrast', () => {
    const weightsFor = (seed: number) => {
      const { encoder, weights, dispose } = makeNetwork();
      initialiseByKMeans(encoder, 'last', makePictures(20), { patches: 400, rounds: 5, random: createRandom(seed) });
      const values = Object.values(weights).map((weight) => [...weight.dataSync()]);
      dispose();
      return values;
    };
    const weights = weightsFor(1);
    expect(weightsFor(1)).toEqual(weights);
    expect(weightsFor(2)).not.toEqual(weights);
    // Windows lost their mean, so filters sum to nothing: they see contrast.
    for (let c = 0; c < 6; c++) {
      const filter = weights[0]!.filter((_, i) => i % 6 === c);
      const size1 = filter.reduce((sum, value) => sum + Math.abs(value), 0);
      expect(Math.abs(filter.reduce((a, b) => a + b))).toBeLessThan(1e-3 * size1);
    }
  });

  it('is not to be had of an encoder without layers of its own', () => {
    const { encoder, dispose } = makeNetwork();
    expect(canInitialise(encoder, 'last')).toBe(true);
    dispose();
    const means: Encoder = { ...encoder, encode: (images) => tf.tidy(() => tf.mean(images, [1, 2])) };
    expect(canInitialise(means, 'last')).toBe(false);
  });
});
