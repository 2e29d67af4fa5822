import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { selectBackend, tf, type Trainer } from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { SvgLpConfig } from '../../../src/models/svg-lp/config.js';
import { planModel } from '../../../src/models/svg-lp/plan.js';
import task from '../../../src/models/svg-lp/index.js';
import { klDivergence, sample, stepCell } from '../../../src/models/svg-lp/recurrent.js';
import { enlargingKernel } from '../../../src/models/svg-lp/units.js';
import { plainCell, plainLoss, type PlainWeights } from './plain-network.js';

beforeAll(() => selectBackend('auto'));

const configOf = (...set: string[]) => resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as SvgLpConfig;

describe('the recurrent parts', () => {
  it("step an LSTM as the specification's numbers and a plain rewrite have it", () => {
    const wave = (count: number, f: (n: number) => number) => Float32Array.from({ length: count }, (_, n) => f(n));
    const input = wave(24, (n) => 0.5 * Math.sin(1.1 * n + 0.2));
    const hidden = wave(36, (n) => 0.5 * Math.cos(0.7 * n + 0.4));
    const bias = wave(12, (n) => 0.1 * Math.sin(0.5 * n));
    const x = [0.7, -1.2];
    let plain = { h: [0.1, -0.2, 0.3], c: [-0.4, 0.5, 0.6] };
    tf.tidy(() => {
      const fromInput = tf.add(tf.matMul(tf.tensor2d([x]), tf.tensor2d(input, [2, 12])), tf.tensor1d(bias));
      let state = { hidden: tf.tensor2d([plain.h]), cell: tf.tensor2d([plain.c]) } as Parameters<typeof stepCell>[1];
      for (const expected of [
        [-0.26751232, 0.06577277, 0.15326549],
        [-0.22373993, -0.02417638, 0.07254974],
      ]) {
        state = stepCell(fromInput, state, tf.tensor2d(hidden, [3, 12]));
        plain = plainCell(x, plain, { input, hidden, bias });
        const got = state.hidden.dataSync();
        expected.forEach((value, k) => {
          expect(got[k]).toBeCloseTo(value, 6);
          expect(plain.h[k]).toBeCloseTo(value, 7);
        });
      }
    });
  });

  it("have the specification's KL divergence, which a count of a million draws also gives", () => {
    const [mean, logVariance] = [[[0.5, -1, 0.2], [0, 0.3, -0.7]], [[-0.2, 0.4, -1], [0.1, 0, 0.6]]]; // prettier-ignore
    const [priorMean, priorLogVariance] = [[[0, -0.5, 0.1], [0.2, 0.2, -0.2]], [[0.3, -0.1, 0], [-0.4, 0.5, 0.2]]]; // prettier-ignore
    tf.tidy(() => {
      const gaussian = (a: number[][], b: number[][]) => ({ mean: tf.tensor2d(a), logVariance: tf.tensor2d(b) });
      const [q, p] = [gaussian(mean, logVariance), gaussian(priorMean, priorLogVariance)];
      expect(klDivergence(q, p).dataSync()[0]! / 2).toBeCloseTo(0.42803157, 6);
      expect(klDivergence(q, null).dataSync()[0]! / 2).toBeCloseTo(0.64393115, 6);
      expect(klDivergence(q, q).dataSync()[0]).toBeCloseTo(0, 7);
    });
    const random = createRandom('draws');
    let sum = 0;
    const draws = 1_000_000 / 6;
    mean.forEach((row, b) =>
      row.forEach((m, k) => {
        const [v, pm, pv] = [logVariance[b]![k]!, priorMean[b]![k]!, priorLogVariance[b]![k]!];
        for (let i = 0; i < draws; i++) {
          const eps = random.normal();
          const z = m + Math.exp(v / 2) * eps;
          sum += (pv - v - eps * eps + (z - pm) * (z - pm) * Math.exp(-pv)) / 2 / draws;
        }
      }),
    );
    expect(Math.abs(sum / 2 / 0.42803157 - 1)).toBeLessThan(0.01);
  });

  it('draw so that slopes are 1 for the mean and half the deviation times the noise for the log of the variance', () => {
    tf.tidy(() => {
      const [mean, logVariance, noise] = [[0.3, -1], [0.4, -0.9], [1.5, -0.7]].map((row) => tf.tensor2d([row])); // prettier-ignore
      const slopes = tf.grads((a, b) => tf.sum(sample({ mean: a, logVariance: b }, noise!)))([mean!, logVariance!]);
      expect([...slopes[0]!.dataSync()]).toEqual([1, 1]);
      [0.4, -0.9].forEach((value, k) =>
        expect(slopes[1]!.dataSync()[k]).toBeCloseTo(0.5 * Math.exp(value / 2) * [1.5, -0.7][k]!, 6),
      );
    });
  });
});

describe('the convolutions', () => {
  it("transpose as the specification's numbers have it, which are PyTorch's with one pixel of padding", () => {
    tf.tidy(() => {
      const kernel = tf.tensor4d(Array.from({ length: 16 }, (_, i) => i), [4, 4, 1, 1]); // prettier-ignore
      const y = tf.conv2dTranspose(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]), kernel, [1, 4, 4, 1], 2, 'same');
      expect([...y.dataSync()]).toEqual([5, 14, 17, 12, 12, 32, 42, 28, 28, 72, 82, 52, 27, 62, 69, 40]);
    });
  });

  it('enlarge and convolve in one product', () => {
    tf.tidy(() => {
      const random = createRandom('kernel');
      const draw = (shape: [number, number, number, number]) =>
        tf.tensor4d(
          Float32Array.from({ length: shape[0] * shape[1] * shape[2] * shape[3] }, () => random.normal()),
          shape,
        );
      const x = draw([2, 5, 5, 3]);
      const filter = draw([3, 3, 3, 4]);
      const slow = tf.conv2d(tf.image.resizeNearestNeighbor(x, [10, 10]), filter, 1, 'same').dataSync();
      const kernel = enlargingKernel(filter) as typeof filter;
      const fast = tf.conv2dTranspose(x, kernel, [2, 10, 10, 4], 2, 'same').dataSync();
      slow.forEach((value, i) => expect(fast[i]).toBeCloseTo(value, 4));
    });
  });
});

/** Weights of a size at which every part of the network matters. */
function drawWeights({ variables }: Trainer): void {
  const random = createRandom('weights');
  for (const [name, variable] of variables) {
    if (!variable.trainable) continue;
    const middle = name.endsWith('.scale') ? 1 : 0;
    const values = Float32Array.from({ length: variable.size }, () => middle + 0.3 * random.normal());
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

function doublesOf({ variables }: Trainer): PlainWeights {
  return new Map(
    [...variables].map(([name, it]) => [name, { shape: it.shape, data: Float64Array.from(it.dataSync()) }]),
  );
}

describe('a training step', () => {
  const tiny = ['width=2', 'codeSize=4', 'hiddenSize=5', 'bnScope=step', 'klWeight=0.3'];
  it.each([
    ['backbone=dcgan', 'prior=learned', 'observes=2', 'predicts=2'],
    ['backbone=dcgan', 'prior=fixed', 'skipMode=anchor', 'observes=3', 'predicts=2', 'lstmBias=double'],
    ['backbone=dcgan', 'prior=none', 'skipMode=everyFrame', 'channels=3', 'observes=2', 'predicts=1'],
    ['backbone=vgg', 'prior=learned', 'observes=1', 'predicts=2', 'channels=3'],
    ['backbone=vgg', 'prior=fixed', 'observes=2', 'predicts=2', 'skipMode=lastGroundTruth'],
  ])(
    'has the loss and the slopes of a plain double-precision rewrite with %s %s %s',
    { timeout: 120_000 },
    (...set) => {
      const config = configOf(...tiny, ...set);
      const plan = planModel(config);
      const [videos, frames] = [5, plan.observes + plan.predicts];
      const random = createRandom('clips');
      const size = plan.imageSize * plan.imageSize * plan.channels;
      const pixels = Int32Array.from({ length: videos * frames * size }, () => random.int(256));
      const noise = Float32Array.from({ length: videos * (frames - 1) * plan.latentSize }, () => random.normal());
      const batch = {
        keys: [],
        tensors: {
          frames: tf.tensor(pixels, [videos, frames, plan.imageSize, plan.imageSize, plan.channels], 'int32'),
          noise: tf.tensor(noise, [videos, frames - 1, plan.latentSize]),
        },
      };
      const trainer = task.createTrainer(config, createRandom(1));
      drawWeights(trainer);
      const weights = doublesOf(trainer);
      const scalars = {
        learningRate: tf.scalar(0),
        seed: tf.tensor1d([0, 0], 'int32'),
        klWeight: tf.scalar(plan.klWeight),
      };
      const { result, gradients } = trainer.gradients(batch, scalars);

      const clips = Array.from({ length: frames }, (_, t) =>
        Float64Array.from(
          { length: videos * size },
          (_unused, i) => pixels[(Math.floor(i / size) * frames + t) * size + (i % size)]! / 255,
        ),
      );
      const eps = Array.from({ length: frames - 1 }, (_, t) =>
        Array.from({ length: videos }, (_unused, b) =>
          Array.from(
            noise.subarray((b * (frames - 1) + t) * plan.latentSize, (b * (frames - 1) + t + 1) * plan.latentSize),
          ),
        ),
      );
      const lossNow = () => plainLoss(weights, clips, eps, plan).loss;
      const plain = plainLoss(weights, clips, eps, plan);
      const of = (name: string) => result[name]!.dataSync()[0]!;
      expect(of('loss')).toBeCloseTo(plain.loss, 4);
      expect(of('error')).toBeCloseTo(plain.error / (frames - 1), 5);
      if (plan.prior === 'none') expect(Object.keys(result)).not.toContain('kl');
      else expect(of('kl')).toBeCloseTo(plain.kl / (frames - 1), 4);

      const learned = [...trainer.variables].filter(([, { trainable }]) => trainable);
      learned.forEach(([name], n) => {
        const { data } = weights.get(name)!;
        const first = data.slice();
        const slope = gradients[n]!.dataSync();
        const direction = createRandom(name);
        const unit = first.map(() => direction.normal());
        const expected = unit.reduce((sum, value, i) => sum + value * slope[i]!, 0);
        const lossAt = (distance: number) => {
          first.forEach((value, i) => (data[i] = value + unit[i]! * distance));
          return lossNow();
        };
        const measured = (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6;
        data.set(first);
        expect(Math.abs(measured - expected), `${name}: ${measured} and ${expected}`).toBeLessThan(
          1e-3 * Math.abs(measured) + 2e-5,
        );
      });
      tf.dispose([result, [...gradients], scalars, batch.tensors]);
      trainer.dispose();
    },
  );
});
