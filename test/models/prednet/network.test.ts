import type { Rank } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { conv2d, lossAndGradients, selectBackend, tf, type Trainer } from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { PredNetConfig } from '../../../src/models/prednet/config.js';
import task from '../../../src/models/prednet/index.js';
import { enlarge } from '../../../src/models/prednet/kernels.js';
import { lastDepth, predictionLoss, rollOut } from '../../../src/models/prednet/loss.js';
import { openNetwork } from '../../../src/models/prednet/predictor.js';
import { mean, plainLoss, plainRollOut, type PlainWeight } from './plain-network.js';

/** The specification's `unit`: three layers on 8×8, four frames. */
const unit = (...set: string[]) =>
  resolveTaskConfig(task, {
    set: [
      'preset=tiny',
      'width=8',
      'height=8',
      'targetChannels=[2,3]',
      'stateChannels=[1,2,3]',
      'pixels=relu',
      'pixelBias=0',
      ...set,
    ],
  }).config as PredNetConfig;

type Tensor = ReturnType<typeof tf.tensor>;

beforeAll(() => selectBackend('auto'));

/** Gates in the columns of the specification's fused kernels. */
const columns = ['i', 'f', 'c', 'o'];

/** The specification's weights: for each layer the four gates side by side, then Ahat, then A; filled by sines and cosines. */
function fillBySpecification({ variables }: Pick<Trainer, 'variables'>, config: PredNetConfig): void {
  let k = 0;
  const count = config.stateChannels.length;
  const fill = (names: readonly string[], part: 'weight' | 'bias') => {
    const shapes = names.map((name) => variables.get(`${name}.${part}`)!.shape);
    const outputs = shapes.map((shape) => shape.at(-1)!);
    const all = outputs.reduce((a, b) => a + b);
    const rows = shapes[0]!.slice(0, -1).reduce((a, b) => a * b, 1);
    const value = (n: number) =>
      part === 'weight' ? 0.6 * Math.sin(1.3 * n + 0.7 * k + 0.1) : 0.3 * Math.cos(0.9 * n + 0.4 * k);
    let before = 0;
    names.forEach((name, i) => {
      const own = outputs[i]!;
      const data = Float32Array.from({ length: rows * own }, (_, at) =>
        value(Math.floor(at / own) * all + before + (at % own)),
      );
      tf.tidy(() => variables.get(`${name}.${part}`)!.assign(tf.tensor(data, shapes[i])));
      before += own;
    });
    k++;
  };
  for (let l = 0; l < count; l++) {
    for (const names of [columns.map((gate) => `${gate}_${l}`), [`ahat_${l}`], ...(l + 1 < count ? [[`a_${l}`]] : [])])
      for (const part of ['weight', 'bias'] as const) fill(names, part);
  }
}

const specifiedFrames = Array.from({ length: 4 }, (_, t) =>
  Float64Array.from(
    { length: 64 },
    (_, at) => 0.5 + 0.5 * Math.sin(0.8 * (at % 8) + 0.5 * Math.floor(at / 8) + 0.6 * t),
  ),
);

function toTensors(frames: readonly ArrayLike<number>[], { height, width, channels }: PredNetConfig): Tensor[] {
  return frames.map((frame) => tf.tensor(Float32Array.from(frame), [1, height, width, channels]));
}

function plainWeights({ variables }: Pick<Trainer, 'variables'>): Map<string, PlainWeight & { data: Float64Array }> {
  return new Map(
    [...variables].map(([name, it]) => [name, { shape: it.shape, data: Float64Array.from(it.dataSync()) }]),
  );
}

/** Loss of frames and its gradients by name. */
function lossOf(trainer: Trainer, frames: readonly Tensor[], config: PredNetConfig) {
  const variables = [...trainer.variables.values()];
  const { value, grads } = tf.tidy(() =>
    tf.variableGrads(() => {
      const net = openNetwork(trainer.variables, config);
      const rolled = rollOut(net, frames, {
        extrapolateFrom: config.extrapolateFrom,
        lastDepth: lastDepth(config, net.sizes.length),
      });
      return predictionLoss(frames, rolled, config) as never;
    }, variables),
  );
  const slopes = grads as Readonly<Record<string, Tensor | null | undefined>>;
  const slope = ({ name, size }: (typeof variables)[number]) =>
    Float32Array.from(slopes[name]?.dataSync() ?? new Float32Array(size));
  const gradients = new Map([...trainer.variables].map(([name, variable]) => [name, slope(variable)]));
  const loss = value.dataSync()[0]!;
  tf.dispose([value, grads]);
  return { loss, gradients };
}

function randomWeights(trainer: Trainer, spread: number): void {
  for (const [name, variable] of trainer.variables) {
    const random = createRandom(name);
    const values = Float32Array.from({ length: variable.size }, () => spread * random.normal());
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

function randomFrames(config: PredNetConfig, label: string): Float64Array[] {
  const random = createRandom(label);
  return Array.from({ length: config.frames }, () =>
    Float64Array.from({ length: config.width * config.height * config.channels }, () => random.float()),
  );
}

describe('the golden values of the specification', () => {
  it('come out of the network, and of a plain double-precision rewrite', () => {
    const config = unit();
    const trainer = task.createTrainer(config, createRandom(1));
    fillBySpecification(trainer, config);
    const frames = toTensors(specifiedFrames, config);
    const near = (got: number, wanted: number) =>
      expect(Math.abs(got - wanted), `${got}, ${wanted}`).toBeLessThan(2e-6);
    tf.tidy(() => {
      const { predictions, layers } = rollOut(openNetwork(trainer.variables, config), frames);
      const errors = (t: number) => layers[t]!.map(({ error }) => tf.mean(error).dataSync()[0]!);
      [0.21166889, 0.00323432, 0.11512287].forEach((value, l) => near(errors(0)[l]!, value));
      [0.2188534, 0.01221076, 0.11241854].forEach((value, l) => near(errors(3)[l]!, value));
      [0.11251732, 0.10415469, 0.10310772, 0.10195879].forEach((value, t) =>
        near(tf.mean(predictions[t]!).dataSync()[0]!, value),
      );
      [0.11935411, 0.12227011, 0.11458032, 0.13817223].forEach((value, t) =>
        near(predictions[t]!.dataSync()[2 * 8 + 5]!, value),
      );
      const blind = rollOut(openNetwork(trainer.variables, config), frames, { extrapolateFrom: 2 });
      [0.10310772, 0.1082575].forEach((value, i) => near(tf.mean(blind.predictions[2 + i]!).dataSync()[0]!, value));
      [0.01145206, 0.01446076].forEach((value, i) =>
        near(tf.mean(blind.layers[2 + i]![0]!.error).dataSync()[0]!, value),
      );
    });
    const plain = plainRollOut(specifiedFrames, plainWeights(trainer), config);
    [0.21166889, 0.00323432, 0.11512287].forEach((value, l) => near(plain.errors[0]![l]!, value));
    [0.11251732, 0.10415469, 0.10310772, 0.10195879].forEach((value, t) => near(mean(plain.predictions[t]!), value));
    const blind = plainRollOut(specifiedFrames, plainWeights(trainer), unit('extrapolateFrom=2'));
    [0.01145206, 0.01446076].forEach((value, i) => near(blind.errors[2 + i]![0]!, value));
    tf.dispose(frames);
    trainer.dispose();
  });

  it('come out as losses and gradients, with L0 and with Lall', () => {
    const frames = toTensors(specifiedFrames, unit());
    const golden: readonly (readonly [string, number, number, number])[] = [
      ['c_0.bias', 0, 0.003186298, 0.002361908], // the third of the united biases
      ['ahat_0.weight', 4, 0.002542046, 0.003497424],
      ['ahat_0.bias', 0, -0.26230333, -0.260274918],
      ['a_0.bias', 1, 0.000178929, 0.002183185],
      ['ahat_2.weight', 30, -0.000059985, 0.000564799],
      ['ahat_2.bias', 1, 0.000834099, 0.010356731],
    ];
    (['L0', 'Lall'] as const).forEach((layers, which) => {
      const config = unit(`layers=${layers}`);
      const trainer = task.createTrainer(config, createRandom(1));
      fillBySpecification(trainer, config);
      const { loss, gradients } = lossOf(trainer, frames, config);
      expect(Math.abs(loss - [0.217738974, 0.2299959329][which]!)).toBeLessThan(2e-6);
      for (const [name, at, ...values] of golden)
        expect(Math.abs(gradients.get(name)![at]! - values[which]!), name).toBeLessThan(2e-6);
      trainer.dispose();
    });
    tf.dispose(frames);
  });
});

describe('the network of prednet', () => {
  it.each(['pixels=relu', 'pixels=softplus', 'pixels=straight', 'passes=targets'])(
    'is that of the plain rewrite with %s, in every layer',
    (set) => {
      const config = unit('channels=3', 'stateChannels=[2,3,4]', 'width=16', set, 'extrapolateFrom=2', 'objective=pixels'); // prettier-ignore
      const trainer = task.createTrainer(config, createRandom(1));
      randomWeights(trainer, 0.4);
      const clips = ['one', 'other'].map((label) => randomFrames(config, label));
      const plain = clips.map((clip) => plainRollOut(clip, plainWeights(trainer), config));
      tf.tidy(() => {
        const frames = clips[0]!.map(
          (_, t) =>
        tf.concat(clips.map((clip) => toTensors([clip[t]!], config)[0]!), 0), // prettier-ignore
        );
        const { predictions, layers } = rollOut(openNetwork(trainer.variables, config), frames, { extrapolateFrom: 2 });
        const check = (tensor: Tensor, clip: number, wanted: Float64Array, what: string) => {
          const values = tensor.dataSync();
          const from = values.length === wanted.length ? 0 : clip * wanted.length; // the first frame's are the same for all
          wanted.forEach((value, i) => expect(Math.abs(values[from + i]! - value), what).toBeLessThan(2e-5));
        };
        plain.forEach((rolled, clip) =>
          rolled.layers.forEach((made, t) => {
            check(predictions[t]!, clip, rolled.predictions[t]!, `prediction ${t}`);
            made.forEach(({ R, E, A, Ahat }, l) => {
              const layer = layers[t]![l]!;
              check(layer.representation, clip, R.data, `R${l} of frame ${t}`);
              check(layer.error, clip, E.data, `E${l} of frame ${t}`);
              if (t > 0 || l > 0) check(layer.target, clip, A.data, `A${l} of frame ${t}`);
              check(layer.prediction, clip, Ahat.data, `Ahat${l} of frame ${t}`);
            });
          }),
        );
      });
      trainer.dispose();
    },
  );

  it.each([
    'layers=Lall',
    'layers=Lall pixels=straight',
    'objective=pixels extrapolateFrom=2 pixels=softplus',
    'objective=errors-then-pixels extrapolateFrom=2 layers=Lall',
    'objective=pixels pixelLoss=l2',
    'layers=Lall passes=targets',
  ])('has the loss and the gradients of finite differences of the plain rewrite: %s', (set) => {
    const config = unit(...set.split(' '));
    const trainer = task.createTrainer(config, createRandom(1));
    randomWeights(trainer, 0.4); // random biases too, so that nothing sits on a kink
    tf.tidy(() => trainer.variables.get('ahat_0.bias')!.assign(tf.tensor1d([0.3])));
    const clip = randomFrames(config, 'clip');
    const frames = toTensors(clip, config);
    const { loss, gradients } = lossOf(trainer, frames, config);
    const weights = plainWeights(trainer);
    const plain = () => plainLoss(clip, plainRollOut(clip, weights, config), config);
    expect(Math.abs(loss - plain())).toBeLessThan(2e-6);
    let compared = 0;
    for (const [name, { data }] of weights) {
      const random = createRandom('direction').fork(name);
      const first = data.slice();
      const direction = first.map(() => random.normal());
      const length = Math.hypot(...direction);
      const expected = direction.reduce((sum, value, i) => sum + (value / length) * gradients.get(name)![i]!, 0);
      const lossAt = (distance: number) => {
        first.forEach((value, i) => (data[i] = value + (direction[i]! / length) * distance));
        return plain();
      };
      const measured = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
      data.set(first);
      expect(Math.abs(measured - expected), `${name}: ${measured} and ${expected}`).toBeLessThan(
        1e-3 * Math.abs(expected) + 1e-6,
      );
      if (Math.abs(expected) > 1e-5) compared++;
    }
    expect(compared).toBeGreaterThan(20); // of 34 weights
    tf.dispose(frames);
    trainer.dispose();
  });

  it('turns a convolution of doubled pixels into a transposed one, to the last tap at the edges', () => {
    tf.tidy(() => {
      const x = tf.randomNormal<Rank.R4>([2, 3, 5, 4], 0, 1, 'float32', 1);
      const weight = tf.randomNormal<Rank.R4>([3, 3, 4, 6], 0, 1, 'float32', 2);
      const doubled = tf.image.resizeNearestNeighbor(x, [6, 10]);
      const wanted = conv2d(doubled, weight).dataSync();
      const got = tf.conv2dTranspose(x, enlarge(weight), [2, 6, 10, 6], 2, 'same').dataSync();
      wanted.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(1e-4));
    });
  });
});

describe('what holds for any weights of prednet', () => {
  it('expects nothing of the first frame without biases, and something that no input changes with them', () => {
    const config = unit();
    const trainer = task.createTrainer(config, createRandom(3));
    const clip = randomFrames(config, 'clip');
    tf.tidy(() => {
      const { predictions, layers } = rollOut(openNetwork(trainer.variables, config), toTensors(clip, config));
      expect(new Set(predictions[0]!.dataSync())).toEqual(new Set([0]));
      expect(new Set(layers[0]![0]!.representation.dataSync())).toEqual(new Set([0]));
      const error = layers[0]![0]!.error.dataSync();
      clip[0]!.forEach((value, i) => {
        expect(error[2 * i]).toBe(0);
        expect(error[2 * i + 1]).toBeCloseTo(value, 6);
      });
      expect(tf.mean(layers[0]![0]!.error).dataSync()[0]).toBeCloseTo(mean(clip[0]!) / 2, 6);
    });
    randomWeights(trainer, 0.4);
    const wide = unit('width=32', 'height=32');
    tf.tidy(() => {
      const firstOf = (label: string) => {
        const frames = toTensors(randomFrames(wide, label), wide);
        return rollOut(openNetwork(trainer.variables, wide), frames).predictions[0]!.dataSync();
      };
      const [one, other] = [firstOf('one'), firstOf('other')];
      expect(one).toEqual(other);
      expect(one[15 * 32 + 15]).toBeCloseTo(one[16 * 32 + 16]!, 6); // flat in the interior
      expect(one[0]).not.toBeCloseTo(one[16 * 32 + 16]!, 6); // at the edges it feels the zeros around
    });
    trainer.dispose();
  });

  it('predicts a frame from those before it alone, within 0 and 1, and no frame of another clip', () => {
    const config = unit();
    const trainer = task.createTrainer(config, createRandom(3));
    randomWeights(trainer, 0.5);
    const [clip, other] = [randomFrames(config, 'clip'), randomFrames(config, 'other')];
    tf.tidy(() => {
      const run = (frames: readonly Tensor[]) => {
        const { predictions, layers } = rollOut(openNetwork(trainer.variables, config), frames);
        return { predictions: predictions.map((one) => one.dataSync()), layers };
      };
      const before = run(toTensors(clip, config));
      const after = run(toTensors(clip.map((frame, t) => (t === 2 ? other[2]! : frame)), config)); // prettier-ignore
      for (const t of [0, 1, 2]) expect(after.predictions[t]).toEqual(before.predictions[t]);
      expect(after.predictions[3]).not.toEqual(before.predictions[3]);
      for (const values of before.predictions) expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
      const together = run(clip.map((_, t) => tf.concat([toTensors([other[t]!], config)[0]!, toTensors([clip[t]!], config)[0]!]))); // prettier-ignore
      together.predictions[3]!.subarray(64).forEach((value, i) =>
        expect(value).toBeCloseTo(before.predictions[3]![i]!, 6),
      );
      for (const { error, target, prediction } of before.layers[3]!) {
        const [halves, gap] = [error.dataSync(), tf.mean(tf.abs(tf.sub(target, prediction))).dataSync()[0]!];
        expect(halves.every((value) => value >= 0)).toBe(true);
        const [high, low] = tf.split(error, 2, 3).map((half) => half.dataSync()) as [Float32Array, Float32Array];
        expect(high.every((value, i) => value * low[i]! === 0)).toBe(true);
        expect(mean(halves)).toBeCloseTo(gap / 2, 6);
      }
    });
    trainer.dispose();
  });

  it('sees no true frame once it extrapolates, and is as ever before', () => {
    const config = unit('extrapolateFrom=2', 'objective=pixels');
    const trainer = task.createTrainer(config, createRandom(3));
    randomWeights(trainer, 0.5);
    const [clip, other] = [randomFrames(config, 'clip'), randomFrames(config, 'other')];
    const mixed = clip.map((frame, t) => (t >= 2 ? other[t]! : frame));
    tf.tidy(() => {
      const run = (frames: readonly Float64Array[], extrapolateFrom: number) =>
        rollOut(openNetwork(trainer.variables, config), toTensors(frames, config), { extrapolateFrom }).predictions.map(
          (one) => one.dataSync(),
        );
      const [blind, seeing] = [run(clip, 2), run(clip, 0)];
      expect(run(mixed, 2)).toEqual(blind);
      for (const t of [0, 1, 2]) expect(blind[t]).toEqual(seeing[t]);
      expect(blind[3]).not.toEqual(seeing[3]);
    });
    trainer.dispose();
  });

  it('has a loss and gradients of exactly 0 on a single frame, which nothing could have predicted', () => {
    for (const layers of ['L0', 'Lall']) {
      const config = unit(`layers=${layers}`);
      const trainer = task.createTrainer(config, createRandom(3));
      randomWeights(trainer, 0.5);
      const parameters = [...trainer.variables].map(([name, variable]) => ({ name, variable }));
      const slopesOn = (count: number) => {
        const frames = toTensors(randomFrames(config, 'clip'), config).slice(0, count);
        // each weight adds itself, which has slope 1: nothing else leads from the loss of one frame back to a weight
        const { result, gradients } = lossAndGradients(parameters, () => {
          const own = predictionLoss(frames, rollOut(openNetwork(trainer.variables, config), frames), config);
          return { loss: tf.addN([own, ...parameters.map(({ variable }) => tf.sum(variable))]), own };
        });
        const slopes = gradients.flatMap((gradient) => [...gradient.dataSync()].map((slope) => slope - 1));
        return { loss: result.own.dataSync()[0]!, steepest: Math.max(...slopes.map(Math.abs)), slopes };
      };
      tf.tidy(() => {
        const { loss, steepest, slopes } = slopesOn(1);
        expect(slopes).toHaveLength([...trainer.variables.values()].reduce((sum, { size }) => sum + size, 0));
        expect([loss, steepest]).toEqual([0, 0]);
        expect(slopesOn(2).steepest).toBeGreaterThan(0);
      });
      trainer.dispose();
    }
  });
});
