import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../../src/core/index.js';
import {
  compile,
  disposeBatch,
  selectBackend,
  tf,
  toTensorBatch,
  type TensorBatch,
  type Trainer,
} from '../../../src/engine/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { SvgLpConfig } from '../../../src/models/svg-lp/config.js';
import { planModel } from '../../../src/models/svg-lp/plan.js';
import { encodeFrames } from '../../../src/models/svg-lp/frames.js';
import task from '../../../src/models/svg-lp/index.js';
import { unrollClips } from '../../../src/models/svg-lp/network.js';
import { timeFirst } from '../../../src/models/svg-lp/recurrent.js';
import { updateStatistics } from '../../../src/models/svg-lp/units.js';
import { makeBatch, makeRecord } from './records.js';

const configOf = (...set: string[]) => resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as SvgLpConfig;

type Tensor = ReturnType<typeof tf.tensor>;

let records: Sample[];

beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 6 }, (_, i) => makeRecord(i)));
});

/** A trainer and a batch of it; `learn` takes steps, captured where the engine can, and gives the numbers of the last one. */
async function open(config: SvgLpConfig, count = 4) {
  const trainer = task.createTrainer(config, createRandom(1));
  const batch = toTensorBatch(await makeBatch(records.slice(0, count), config, { mode: 'evaluate' }));
  const call = compile(
    (frames: Tensor, learningRate: Tensor, seed: Tensor, klWeight: Tensor) => {
      const scalars = { learningRate, seed, klWeight };
      const { result, gradients } = trainer.gradients({ keys: [], tensors: { frames } }, scalars);
      trainer.update(gradients, scalars);
      return result;
    },
    { jit: 'off' },
  );
  let step = 0;
  const learn = (steps: number, learningRate = 0.005): Record<string, number> => {
    let values: Record<string, number> = {};
    for (let i = 0; i < steps; i++) {
      const scalars = [
        tf.scalar(learningRate),
        tf.tensor1d([step, 3], 'int32'),
        tf.scalar(trainer.scalars!(step++)['klWeight']!),
      ] as const;
      const result = call(batch.tensors['frames']!, ...scalars);
      values = Object.fromEntries(Object.entries(result).map(([name, tensor]) => [name, tensor.dataSync()[0]!]));
      tf.dispose([result, ...scalars]);
    }
    return values;
  };
  const close = () => {
    call.dispose();
    trainer.dispose();
    disposeBatch(batch);
  };
  return { trainer, batch, learn, close };
}

/** The first frames of a batch, float32 [videos, side, side, channels] in 0–1 each. */
function framesOf({ tensors }: TensorBatch, count: number) {
  const clips = tf.div(tf.cast(tensors['frames']!, 'float32'), 255);
  return tf.split(clips, clips.shape[1]!, 1).slice(0, count).map((frame) => tf.squeeze(frame, [1])); // prettier-ignore
}

/** What each engine that is set up here gives, one after the other. */
async function onEveryEngine<R>(run: () => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const engine of ['tensorflow', 'wasm', 'cpu']) {
    if (await selectBackend(engine).catch(() => null)) results.push(await run());
  }
  await selectBackend('auto');
  expect(results.length).toBeGreaterThanOrEqual(2); // wasm and cpu need no setup
  return results;
}

/** Shows frames to the predictor and gives a future. */
function foretell(trainer: Trainer, frames: ReturnType<typeof framesOf>, steps: number, seed = 0): Float32Array {
  return tf.tidy(() => {
    const predictor = trainer.predictor!;
    const state = frames.reduce((known, frame) => predictor.observe(known, frame), predictor.init(frames[0]!.shape[0]));
    return predictor.predict(state, steps, tf.tensor1d([seed, 9], 'int32')).dataSync() as Float32Array;
  });
}

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

describe('the trainer of svg-lp', () => {
  it.each([['prior=learned'], ['prior=fixed'], ['prior=none'], ['prior=learned', 'backbone=vgg', 'bnScope=step']])(
    'learns one batch of four by heart with %s %s',
    { timeout: 120_000 },
    async (...set) => {
      const { learn, close } = await open(configOf(...set));
      const first = learn(1)['error']!;
      const last = learn(90)['error']!;
      expect(first).toBeGreaterThan(0.1);
      expect(last).toBeLessThan(0.1 * first);
      close();
    },
  );

  it('presses the latent variable out of use where its weight is large', async () => {
    const klOf = async (klWeight: number) => {
      const { learn, close } = await open(configOf(`klWeight=${klWeight}`));
      const { kl } = learn(80);
      close();
      return kl!;
    };
    const [free, pressed] = [await klOf(0), await klOf(30)];
    expect(pressed).toBeLessThan(0.01);
    expect(free).toBeGreaterThan(100 * pressed);
  });

  it('lets the weight of KL rise where it is told to, by a number of each step', () => {
    const at = (...set: string[]) => {
      const trainer = task.createTrainer(configOf(...set), createRandom(1));
      const values = [0, 4, 9, 50].map((step) => trainer.scalars!(step)['klWeight']);
      trainer.dispose();
      return values;
    };
    expect(at()).toEqual([1e-4, 1e-4, 1e-4, 1e-4]);
    expect(at('klWeight=2', 'klWarmUpSteps=10')).toEqual([0.2, 1, 2, 2]);
  });

  it('has the loss of a fixed prior where the learned one gives N(0, 1)', async () => {
    const losses = await Promise.all(
      ['learned', 'fixed'].map(async (prior) => {
        const { trainer, batch, close } = await open(configOf(`prior=${prior}`, 'klWeight=1'));
        for (const [name, variable] of trainer.variables)
          if (/^prior\.(mean|logVariance)/.test(name)) tf.tidy(() => variable.assign(tf.zerosLike(variable)));
        const result = trainer.evaluate(batch);
        const loss = result.loss.dataSync()[0]!;
        const frames = tf.tidy(() => framesOf(batch, 2));
        const future = foretell(trainer, frames, 3, 4);
        tf.dispose([result, frames]);
        close();
        return [loss, ...future];
      }),
    );
    expect(farthest(losses[0]!, losses[1]!)).toBeLessThan(1e-5);
  });

  it('begins each batch without memory: the same batch and seed give the same loss again', async () => {
    const { trainer, batch, close } = await open(configOf());
    const scalars = { learningRate: tf.scalar(0), seed: tf.tensor1d([1, 1], 'int32'), klWeight: tf.scalar(1) };
    const losses = [0, 1].map(() => {
      const { result, gradients } = trainer.gradients(batch, scalars);
      const loss = result.loss.dataSync()[0]!;
      tf.dispose([result, [...gradients]]);
      return loss;
    });
    expect(losses[0]).toBe(losses[1]);
    tf.dispose(scalars);
    close();
  });

  it('shows TensorBoard the truth above three futures', async () => {
    const { trainer, batch, close } = await open(configOf());
    const { futures } = trainer.pictures!(batch);
    expect(futures!.shape).toEqual([4, 4 * 17, 5 * 17, 3]);
    const [shown, frames] = [
      futures!.arraySync() as number[][][][],
      batch.tensors['frames']!.arraySync() as number[][][][][],
    ];
    expect(shown[2]![5]![17 + 3]![0]).toBeCloseTo(frames[2]![1]![5]![3]![0]!, 3);
    futures!.dispose();
    close();
  });

  it('gives the same losses on every engine', { timeout: 120_000 }, async () => {
    const results = await onEveryEngine(async () => {
      const { learn, close } = await open(configOf('backbone=vgg', 'dataset=bair', 'imageSize=16'), 3);
      const losses = [1, 1, 1].map(() => learn(1)['loss']!);
      close();
      return losses;
    });
    for (const values of results) expect(farthest(values, results[0]!)).toBeLessThan(1e-3 * results[0]![0]!);
  });
});

describe('batch normalisation', () => {
  it('over all frames is that over one frame of as many videos', async () => {
    const { trainer, batch, close } = await open(configOf());
    const frames = tf.tidy(() => timeFirst(tf.div(tf.cast(batch.tensors['frames']!, 'float32'), 255)));
    const codeWith = (bnScope: 'step' | 'sequence', videos: number) =>
      tf.tidy(() => {
        const plan = { ...planModel(configOf()), bnScope };
        return encodeFrames(frames, { weights: trainer.variables, plan, videos, seen: new Map() }).code.dataSync();
      });
    expect(farthest(codeWith('sequence', 4), codeWith('step', 20))).toBeLessThan(1e-6);
    expect(farthest(codeWith('sequence', 4), codeWith('step', 4))).toBeGreaterThan(1e-3);
    frames.dispose();
    close();
  });

  it('keeps running statistics as if frames had come one after the other, bias included', () => {
    const trainer = task.createTrainer(configOf(), createRandom(1));
    const seen: number[][] = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [0, 0, 1, 1],
    ];
    tf.tidy(() => {
      const values = tf.tensor2d(seen);
      updateStatistics(new Map([['encoder.c1', { mean: values, variance: values }]]), trainer.variables);
    });
    for (const [part, start] of Object.entries({ mean: 0, variance: 1 })) {
      const got = trainer.variables.get(`encoder.c1_bn.${part}`)!.dataSync();
      for (let c = 0; c < 4; c++) {
        const expected = seen.reduce((running, values) => 0.9 * running + 0.1 * values[c]!, start);
        expect(got[c]).toBeCloseTo(expected, 5);
      }
    }
    trainer.dispose();
  });

  it('makes a bias before it count for nothing, in training and in prediction', async () => {
    const futures = await Promise.all(
      [0, 0.7].map(async (bias) => {
        const { trainer, batch, learn, close } = await open(configOf());
        for (const name of ['encoder.c1', 'encoder.c3', 'decoder.u1', 'decoder.u2'])
          tf.tidy(() => {
            const variable = trainer.variables.get(`${name}.bias`)!;
            variable.assign(tf.fill(variable.shape, bias));
          });
        const { loss } = learn(60, 0);
        const frames = tf.tidy(() => framesOf(batch, 2));
        const future = foretell(trainer, frames, 2);
        frames.forEach((frame) => frame.dispose());
        close();
        return [loss!, ...future];
      }),
    );
    expect(farthest(futures[0]!, futures[1]!)).toBeLessThan(2e-3);
  });
});

describe('the predictor', () => {
  it.each(['lastGroundTruth', 'anchor', 'everyFrame'])(
    'decodes the frame after those it has seen as training does, with skipMode %s',
    async (skipMode) => {
      const config = configOf('prior=none', `skipMode=${skipMode}`, 'observes=3', 'predicts=2');
      const { trainer, batch, learn, close } = await open(config);
      learn(20);
      const plan = planModel(config);
      const expected = tf.tidy(() => {
        const frames = timeFirst(tf.div(tf.cast(batch.tensors['frames']!, 'float32'), 255));
        const run = { weights: trainer.variables, plan, videos: 4, seen: null };
        return tf.split(unrollClips(frames, { seed: tf.tensor1d([0, 0], 'int32') }, run).decoded, 4, 0)[2]!.dataSync();
      });
      const frames = tf.tidy(() => framesOf(batch, 3));
      expect(farthest(foretell(trainer, frames, 1), expected)).toBeLessThan(1e-5);
      expect(trainer.predictor!.isStochastic).toBe(false);
      tf.dispose(frames);
      close();
    },
  );

  it('gives the decoder the maps of the last true frame', async () => {
    const difference = async (skipMode: string) => {
      const { trainer, batch, learn, close } = await open(configOf(`skipMode=${skipMode}`));
      learn(20);
      const predictor = trainer.predictor!;
      const maps = tf.tidy(() => {
        const [first, last] = framesOf(batch, 2) as [ReturnType<typeof tf.tensor>, ReturnType<typeof tf.tensor>];
        const known = predictor.observe(predictor.observe(predictor.init(4), first), last);
        const alone = [first, last].map((frame) => predictor.observe({}, frame)['skip0']!);
        return alone.map((one) => tf.max(tf.abs(tf.sub(known['skip0']!, one))).dataSync()[0]!);
      });
      close();
      return maps;
    };
    const [first, last] = (await difference('lastGroundTruth')) as [number, number];
    expect(last).toBe(0);
    expect(first).toBeGreaterThan(0.01);
    expect((await difference('anchor'))[0]).toBe(0);
  });

  it('draws one future a seed, within 0 and 1, and the same for a video alone as among others', async () => {
    const { trainer, batch, learn, close } = await open(configOf('klWeight=0'));
    learn(60);
    const frames = tf.tidy(() => framesOf(batch, 2));
    const [one, again, other] = [1, 1, 2].map((seed) => foretell(trainer, frames, 4, seed));
    expect(farthest(one!, again!)).toBe(0);
    expect(farthest(one!, other!)).toBeGreaterThan(1e-3);
    expect(Math.min(...one!)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...one!)).toBeLessThanOrEqual(1);
    const alone = tf.tidy(() => foretell(trainer, frames.map((frame) => tf.slice(frame, 0, 2)), 4, 1)); // prettier-ignore
    expect(alone).toHaveLength(one!.length / 2);
    expect(farthest(alone, one!)).toBeLessThan(1e-5);
    tf.dispose(frames);
    close();
  });

  it(
    'draws the same futures for a seed on every engine, and others for another seed',
    { timeout: 120_000 },
    async () => {
      const learned = new Map<string, Float32Array>();
      const results = await onEveryEngine(async () => {
        const { trainer, batch, learn, close } = await open(configOf('klWeight=0'));
        if (learned.size === 0) {
          learn(60);
          trainer.variables.forEach((variable, name) => learned.set(name, variable.dataSync() as Float32Array));
        }
        for (const [name, variable] of trainer.variables)
          tf.tidy(() => variable.assign(tf.tensor(learned.get(name)!, variable.shape)));
        const frames = tf.tidy(() => framesOf(batch, 2));
        const futures = [1, 2].map((seed) => foretell(trainer, frames, 4, seed));
        tf.dispose(frames);
        close();
        return futures;
      });
      for (const [one, other] of results) {
        expect(farthest(one!, results[0]![0]!)).toBeLessThan(1e-4);
        expect(farthest(other!, results[0]![1]!)).toBeLessThan(1e-4);
        expect(farthest(one!, other!)).toBeGreaterThan(1e-3);
      }
    },
  );

  it.each(['prior=learned', 'prior=fixed'])(
    'reconstructs from the posterior’s mean, the first frame as training does, and a frame that comes changes none before it: %s',
    async (prior) => {
      const config = configOf(prior, 'klWeight=0', 'observes=3', 'predicts=2');
      const { trainer, batch, learn, close } = await open(config);
      learn(20);
      // the latent variables come into use late
      for (const name of ['posterior.embed', 'posterior.mean', 'predictor.embed', 'predictor.output']) {
        const weight = trainer.variables.get(`${name}.weight`)!;
        tf.tidy(() => weight.assign(tf.mul(weight, 50)));
      }
      const plan = planModel(config);
      const { expected, got, changed } = tf.tidy(() => {
        const clips = tf.div(tf.cast(batch.tensors['frames']!, 'float32'), 255);
        const run = { weights: trainer.variables, plan, videos: 4, seen: null };
        const noise = { given: timeFirst(tf.zeros([4, 4, plan.latentSize])) };
        const [seen, one, last] = tf.split(clips, [3, 1, 1], 1) as [Tensor, Tensor, Tensor];
        const other = tf.concat([seen, one, tf.sub(1, last)], 1);
        return {
          expected: tf.split(unrollClips(timeFirst(clips), noise, run).decoded, 4, 0)[2]!.dataSync(),
          got: tf.unstack(trainer.predictor!.reconstruct!(clips, 3), 1).map((frame) => frame.dataSync()),
          changed: tf.unstack(trainer.predictor!.reconstruct!(other, 3), 1).map((frame) => frame.dataSync()),
        };
      });
      expect(farthest(got[0]!, expected)).toBeLessThan(1e-5);
      expect(farthest(got[0]!, changed[0]!)).toBe(0);
      expect(farthest(got[1]!, changed[1]!)).toBeGreaterThan(1e-4);
      close();
    },
  );

  it('has nothing to read where there are no latent variables', async () => {
    const { trainer, close } = await open(configOf('prior=none'));
    expect(trainer.predictor).not.toHaveProperty('reconstruct');
    close();
  });

  it('depends on its batch where the statistics are the batch’s own', async () => {
    const { trainer, batch, learn, close } = await open(configOf('bnEval=batch'));
    learn(20);
    const frames = tf.tidy(() => framesOf(batch, 2));
    const alone = tf.tidy(() => foretell(trainer, frames.map((frame) => tf.slice(frame, 0, 2)), 2)); // prettier-ignore
    expect(farthest(alone, foretell(trainer, frames, 2))).toBeGreaterThan(1e-3);
    tf.dispose(frames);
    close();
  });

  it('leaves the state that it is given as it was, and asks for a frame first', async () => {
    const { trainer, batch, close } = await open(configOf('skipMode=anchor'));
    const predictor = trainer.predictor!;
    const frames = tf.tidy(() => framesOf(batch, 3));
    const before = tf.memory().numTensors;
    const states = [predictor.init(4)];
    for (const frame of frames) states.push(predictor.observe(states.at(-1)!, frame));
    const seed = tf.tensor1d([0, 0], 'int32');
    expect(() => predictor.predict(states[0]!, 1, seed)).toThrow(/observed/);
    const futures = [1, 2, 3].map((i) => predictor.predict(states[i]!, 2, seed));
    expect(futures.map(({ shape }) => shape)).toEqual([1, 2, 3].map(() => [4, 2, 16, 16, 1]));
    tf.dispose([states, futures, seed]); // each tensor belongs to one state only
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(frames);
    close();
  });
});
