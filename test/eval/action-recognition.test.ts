import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, PipelineError, runJob } from '../../src/core/index.js';
import { dense, selectBackend, tf, type Encoder } from '../../src/engine/index.js';
import protocol from '../../src/eval/action-recognition/index.js';
import { meanSoftmax } from '../../src/eval/action-recognition/mean-softmax.js';
import {
  evaluate,
  planEvaluation,
  type EvaluateOptions,
  type EvaluationData,
  type EvaluationResult,
} from '../../src/eval/index.js';
import { takeCrops } from '../../src/eval/videos/pictures.js';
import { trivialFeatures } from '../../src/eval/videos/trivial-features.js';
import { makeData, type MadeVideo } from './videos.js';

const size = 12;

/** Sees the mean of every column: where something bright is, and nothing else. */
const columns = {
  width: size,
  height: size,
  layers: { columns: size },
  encode: (images: Parameters<Encoder['encode']>[0]) => tf.tidy(() => tf.div(tf.mean(images, [1, 3]), 255)),
};

/** Sees the mean colour only. */
const colours = {
  ...columns,
  layers: { colours: 3 },
  encode: (images: Parameters<Encoder['encode']>[0]) => tf.tidy(() => tf.mean(images, [1, 2])),
};

/** A bar that moves to the right (class 0) or the left (class 1) through a random place. */
function movingBars({ groups = 16 }: { groups?: number } = {}): MadeVideo[] {
  return [0, 1].flatMap((label) =>
    Array.from({ length: groups * 2 }, (_, n) => {
      const group = `${label}:g${Math.floor(n / 2)}`;
      const centre = 3 + createRandom(`${label} ${n}`).int(size - 6);
      return {
        name: `v${label}-${n}`,
        label,
        group,
        role: Math.floor(n / 2) % 2 === 0 ? ('train' as const) : ('test' as const),
        picture: (seconds: number) => {
          const at = centre + Math.round((label === 0 ? 9 : -9) * (seconds - 1)); // 3 pixels from one picture to the next
          return Uint8Array.from({ length: size * size * 3 }, (_, i) => (Math.floor(i / 3) % size === at ? 255 : 0));
        },
      };
    }),
  );
}

/** Two colours whose mean is equal: a frozen sum of the channels says nothing, a trained one does. */
function twoColours(groups: number): MadeVideo[] {
  return movingBars({ groups }).map((video): MadeVideo => ({
    ...video,
    picture: (_, side) =>
      Uint8Array.from({ length: side * side * 3 }, (__, i) => (i % 3 === video.label ? 200 : i % 3 === 2 ? 100 : 0)),
  }));
}

/** Sees the sum of the channels of the mean colour, each times a weight. */
function makeSum(weights = [0.01, 0.01, 0.01]) {
  const kernel = tf.tidy(() => tf.variable(tf.tensor(weights, [3, 1])));
  const spare = tf.tidy(() => tf.variable(tf.scalar(7)));
  const encode = (images: Parameters<Encoder['encode']>[0]) => tf.tidy(() => dense(tf.mean(images, [1, 2]), kernel));
  return { width: size, height: size, layers: { sum: 1 }, weights: [kernel, spare], encode };
}

function optionsFor(model: Encoder, data: EvaluationData, more: Partial<EvaluateOptions> = {}): EvaluateOptions {
  return {
    evaluator: protocol,
    config: protocol.config.parse({ ticks: 3 }),
    model,
    untrained: async () => ({
      ...columns,
      encode: (images) => tf.zeros([images.shape[0], size]),
      dispose: () => undefined,
    }),
    evaluated: { task: 'none', run: null, step: null, weightsSha256: null },
    data,
    seed: 1,
    seeds: 2,
    ...more,
  };
}

const metric = (result: Pick<EvaluationResult, 'metrics'>, name: string) =>
  result.metrics.find((one) => one.name === name)!;
const rival = (result: EvaluationResult, name: string) => result.rivals.find((one) => one.name === name)!;

beforeAll(() => selectBackend('auto'));

describe('action recognition', () => {
  it('needs three frames side by side for what only motion tells apart', async () => {
    const data = makeData(movingBars());
    const result = await runJob(evaluate(optionsFor(columns, data)));
    expect(metric(result, 'top1.threeFrames').value).toBeGreaterThan(0.8);
    expect(metric(result, 'top1').value).toBeLessThan(0.75);
    expect(metric(result, 'top1Gain.threeFrames').interval![0]).toBeGreaterThan(0);
    expect(metric(result, 'top1').examples).toBe(32);
    expect(metric(result, 'top1').seeds).toHaveLength(2);
    expect(rival(result, 'chance').metrics[0]!.value).toBe(0.5);
    expect(metric({ metrics: rival(result, 'untrained').metrics }, 'top1.threeFrames').value).toBe(0.5);
    expect(data.asked).toEqual({ opened: 64, closed: 64 });
  });

  it('falls to chance where the order of the three frames is taken away, and under it where they run backward', async () => {
    const result = await runJob(evaluate(optionsFor(columns, makeData(movingBars()))));
    const of = (name: string) => metric({ metrics: rival(result, name).metrics }, 'top1.threeFrames').value;
    expect(of('reversed-frames')).toBeLessThan(0.2);
    expect(of('repeated-frame')).toBeLessThan(0.75);
    expect(of('shuffled-frames')).toBeLessThan(metric(result, 'top1.threeFrames').value);
    // gradients and colours of the pictures have no order either
    for (const name of ['colour-histogram', 'oriented-gradients'])
      expect(metric({ metrics: rival(result, name).metrics }, 'top1').value).toBeLessThan(0.75);
  });

  it('writes the mean logit and the mean softmax, which may name other classes', () => {
    const logits = Float64Array.of(10, 0, 0, 0, 4, 0, 0, 4, 0); // three pictures, three classes
    const mean = [10 / 3, 8 / 3, 0];
    expect(mean.indexOf(Math.max(...mean))).toBe(0);
    const softmax = meanSoftmax(logits, 3);
    const one = (a: number, b: number, c: number) => Math.exp(a) / (Math.exp(a) + Math.exp(b) + Math.exp(c));
    expect(softmax[0]).toBeCloseTo((one(10, 0, 0) + 2 * one(0, 4, 0)) / 3, 12);
    expect(softmax.indexOf(Math.max(...softmax))).toBe(1);
    expect(softmax.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  it('looks at corners and mirrored pictures where asked to, and at 25 pictures by the rule of TSN', async () => {
    const numbered = Uint8Array.from({ length: 4 * 3 * 3 }, (_, i) => Math.floor(i / 3)); // [3, 4, 3]: 0 to 11
    const crops = takeCrops({ data: numbered, width: 4, height: 3 }, { width: 2, height: 2 }, 10).map((crop) =>
      [0, 3, 6, 9].map((at) => crop[at]),
    );
    expect(crops).toEqual([
      [1, 2, 5, 6],
      [0, 1, 4, 5],
      [2, 3, 6, 7],
      [4, 5, 8, 9],
      [6, 7, 10, 11],
      [2, 1, 6, 5],
      [1, 0, 5, 4],
      [3, 2, 7, 6],
      [5, 4, 9, 8],
      [7, 6, 11, 10],
    ]);
    let seen = 0;
    const counting: Encoder = {
      ...columns,
      encode: (images) => {
        seen = Math.max(seen, images.shape[0]);
        return columns.encode(images);
      },
    };
    const config = protocol.config.parse({ sampling: 'tsn25', crops: 10 });
    await runJob(evaluate(optionsFor(counting, makeData(movingBars({ groups: 4 })), { config, seeds: 1 })));
    expect(seen).toBe(250);
  });

  it('fine-tunes a network that no linear layer on its features could save, and gives it its weights back', async () => {
    const videos = twoColours(8);
    const model = makeSum();
    const before = model.weights.map((weight) => weight.dataSync().slice());
    const tensors = tf.memory().numTensors;
    const config = (name: 'probe' | 'fine-tune') =>
      protocol.config.parse({ ticks: 3, protocol: name, fineTune: { steps: 40, batchSize: 8, dropout: 0 } });
    const score = (name: 'probe' | 'fine-tune') =>
      runJob(
        evaluate(
          optionsFor(model, makeData(videos), {
            config: config(name),
            seeds: 1,
            untrained: async () => {
              const other = makeSum();
              tf.tidy(() => other.weights[0]!.assign(tf.zeros([3, 1])));
              return { ...other, dispose: () => tf.dispose(other.weights) };
            },
          }),
        ),
      );
    const tuned = await score('fine-tune');
    expect(metric(tuned, 'top1').value).toBe(1);
    expect(rival(tuned, 'chance').metrics[0]!.value).toBe(0.5);
    expect(tuned.rivals.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['untrained', 'k-means', 'colour-histogram', 'oriented-gradients']),
    );
    expect(metric({ metrics: rival(tuned, 'colour-histogram').metrics }, 'top1').value).toBe(1);
    expect(model.weights.map((weight) => weight.dataSync().slice())).toEqual(before);
    expect((await score('fine-tune')).metrics).toEqual(tuned.metrics);
    expect(metric(await score('probe'), 'top1').value).toBe(0.5);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  const tune = (model: Encoder, settings: Record<string, unknown>, more: Partial<EvaluateOptions> = {}) =>
    evaluate(
      optionsFor(model, makeData(twoColours(4)), {
        config: protocol.config.parse({
          ticks: 3,
          protocol: 'fine-tune',
          kMeans: { pictures: 0 },
          bootstrapDraws: 100,
          ...settings,
        }),
        seeds: 1,
        untrained: async () => {
          const other = makeSum();
          return { ...other, dispose: () => tf.dispose(other.weights) };
        },
        ...more,
      }),
    );

  it('fine-tunes on all places of a picture, and answers for every test video, the last few too', async () => {
    const model = makeSum();
    const batches: number[] = [];
    const counting: Encoder = {
      ...model,
      encode: (images) => {
        batches.push(images.shape[0]);
        return model.encode(images);
      },
    };
    const out = mkdtempSync(join(tmpdir(), 'reelmine-eval-'));
    const fineTune = { steps: 1, batchSize: 7, learningRates: [0.01] };
    await runJob(tune(counting, { crops: 5, fineTune }, { out }));
    // eight test videos of three pictures, five places each, in batches of seven: 17 and one of the last
    expect(batches.filter((count) => count === 1)).toHaveLength(1);
    expect(batches.slice(-18).reduce((a, b) => a + b)).toBe(8 * 3 * 5);
    const rows = readFileSync(join(out, 'predictions.jsonl'), 'utf8').trim().split('\n');
    const told = rows.map((row) => JSON.parse(row) as { key: string; selectedOn: string });
    expect(new Set(told.map(({ key }) => key)).size).toBe(8);
    expect(new Set(told.map(({ selectedOn }) => selectedOn))).toEqual(new Set(['fixed']));
    tf.dispose(model.weights);
  });

  it('rescales all networks before fine-tuning, and gives the model its weights back', async () => {
    const fineTune = { steps: 2, batchSize: 4, learningRates: [0.01], rescale: true };
    const untrained = async () => {
      const other = makeSum([0.3, 0.1, 0.2]);
      return { ...other, dispose: () => tf.dispose(other.weights) };
    };
    const told: number[] = [];
    const model = makeSum([5, 1, 2]);
    const watching: Encoder = {
      ...model,
      encode: (images) => {
        told.push(model.weights[0]!.dataSync()[0]!);
        return model.encode(images);
      },
    };
    const out = mkdtempSync(join(tmpdir(), 'reelmine-eval-'));
    const tensors = tf.memory().numTensors;
    await runJob(tune(watching, { fineTune }, { out, untrained }));
    expect(told[0]).toBe(5);
    expect(told.at(-1)).toBeLessThan(1); // its output had a deviation far above 1
    const rows = readFileSync(join(out, 'predictions.jsonl'), 'utf8').trim().split('\n');
    for (const row of rows) expect(JSON.parse(row)).toMatchObject({ rescaled: true });
    expect([...model.weights[0]!.dataSync()]).toEqual([5, 1, 2]);
    const flat = makeSum([0, 0, 0]);
    await expect(runJob(tune(flat, { fineTune }, { untrained }))).rejects.toThrow(/same for all pictures/);
    tf.dispose(flat.weights);
    expect(tf.memory().numTensors).toBe(tensors);
    tf.dispose(model.weights);
  });

  it('never takes a rate at which fine-tuning ends in no numbers, and says so where there is no other', async () => {
    const model = makeSum();
    const before = model.weights.map((weight) => weight.dataSync().slice());
    const out = mkdtempSync(join(tmpdir(), 'reelmine-eval-'));
    const settings = (learningRates: readonly number[]) => ({
      fineTune: { steps: 12, batchSize: 4, dropout: 0, weightDecay: 0, learningRates },
    });
    await runJob(tune(model, settings([1e30, 0.001]), { out }));
    const [row] = readFileSync(join(out, 'predictions.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(row!)).toMatchObject({ learningRate: 0.001, selectedOn: 'group-val' });
    const tensors = tf.memory().numTensors;
    for (const rates of [[1e30], [1e30, 1e31]])
      await expect(runJob(tune(model, settings(rates)))).rejects.toThrow(/not finite at rate 1e\+30/);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(model.weights.map((weight) => weight.dataSync().slice())).toEqual(before);
    tf.dispose(model.weights);
  });

  it('refuses features that are no numbers, of which a probe would make some figure', async () => {
    const broken: Encoder = { ...columns, encode: (images) => tf.fill([images.shape[0], size], NaN) };
    await expect(runJob(evaluate(optionsFor(broken, makeData(movingBars({ groups: 4 })))))).rejects.toMatchObject({
      code: 'not-finite',
    });
  });

  it('shows no more than chance of new backgrounds, and much more where clips of one recording are on both sides', async () => {
    // No class has anything of its own; each recording has its background, and the probe can learn them by heart.
    const learned = 8; // recordings of each class, of 32
    const backgrounds = (byClips: boolean): MadeVideo[] =>
      [0, 1].flatMap((label) =>
        Array.from({ length: byClips ? 4 * learned : 128 }, (_, n) => {
          const recording = `${label}:g${n >> 2}`;
          const random = createRandom(recording);
          const pattern = Array.from({ length: size }, () => random.int(200));
          const isTraining = byClips ? n % 2 === 0 : n >> 2 < learned;
          return {
            name: `v${label}-${n}`,
            label,
            group: byClips ? `${recording} ${n}` : recording,
            role: isTraining ? ('train' as const) : ('test' as const),
            picture: (seconds: number) =>
              Uint8Array.from(
                { length: size * size * 3 },
                (_, i) => pattern[Math.floor(i / 3) % size]! + ((n * 7 + i + Math.round(9 * seconds)) % 20),
              ),
          };
        }),
      );
    const top1 = async (byClips: boolean) =>
      metric(await runJob(evaluate(optionsFor(columns, makeData(backgrounds(byClips)), { seeds: 1 }))), 'top1').value;
    const [groups, clips] = [await top1(false), await top1(true)];
    expect(Math.abs(groups - 0.5)).toBeLessThan(0.2);
    expect(clips).toBeGreaterThan(groups + 0.2);
    expect(clips).toBeGreaterThan(0.85);
  });

  it('plans the whole list from what is here, with exact counts and bytes', async () => {
    const made = makeData(movingBars({ groups: 4 }), { absent: 84 });
    const data = {
      ...made,
      sources: made.sources.map((source, i) => ({ ...source, bytes: 1000 + i })),
      listed: [{ train: 60, test: 40 }],
    };
    const weight = tf.tidy(() => tf.variable(tf.ones([size, size])));
    const model = {
      ...columns,
      weights: [weight],
      encode: (images: Parameters<Encoder['encode']>[0]) =>
        tf.tidy(() => dense(tf.div(tf.mean(images, [1, 3]), 255), weight)),
    };
    const tensors = tf.memory().numTensors;
    const plan = (config: Record<string, unknown>, partial = false) =>
      planEvaluation(
        optionsFor(model, data, { config: protocol.config.parse({ ticks: 3, ...config }), partial, seeds: 2 }),
        { emit: () => undefined, signal: new AbortController().signal },
      );
    const here = 1000 * 16 + (15 * 16) / 2;
    const whole = await plan({});
    expect(whole).toMatchObject({ unit: 'videos', units: 100 });
    expect(whole.notes.join('\n')).toMatch(/60 videos to train on and 40 to test on, 3 classes; 16 of them are here/);
    const lengths = Object.values(trivialFeatures).map((rule) => rule(new Uint8Array(12 * 12 * 3), 12, 12).length);
    const [, histogram, gradients] = lengths;
    // the model, and of two seeds untrained weights and k-means: single pictures and three side by side
    const numbers = (1 + 2 * 2) * (size + 3 * size) + histogram! + gradients!;
    const copies = 3 * 8 * 60 * 3 * size; // of the longest features, while a probe is fitted to them
    expect(whole.bytes).toEqual({
      media: Math.round((here / 16) * 100),
      scratch: 0,
      features: 4 * 60 * numbers + copies,
    });
    expect(await plan({}, true)).toMatchObject({ units: 16, bytes: { media: here } });
    const tuned = await plan({ protocol: 'fine-tune', fineTune: { steps: 50, batchSize: 4 } });
    expect(tuned.bytes).toEqual({
      media: Math.round((here / 16) * 100),
      scratch: 100 * 3 * size * size * 3,
      features: 0,
    });
    // three networks of two seeds, two rates and the last time
    expect(tuned.notes.join('\n')).toMatch(/^900 updates of 4 pictures/m);
    for (const { seconds } of [whole, tuned]) expect(seconds).toBeGreaterThan(0);
    expect(weight.dataSync().every((value) => value === 1)).toBe(true);
    expect(tf.memory().numTensors).toBe(tensors);
    weight.dispose();
  });

  it('keeps top1 and class mean apart where classes are unequal', async () => {
    const grey = (level: number) => () => new Uint8Array(size * size * 3).fill(level);
    const video = (n: number, label: number, role: 'train' | 'test', level: number): MadeVideo => ({
      name: `${role}${n}`,
      label,
      group: `${role}${n}`,
      role,
      picture: grey(level),
    });
    const train = [0, 1, 2, 3].flatMap((n) => [video(n, 0, 'train', 20 + n), video(n + 10, 1, 'train', 200 + n)]);
    // three of class 0 are dark; the one of class 1 is dark too, and will be taken for class 0
    const test = [0, 1, 2].map((n) => video(n, 0, 'test', 21)).concat(video(3, 1, 'test', 21));
    const result = await runJob(evaluate(optionsFor(colours, makeData([...train, ...test]))));
    expect(metric(result, 'top1').value).toBe(0.75);
    expect(metric(result, 'classMean').value).toBe(0.5);
    expect(metric({ metrics: rival(result, 'majority').metrics }, 'top1').value).toBe(0.75);
  });

  it('writes equal files for equal options: one prediction of each kind and seed for each test video', async () => {
    const [first, second] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'reelmine-eval-')));
    const data = makeData(movingBars({ groups: 4 }));
    for (const out of [first!, second!]) await runJob(evaluate(optionsFor(columns, data, { out })));
    for (const file of ['result.json', 'predictions.jsonl']) {
      expect(readFileSync(join(first!, file), 'utf8')).toBe(readFileSync(join(second!, file), 'utf8'));
    }
    const rows = readFileSync(join(first!, 'predictions.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { key: string; seed: number; features: string });
    expect(rows).toHaveLength(8 * 2 * 2);
    expect(new Set(rows.map(({ key, seed, features }) => `${key} ${seed} ${features}`)).size).toBe(rows.length);
    const result = JSON.parse(readFileSync(join(first!, 'result.json'), 'utf8')) as EvaluationResult;
    expect(result).toMatchObject({
      schema: 1,
      protocol: 'action-recognition',
      data: { name: 'made', absent: 0 },
      split: 1,
      seeds: 2,
      leak: null,
    });
  });

  it('gives other engines’ logits but for a thousandth of their range, and names the same classes', async () => {
    const config = protocol.config.parse({ ticks: 3, weightDecays: [0.1], bootstrapDraws: 10 });
    const score = async (engine: string): Promise<number[][]> => {
      await selectBackend(engine);
      const out = mkdtempSync(join(tmpdir(), 'reelmine-eval-'));
      await runJob(evaluate(optionsFor(columns, makeData(movingBars({ groups: 4 })), { out, config, seeds: 1 })));
      const rows = readFileSync(join(out, 'predictions.jsonl'), 'utf8').trim().split('\n');
      return rows.map((row) => (JSON.parse(row) as { logits: number[] }).logits);
    };
    const slow = await score('cpu');
    const own = await score('auto');
    const range = Math.max(...slow.flat().map(Math.abs));
    const farthest = Math.max(
      ...slow.flatMap((logits, row) => logits.map((logit, c) => Math.abs(logit - own[row]![c]!))),
    );
    expect(range).toBeGreaterThan(0.1);
    expect(farthest / range, 'largest difference of logits').toBeLessThan(1e-3);
    const best = (logits: readonly number[]) => logits.indexOf(Math.max(...logits));
    expect(own.map(best)).toEqual(slow.map(best));
  });

  it('refuses a group on both sides of the split', async () => {
    const videos = movingBars({ groups: 4 });
    const mixed = videos.map((video, i) => (i === 0 ? { ...video, role: 'test' as const } : video));
    await expect(runJob(evaluate(optionsFor(columns, makeData(mixed))))).rejects.toMatchObject({ code: 'leak' });
  });

  it('refuses test videos that the model was trained on, or stamps them', async () => {
    const data = makeData(movingBars({ groups: 4 }));
    const test = data.sources.find(({ benchmarks }) => benchmarks['made']![0]!.roles[0] === 'test')!;
    const trainedOn = { sources: [test.id], groups: [] };
    await expect(runJob(evaluate(optionsFor(columns, data, { trainedOn })))).rejects.toThrow(PipelineError);
    expect((await runJob(evaluate(optionsFor(columns, data, { trainedOn, allowLeak: true })))).leak).toBe(1);
    const groups = [test.benchmarks['made']![0]!.group];
    await expect(
      runJob(evaluate(optionsFor(columns, data, { trainedOn: { sources: [], groups } }))),
    ).rejects.toMatchObject({ code: 'leak' });
  });

  it('refuses before it begins where a split that comes later was trained on, or is not there', async () => {
    const data = makeData(movingBars({ groups: 4 }));
    const sources = data.sources.map((source) => {
      const [entry] = source.benchmarks['made']!;
      const [role] = entry!.roles;
      return {
        ...source,
        benchmarks: { made: [{ ...entry!, roles: [role!, role === 'train' ? 'test' : 'train'] as const }] },
      };
    });
    const learned = sources.filter(({ benchmarks }) => benchmarks.made[0]!.roles[0] === 'train').map(({ id }) => id);
    const options = optionsFor(
      columns,
      { ...data, sources },
      { trainedOn: { sources: learned, groups: [] }, seeds: 1 },
    );
    await expect(runJob(evaluate({ ...options, later: [2] }))).rejects.toMatchObject({ code: 'leak' });
    await expect(runJob(evaluate({ ...options, later: [3] }))).rejects.toThrow(/splits known: 2/);
    expect(data.asked.opened).toBe(0);
    expect((await runJob(evaluate(options))).leak).toBeNull();
  });

  it('refuses an incomplete list unless told that it is partial', async () => {
    const data = makeData(movingBars({ groups: 4 }), { absent: 5 });
    await expect(runJob(evaluate(optionsFor(columns, data)))).rejects.toMatchObject({ code: 'partial' });
    expect((await runJob(evaluate(optionsFor(columns, data, { partial: true })))).data.absent).toBe(5);
  });

  it('names the nearest layer, and the splits there are', async () => {
    const data = makeData(movingBars({ groups: 4 }));
    await expect(
      runJob(evaluate(optionsFor(columns, data, { config: protocol.config.parse({ layer: 'column' }) }))),
    ).rejects.toThrow(/did you mean "columns"/);
    await expect(runJob(evaluate(optionsFor(columns, data, { split: 2 })))).rejects.toThrow(/splits known: 1/);
  });

  it.each(['probe', 'fine-tune'] as const)('heeds a signal of the system while it learns (%s)', async (name) => {
    const stop = new AbortController();
    const untrained = async () => {
      const other = makeSum();
      return { ...other, dispose: () => tf.dispose(other.weights) };
    };
    const config = protocol.config.parse({ ticks: 3, protocol: name, fineTune: { steps: 20_000, batchSize: 4 } });
    const options = optionsFor(makeSum(), makeData(twoColours(4)), { config, seeds: 1, untrained });
    const job = runJob(evaluate(options, stop.signal), (event) => {
      // As a signal comes: from outside, in a later turn of the event loop.
      if (event.kind === 'progress' && event.stage !== 'read') setTimeout(() => stop.abort(), 0);
    });
    await expect(job).rejects.toMatchObject({ code: 'stopped' });
  });

  it('ends without a result when stopped, and closes what it opened', async () => {
    const data = makeData(movingBars({ groups: 4 }));
    const stop = new AbortController();
    const job = evaluate(optionsFor(columns, data, { seeds: 1 }), stop.signal);
    await expect(
      runJob(job, (event) => event.kind === 'progress' && event.done === 3 && stop.abort()),
    ).rejects.toMatchObject({ code: 'stopped' });
    expect(data.asked).toEqual({ opened: 3, closed: 3 });
  });

  it('shows every video at the same times, whatever its rate and length', async () => {
    const times = new Map<string, number[]>();
    const videos = movingBars({ groups: 4 }).map((video, i) => ({
      ...video,
      seconds: 1.5 + (i % 3),
      fps: i % 2 === 0 ? 25 : 30,
      picture: (seconds: number) => {
        times.set(video.name, [...(times.get(video.name) ?? []), seconds]);
        return video.picture(seconds, size);
      },
    }));
    await runJob(evaluate(optionsFor(columns, makeData(videos), { seeds: 1 })));
    for (const seen of times.values()) {
      expect(seen).toHaveLength(3);
      expect(Math.abs(seen[2]! - seen[0]! - 2 / 3)).toBeLessThan(1 / 25);
    }
  });
});
