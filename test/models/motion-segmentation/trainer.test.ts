import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { disposeBatch, selectBackend, sumLayers, tf, toTensorBatch, type Trainer } from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { MotionSegmentationConfig } from '../../../src/models/motion-segmentation/config.js';
import task from '../../../src/models/motion-segmentation/index.js';
import { maskLoss } from '../../../src/models/motion-segmentation/loss.js';
import { enlargement } from '../../../src/models/motion-segmentation/network.js';
import { planWeights, summariseNetwork } from '../../../src/models/motion-segmentation/shapes.js';
import { countLearned } from '../../../src/models/layers/weight-plan.js';
import { convolution, full, normalise, pool, relu, type Plane } from '../wang-gupta/plain-network.js';
import { makeBatch, makeRecord } from './records.js';

beforeAll(() => selectBackend('auto'));

const configure = (...set: string[]) => resolveTaskConfig(task, { set }).config as unknown as MotionSegmentationConfig;
const tinyCaffenet = [
  'preset=tiny',
  'trunk=caffenet',
  'channels=[4,4,6,6,4]',
  'imageSize=40',
  'fc6=10',
  'fc7=9',
  'jitterColour=0',
];

function randomize(trainer: Trainer, seed = 4): void {
  for (const [name, variable] of trainer.variables) {
    const random = createRandom(seed).fork(name);
    const values = Float32Array.from({ length: variable.size }, () => 0.4 * random.normal());
    variable.assign(tf.tensor(values, variable.shape));
  }
}

describe('the network', () => {
  it('has the parameters of the paper', () => {
    const paper = configure('preset=paper');
    expect(countLearned(planWeights(paper))).toBe(69_716_416);
    expect(sumLayers(summariseNetwork(paper)).parameters).toBe(69_716_416);
    const small = configure();
    expect(sumLayers(summariseNetwork(small)).parameters).toBe(countLearned(planWeights(small)));
  });

  it('refuses channels that are not its trunk', () => {
    expect(() => planWeights(configure('trunk=caffenet'))).toThrow(/5 numbers/);
    expect(() => planWeights(configure('channels=[1,2,3,4,5]'))).toThrow(/4 numbers/);
  });

  it.each([
    ['caffenet', tinyCaffenet],
    ['plain', ['preset=tiny']],
  ])('of trunk %s gives the logits of a rewrite in double precision', async (_, set) => {
    const config = configure(...set);
    const trainer = task.createTrainer(config, createRandom(1));
    randomize(trainer);
    const size = config.imageSize;
    const random = createRandom(8);
    const pixels = Float32Array.from({ length: size * size * 3 }, () => random.int(256));
    const images = tf.tensor(pixels, [1, size, size, 3]);
    const logits = trainer.segmenter!.logits(images);
    const weights = new Map(
      [...trainer.variables].map(([name, { shape }]) => [
        name,
        { shape, data: trainer.variables.get(name)!.dataSync() },
      ]),
    );
    const expected = plainLogits(pixels, weights, config);
    const largest = Math.max(...expected.map(Math.abs));
    [...logits.dataSync()].forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-4 * largest));
    tf.dispose([images, logits]);
    trainer.dispose();
  });

  it('enlarges linearly between the centres of places', () => {
    const matrix = tf.tidy(() => [...enlargement(2, 4).dataSync()]);
    const column = (x: number) => [0, 1, 2, 3].map((from) => matrix[from * 16 + x]);
    expect(column(0)).toEqual([1, 0, 0, 0]);
    expect(column(5)).toEqual([0.5625, 0.1875, 0.1875, 0.0625]);
  });
});

type Weights = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>;

/** The network once more: loops in double precision, no library. */
function plainLogits(pixels: Float32Array, weights: Weights, config: MotionSegmentationConfig): number[] {
  const { imageSize, conv1Stride, maskSize } = config;
  const of = (name: string) => weights.get(name)!;
  const [mean, deviation] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  const input = Float64Array.from(pixels, (value, i) => (value / 255 - mean[i % 3]!) / deviation[i % 3]!);
  const convolve = (x: Plane, name: string, how: { groups?: number; stride?: number; pad?: number } = {}) =>
    relu(convolution(x, of(`${name}.weight`), of(`${name}.bias`), { groups: 1, stride: 1, pad: 0, ...how }));
  const first = convolve({ side: imageSize, channels: 3, at: input }, 'conv1', { stride: conv1Stride });
  if (config.trunk === 'caffenet') {
    let x = normalise(pool(first));
    x = normalise(pool(convolve(x, 'conv2', { groups: 2, pad: 2 })));
    x = convolve(convolve(x, 'conv3', { pad: 1 }), 'conv4', { groups: 2, pad: 1 });
    const flat = [...pool(convolve(x, 'conv5', { groups: 2, pad: 1 })).at];
    const dense = (values: number[], name: string) => full(values, of(`${name}.weight`), of(`${name}.bias`));
    const positive = (values: number[]) => values.map((value) => Math.max(0, value));
    return dense(positive(dense(positive(dense(flat, 'fc6')), 'fc7')), 'mask');
  }
  let x = pool(convolve(pool(first), 'conv2', { pad: 1 }));
  x = convolve(pool(convolve(x, 'conv3', { pad: 1 })), 'conv4', { pad: 1 });
  const coarse = convolution(convolve(x, 'squeeze'), of('mask.weight'), of('mask.bias'), {
    groups: 1,
    stride: 1,
    pad: 0,
  });
  return Array.from({ length: maskSize * maskSize }, (_, i) => {
    const place = (at: number) => Math.min(Math.max(((at + 0.5) * coarse.side) / maskSize - 0.5, 0), coarse.side - 1);
    const [u, v] = [place(i % maskSize), place(Math.floor(i / maskSize))];
    let sum = 0;
    for (let y = 0; y < coarse.side; y++)
      for (let x2 = 0; x2 < coarse.side; x2++)
        sum += coarse.at[y * coarse.side + x2]! * Math.max(0, 1 - Math.abs(u - x2)) * Math.max(0, 1 - Math.abs(v - y));
    return sum;
  });
}

describe('the loss', () => {
  const of = (logits: number[], target: number[], weight: number[]) =>
    tf.tidy(() => {
      const shape = [1, 1, logits.length];
      const result = maskLoss(tf.tensor(logits, shape), tf.tensor(target, shape), tf.tensor(weight, shape));
      return Object.fromEntries(
        Object.entries(result).map(([name, value]) => [name, (value as ReturnType<typeof tf.scalar>).dataSync()[0]!]),
      );
    });

  it('is the mean logistic loss of the known places, by hand', () => {
    const nats = (z: number, t: number) => -Math.log(t === 1 ? 1 / (1 + Math.exp(-z)) : 1 - 1 / (1 + Math.exp(-z)));
    const { loss, overlap, known } = of([2, -1, 0.5, 9], [1, 1, 0, 0], [1, 1, 1, 0]);
    expect(loss).toBeCloseTo((nats(2, 1) + nats(-1, 1) + nats(0.5, 0)) / 3, 5);
    expect(overlap).toBeCloseTo(1 / 3, 5);
    expect(known).toBe(0.75);
  });

  it('is finite for any logit, and 0 without slope where nothing is known', () => {
    expect(of([200, -200], [0, 1], [1, 1])['loss']).toBeCloseTo(200, 3);
    expect(of([3, -2], [0, 1], [0, 0])['loss']).toBe(0);
    const slope = tf.tidy(() => {
      const z = tf.tensor([3, -2, 0], [1, 1, 3]);
      const loss = (x: ReturnType<typeof tf.tensor>) =>
        maskLoss(x, tf.zeros([1, 1, 3]), tf.zeros([1, 1, 3])).loss as ReturnType<typeof tf.scalar>;
      return [...tf.grad(loss)(z).dataSync()];
    });
    expect(slope.map(Math.abs)).toEqual([0, 0, 0]);
  });
});

describe('the trainer', () => {
  const scalars = (step: number, rate: number) => ({
    learningRate: tf.scalar(rate),
    seed: tf.tensor1d([step, 3], 'int32'),
  });

  it('starts at ln 2, whatever the picture', async () => {
    const config = configure('preset=tiny');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch([await makeRecord(1), await makeRecord(2)], config));
    const { loss, ...rest } = trainer.evaluate(batch);
    expect(Math.abs(loss.dataSync()[0]! - Math.LN2)).toBeLessThan(0.02);
    tf.dispose([loss, rest]);
    disposeBatch(batch);
    trainer.dispose();
  });

  it('has the slopes that finite differences have', async () => {
    const config = configure(...tinyCaffenet);
    const trainer = task.createTrainer(config, createRandom(1));
    randomize(trainer, 6);
    const batch = toTensorBatch(
      await makeBatch([await makeRecord(1), await makeRecord(2)], config, { mode: 'evaluate' }),
    );
    const { result, gradients } = trainer.gradients(batch, scalars(0, 1));
    const lossNow = () => {
      const scores = trainer.evaluate(batch);
      const value = scores.loss.dataSync()[0]!;
      tf.dispose(scores);
      return value;
    };
    const learned = [...trainer.variables.values()].filter(({ trainable }) => trainable);
    const random = createRandom(9);
    for (const [n, variable] of learned.entries()) {
      const slopes = gradients[n]!.dataSync() as Float32Array;
      // The steepest weight and one at random, along their own direction.
      const steepest = slopes.reduce((best, slope, i) => (Math.abs(slope) > Math.abs(slopes[best]!) ? i : best), 0);
      for (const at of [steepest, random.int(variable.size)]) {
        const values = (variable.dataSync() as Float32Array).slice();
        const put = (value: number) =>
          variable.assign(
            tf.tensor(
              values.map((old, i) => (i === at ? value : old)),
              variable.shape,
            ),
          );
        const here = values[at]!;
        const reach = 2e-3;
        put(here + reach);
        const above = lossNow();
        put(here - reach);
        const below = lossNow();
        put(here);
        const measured = (above - below) / (2 * reach);
        expect(Math.abs(measured - slopes[at]!)).toBeLessThan(0.03 * Math.max(0.05, Math.abs(slopes[steepest]!)));
      }
    }
    tf.dispose([result, [...gradients]]);
    disposeBatch(batch);
    trainer.dispose();
  });

  /** A trainer after so many steps on four records, drawn anew for each. */
  async function learn(steps: number, rate: number, ...set: string[]) {
    const config = configure(...set);
    const trainer = task.createTrainer(config, createRandom(1));
    const records = await Promise.all([1, 2, 3, 4].map((seed) => makeRecord(seed)));
    for (let step = 0; step < steps; step++) {
      const batch = toTensorBatch(await makeBatch(records, config, { epoch: step }));
      const own = scalars(step, step < 0.75 * steps ? rate : rate / 10);
      tf.tidy(() => trainer.update(trainer.gradients(batch, own).gradients, own));
      tf.dispose(own);
      disposeBatch(batch);
    }
    const overlapOn = async (mode: 'train' | 'evaluate', settings = config) => {
      const batch = toTensorBatch(await makeBatch(records, settings, { mode, epoch: 999 }));
      const scores = trainer.evaluate(batch);
      const overlap = scores['overlap']!.dataSync()[0]!;
      tf.dispose(scores);
      disposeBatch(batch);
      return overlap;
    };
    return { config, trainer, records, overlapOn };
  }

  const jitter = ['jitterScale=0.2', 'jitterShift=0.2'];

  it('learns a batch by heart, and with windows that do not move nothing but the middle', async () => {
    const { config, trainer, overlapOn } = await learn(
      60,
      0.003,
      ...tinyCaffenet,
      'initialisation=he',
      'jitterScale=0',
      'jitterShift=0',
      'fc6=32',
      'fc7=32',
    );
    const still = await overlapOn('evaluate');
    expect(still).toBeGreaterThan(0.95);
    const moved = configure(...tinyCaffenet, 'initialisation=he', 'fc6=32', 'fc7=32', ...jitter);
    expect(moved.maskSize).toBe(config.maskSize);
    expect(await overlapOn('train', moved)).toBeLessThan(still - 0.25);
    trainer.dispose();
  }, 120_000);

  it('follows a thing that is not in the middle once windows move, in windows that it has not seen, and mirrored ones', async () => {
    const wide = ['channels=[16,16,24,24]', 'headChannels=24', 'jitterColour=0', 'maskSize=12'];
    const { config, trainer, records, overlapOn } = await learn(160, 0.01, 'preset=tiny', ...wide, ...jitter);
    expect(await overlapOn('train')).toBeGreaterThan(0.8);
    const held = toTensorBatch(await makeBatch(records, config, { epoch: 999 }));
    const image = tf.cast(held.tensors['image']!, 'float32');
    const [there, back] = [trainer.segmenter!.logits(image), trainer.segmenter!.logits(tf.reverse(image, 2))];
    const inside = (logits: typeof there) => [...tf.greater(logits, 0).dataSync()];
    const [a, b] = [inside(there), inside(tf.reverse(back, 2))];
    const both = a.filter((value, i) => value && b[i]).length;
    const either = a.filter((value, i) => value || b[i]).length;
    expect(both / either).toBeGreaterThan(0.75);
    disposeBatch(held);
    trainer.dispose();
  }, 120_000);
});
