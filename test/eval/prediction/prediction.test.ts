import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob, type Metric, type Sample } from '../../../src/core/index.js';
import { selectBackend, tf, type Predictor } from '../../../src/engine/index.js';
import { evaluate, movingArea, planEvaluation, type EvaluateOptions } from '../../../src/eval/index.js';
import protocol from '../../../src/eval/prediction/index.js';
import { makeWalk, makeWalker, makeWalks } from './walkers.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-prediction-'));
const walks = (count: number, frames = 8): Sample[] => Array.from({ length: count }, (_, n) => makeWalk(n, frames));

beforeAll(async () => {
  await selectBackend('auto');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function optionsFor(
  model: Predictor,
  samples: readonly Sample[],
  settings: object = {},
  out?: string,
): EvaluateOptions {
  return {
    evaluator: protocol,
    config: protocol.config.parse({ bootstrapDraws: 200, batchSize: 5, ...settings }),
    model,
    untrained: async () => makeWalker(5),
    evaluated: { task: 'walker', run: null, step: null, weightsSha256: 'abc' },
    dataset: makeWalks(samples),
    seed: 1,
    seeds: 1,
    ...(out === undefined ? {} : { out: join(dir, out) }),
  };
}

const find = (metrics: readonly Metric[], name: string, split = 'held-out') =>
  metrics.find((metric) => metric.name === name && metric.split === split)!;

const rowsOf = (out: string, file: string) =>
  readFileSync(join(dir, out, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the prediction protocol', () => {
  it('gives a perfect model no error, a skill of 1 and counts the frames whose PSNR it cuts', async () => {
    const rightOnly = walks(12).filter((_, n) => n % 2 === 0);
    const before = tf.memory().numTensors;
    const result = await runJob(evaluate(optionsFor(makeWalker(1), rightOnly, {}, 'perfect')));
    expect(tf.memory().numTensors).toBe(before);
    expect(find(result.metrics, 'mse')).toMatchObject({ variant: 'mean', value: 0, examples: 6 });
    expect(find(result.metrics, 'psnr').value).toBe(100);
    expect(find(result.metrics, 'ssim').value).toBeCloseTo(1, 12);
    expect(find(result.metrics, 'skill').value).toBe(1);
    expect(find(result.metrics, 'mse', 'held-out, one step ahead').value).toBe(0);
    const [own, ...rows] = rowsOf('perfect', 'curves.jsonl');
    expect(own).toMatchObject({
      model: 'model',
      nCond: 3,
      nPred: 4,
      nSeq: 6,
      framesCapped: 24,
      checkpointSha: 'abc',
      seed: 1,
    });
    const hashes = new Map(rows.map(({ model, checkpointSha }) => [model, checkpointSha]));
    expect([hashes.get('model'), hashes.get('copy-last'), hashes.get('untrained')]).toEqual(['abc', null, null]);
    expect(result.rivals.map(({ name }) => name)).toEqual([
      'copy-last',
      'mean',
      'linear',
      'block-motion',
      'zero',
      'untrained',
    ]);
    const copy = result.rivals[0]!.metrics;
    expect(find(copy, 'skill').value).toBe(0);
    expect(find(copy, 'mse').value).toBeGreaterThan(0.01);
  });

  it('measures what can be worked out by hand: copying a bar that walks', async () => {
    const [walk] = walks(1);
    const result = await runJob(evaluate(optionsFor(makeWalker(0), [walk!], { metrics: ['mse.mean'] })));
    const frame = (t: number) => (walk!.fields['frames'] as { data: Uint8Array }).data.subarray(t * 256, (t + 1) * 256);
    const errorOf = (a: number, b: number) =>
      frame(a).reduce((sum, level, i) => sum + ((level - frame(b)[i]!) / 255) ** 2, 0) / 256;
    const curve = result.curves!.find(({ of, split }) => of === null && split === 'held-out')!;
    expect(curve).toMatchObject({ steps: [3, 4, 5, 6], horizon: 6, name: 'mse', variant: 'mean' });
    [3, 4, 5, 6].forEach((t, i) => expect(curve.values[i]).toBeCloseTo(errorOf(2, t), 7));
    const ahead = result.curves!.find(({ of, split }) => of === null && split === 'held-out, one step ahead')!;
    expect(ahead.steps).toEqual([1, 2, 3, 4, 5, 6]);
    ahead.steps.forEach((t, i) => expect(ahead.values[i]).toBeCloseTo(errorOf(t - 1, t), 7));
    const copy = result.rivals.find(({ name }) => name === 'copy-last')!.metrics;
    expect(find(copy, 'mse').value).toBe(find(result.metrics, 'mse').value);
  });

  it('tells the skill over copying at each step, by hand, and none where copying is exact', async () => {
    const all = walks(4);
    const { curves = [], metrics } = await runJob(evaluate(optionsFor(makeWalker(1), all, { metrics: ['mse.mean'] })));
    const of = (name: string, who: string | null, split: string) =>
      curves.find((curve) => curve.name === name && curve.of === who && curve.split === split)!;
    for (const split of ['held-out', 'held-out, one step ahead']) {
      const [own, copied, skill] = [of('mse', null, split), of('mse', 'copy-last', split), of('skill', null, split)];
      expect(skill).toMatchObject({ steps: own.steps, unit: '', direction: 'higher', examples: 4 });
      expect(skill.horizon).toBe(own.horizon);
      own.values.forEach((error, step) => expect(skill.values[step]).toBeCloseTo(1 - error / copied.values[step]!, 12));
    }
    const far = of('skill', null, 'held-out').values.at(-1)!; // half of the walks go its way, the others are missed as far as by copying
    expect(Math.abs(far - 0.5)).toBeLessThan(0.2);
    expect(of('skill', 'block-motion', 'held-out').values).toHaveLength(4);
    expect(of('skill', 'copy-last', 'held-out')).toBeUndefined(); // 0 by definition
    // the errors of all steps together are the overall one's
    const [own, copied] = ['mse', 'mse'].map((name, i) => of(name, i === 0 ? null : 'copy-last', 'held-out').values);
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    expect(find(metrics, 'skill').value).toBeCloseTo(1 - sum(own!) / sum(copied!), 12);
    const still = all.map((walk): Sample => {
      const { data, shape } = walk.fields['frames'] as { readonly data: Uint8Array; readonly shape: readonly number[] };
      const frames = Uint8Array.from(data, (_, i) => data[i % 256]!);
      return { ...walk, fields: { ...walk.fields, frames: { data: frames, shape: [...shape] } } };
    });
    const exact = await runJob(evaluate(optionsFor(makeWalker(0), still, { metrics: ['mse.mean'] })));
    expect(exact.curves!.filter(({ name }) => name === 'skill')).toEqual([]);
  });

  it('says how much of the predicted frames moves where a measure looks at that alone, in each mode', async () => {
    const clips = walks(2);
    const settings = { metrics: ['mse.moving'] };
    const { metrics, rivals } = await runJob(evaluate(optionsFor(makeWalker(0), clips, settings)));
    const frame = (walk: Sample, t: number) => ({
      data: Float32Array.from((walk.fields['frames'] as { data: Uint8Array }).data.subarray(t * 256, (t + 1) * 256), (level) => level / 255), // prettier-ignore
      ...{ width: 16, height: 16, channels: 1 },
    });
    const shareOf = (from: number) => {
      const shares = clips.flatMap((walk) =>
        [0, 1, 2, 3, 4, 5, 6].slice(from).map((t) => movingArea(frame(walk, t - 1), frame(walk, t)).share),
      );
      return shares.reduce((sum, share) => sum + share) / shares.length;
    };
    expect(shareOf(3)).toBeGreaterThan(0.1);
    expect(shareOf(3)).toBeLessThan(0.9);
    expect(find(metrics, 'movingShare').value).toBeCloseTo(shareOf(3), 12);
    expect(find(metrics, 'movingShare', 'held-out, one step ahead').value).toBeCloseTo(shareOf(1), 12);
    expect(rivals.flatMap((rival) => rival.metrics).map(({ name }) => name)).not.toContain('movingShare');
    const without = await runJob(evaluate(optionsFor(makeWalker(0), clips, { metrics: ['mse.mean'] })));
    expect(find(without.metrics, 'movingShare')).toBeUndefined();
  });

  it('takes the best of several futures for a whole sequence, and says how they differ', async () => {
    const settings = { samples: 8, bestOf: [1, 2, 8], mode: 'multi-step', metrics: ['mse.mean', 'ssim.gauss11'] };
    const result = await runJob(evaluate(optionsFor(makeWalker('coin'), walks(10), settings, 'coin')));
    // of 8 tosses a batch of 5 sees both sides, so the best is right and the mean is not
    expect(find(result.metrics, 'mseBestOf8').value).toBe(0);
    expect(find(result.metrics, 'mse').value).toBeGreaterThan(0.005);
    expect(find(result.metrics, 'diversity').value).toBeGreaterThan(0.2);
    const rows = rowsOf('coin', 'curves.jsonl').filter(({ model, metric }) => model === 'model' && metric === 'mse');
    const mean = (select: string) => rows.find((row) => row['select'] === select)!['mean'] as number;
    expect(mean('best 1')).toBeCloseTo(mean('mean'), 12);
    expect(mean('best 2')).toBeLessThan(mean('best 1'));
    expect(mean('worst')).toBeGreaterThan(mean('mean'));
    expect(find(result.rivals[0]!.metrics, 'mseBestOf8').value).toBe(find(result.rivals[0]!.metrics, 'mse').value);
  });

  it(
    'covers what may happen: who tosses a fair coin pays a quarter of the distance of both sides, who says one thing or both at once a half',
    { timeout: 60_000 },
    async () => {
      // walks go either way; after three frames seen, the bar of the coin's model goes either way, too
      const blur: Predictor = {
        ...makeWalker(0),
        predict: (state, steps, seed) =>
          tf.tidy(() => {
            const [right, left] = [makeWalker(1), makeWalker(-1)].map((walker) => walker.predict(state, steps, seed));
            return tf.mul(tf.add(right!, left!), 0.5);
          }),
        isStochastic: true,
      };
      const settings = { samples: 10, mode: 'multi-step', metrics: ['mse.mean'], batchSize: 1 };
      const scoreOf = async (model: Predictor) =>
        find((await runJob(evaluate(optionsFor(model, walks(24), settings)))).metrics, 'energyScore').value;
      const oneSide = await scoreOf({ ...makeWalker(1), isStochastic: true });
      const [coin, both] = [await scoreOf(makeWalker('coin')), await scoreOf(blur)];
      expect(Math.abs(coin / oneSide - 0.5)).toBeLessThan(0.1);
      expect(both).toBeGreaterThan(0.9 * oneSide);
      const result = await runJob(
        evaluate(optionsFor(makeWalker('coin'), walks(4), { ...settings, metrics: ['mse.mean'] }, 'energy')),
      );
      const copy = result.rivals.find(({ name }) => name === 'copy-last')!.metrics;
      const rows = rowsOf('energy', 'curves.jsonl').filter(
        ({ model, metric }) => model === 'copy-last' && metric === 'energyScore',
      );
      expect(find(copy, 'energyScore').value).toBeCloseTo(rows[0]!['mean'] as number, 12);
      expect(find(copy, 'energyScore').value ** 2).toBeLessThanOrEqual(find(copy, 'mse').value); // a mean of roots
      expect(find(result.metrics, 'energyScoreBestOf10')).toBeUndefined();
    },
  );

  it('sets a model beside what it makes of a future that it reads, one step ahead aside', async () => {
    const oracle: Predictor = {
      ...makeWalker('coin'),
      reconstruct: (clips, observe) => tf.slice(clips, [0, observe, 0, 0, 0], [-1, -1, -1, -1, -1]),
    };
    const result = await runJob(
      evaluate(optionsFor(oracle, walks(6), { samples: 4, metrics: ['mse.mean'] }, 'oracle')),
    );
    const bound = result.rivals.find(({ name }) => name === 'posterior')!;
    expect(result.rivals.filter(({ told }) => told !== undefined)).toEqual([bound]); // nothing that a model must beat
    const posterior = bound.metrics;
    expect(find(posterior, 'mse').value).toBe(0);
    expect(find(posterior, 'mse', 'held-out, one step ahead')).toBeUndefined();
    expect(find(result.metrics, 'mse').value).toBeGreaterThan(0);
    const rows = rowsOf('oracle', 'curves.jsonl').filter(
      ({ model, metric }) => model === 'posterior' && metric === 'mse',
    );
    expect(rows.map(({ mode, perStep, nSamples }) => [mode, perStep, nSamples])).toEqual([
      ['multi-step', [0, 0, 0, 0], 1],
    ]);
  });

  it('stores what each sequence reached, and gives equal files for equal seeds in any batch size of a model without chance', async () => {
    const run = (out: string, batchSize: number) =>
      runJob(evaluate(optionsFor(makeWalker(1), walks(7), { batchSize }, out)));
    await run('a', 7);
    await run('b', 7);
    await run('c', 2);
    for (const file of ['result.json', 'curves.jsonl', 'predictions.jsonl']) {
      const [a, b] = ['a', 'b'].map((out) => readFileSync(join(dir, out, file), 'utf8'));
      expect(b).toBe(a);
    }
    expect(rowsOf('c', 'predictions.jsonl')).toEqual(rowsOf('a', 'predictions.jsonl'));
    const sequences = rowsOf('a', 'predictions.jsonl').filter(({ mode }) => mode === 'multi-step');
    expect(sequences).toHaveLength(7);
    const values = sequences.map(
      (row) => (row['values'] as Record<string, Record<string, number>>)['model']!['mse.mean']!,
    );
    const result = JSON.parse(readFileSync(join(dir, 'a', 'result.json'), 'utf8')) as { metrics: Metric[] };
    expect(values.reduce((sum, value) => sum + value) / 7).toBeCloseTo(find(result.metrics, 'mse').value, 12);
  });

  it('takes every window of longer clips where asked, and refuses clips that are too short, naming both lengths', async () => {
    const all = await runJob(
      evaluate(optionsFor(makeWalker(1), walks(3, 15), { windows: 'all', metrics: ['mse.mean'] })),
    );
    expect(find(all.metrics, 'mse').examples).toBe(6);
    const short = evaluate(optionsFor(makeWalker(1), walks(3, 5)));
    await expect(runJob(short)).rejects.toThrow(/7 frames.*longest of 3 clips has 5/);
    const mixed = await runJob(
      evaluate(optionsFor(makeWalker(1), [...walks(3, 5), ...walks(6, 8).slice(3)], { metrics: ['mse.mean'] })),
    );
    expect(find(mixed.metrics, 'mse').examples).toBe(3);
    expect(find(mixed.metrics, 'clipsTooShort').value).toBe(3);
    expect(find(all.metrics, 'clipsTooShort')).toBeUndefined();
  });

  it('measures clips by features of random convolutions under a name of their own, beside what halves of the truth give', async () => {
    const settings = { clipFeatures: 'random', mode: 'multi-step', metrics: ['mse.mean'] };
    const before = tf.memory().numTensors;
    const result = await runJob(evaluate(optionsFor(makeWalker(0), walks(12), settings)));
    expect(tf.memory().numTensors).toBe(before);
    const distance = find(result.metrics, 'fvd-rand');
    const halves = result.rivals.find(({ name }) => name === 'truth-halves')!;
    expect(halves.told).toBe('the frames to come');
    const floor = find(halves.metrics, 'fvd-rand');
    expect(distance.value).toBeGreaterThan(0);
    expect([distance.variant, floor.variant]).toEqual(['seed1.3+4', 'seed1.3+4']); // seen and predicted frames
    expect(floor.value).toBeGreaterThan(0);
    const right = walks(24).filter((_, n) => n % 2 === 0);
    const perfect = await runJob(evaluate(optionsFor(makeWalker(1), right, settings)));
    expect(find(perfect.metrics, 'fvd-rand').value).toBeLessThan(1e-6);
  });

  it('says beforehand how many frames will be predicted', async () => {
    const emit = () => undefined;
    const plan = await planEvaluation(optionsFor(makeWalker('coin'), walks(9), { samples: 10 }), {
      emit,
      signal: new AbortController().signal,
    });
    // 4 steps of 10 futures, untrained weights and 5 rivals; 6 steps of 1, 1 and 5
    expect(plan.units).toBe(9 * (4 * (10 + 1 + 5) + 6 * (1 + 1 + 5)));
    expect(plan.seconds).toBeGreaterThan(0);
  });
});
