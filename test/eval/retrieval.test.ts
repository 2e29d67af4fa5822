import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, runJob } from '../../src/core/index.js';
import { selectBackend, tf, type Encoder } from '../../src/engine/index.js';
import { evaluate, planEvaluation, type EvaluationResult } from '../../src/eval/index.js';
import protocol from '../../src/eval/retrieval/index.js';
import { chanceOfHit, nearestRows, unitRows, voteOf } from '../../src/eval/retrieval/neighbours.js';
import { parseUcf101 } from '../../src/ingest/index.js';
import { testData } from '../fixtures/test-data.js';
import { makeData, type MadeVideo } from './videos.js';

beforeAll(() => selectBackend('auto'));

describe('the nearest rows', () => {
  it('are those of a full sort, and equal ones come in gallery order', () => {
    const random = createRandom('rows');
    const draw = () => Array.from({ length: 5 }, () => random.normal());
    const vectors = Array.from({ length: 40 }, draw);
    vectors[7] = vectors[3]!.map((value) => 2 * value); // the same direction
    const gallery = unitRows(vectors);
    const query = unitRows([vectors[3]!]).data;
    const cosine = (a: readonly number[]) =>
      a.reduce((sum, value, i) => sum + value * query[i]!, 0) /
      Math.sqrt(a.reduce((sum, value) => sum + value ** 2, 0));
    const all = nearestRows(gallery, query, 40);
    expect(all.slice(0, 2).map(({ row }) => row)).toEqual([3, 7]);
    for (const { row, cosine: got } of all) expect(got).toBeCloseTo(cosine(vectors[row]!), 10);
    expect(all.map((one) => one.cosine)).toEqual(all.map((one) => one.cosine).toSorted((a, b) => b - a));
    expect(nearestRows(gallery, query, 4)).toEqual(all.slice(0, 4));
  });

  it('do not change with the length of the vectors, and do with the centre', () => {
    const near = (centre?: Float64Array) =>
      nearestRows(
        unitRows(
          [
            [1, 0.1],
            [5, 5],
          ],
          centre,
        ),
        unitRows([[4, 3.9]], centre).data,
        1,
      )[0]!.row;
    expect(near()).toBe(1);
    expect(near(Float64Array.of(4.5, 4.5))).toBe(0);
  });
});

describe('chance', () => {
  it('is what counting all draws gives', () => {
    const hits = (total: number, own: number, k: number): number => {
      let [hit, all] = [0, 0];
      for (let draw = 0; draw < 1 << total; draw++) {
        const drawn = Array.from({ length: total }, (_, i) => (draw >> i) & 1);
        if (drawn.reduce((a, b) => a + b, 0) !== k) continue;
        all++;
        if (drawn.slice(0, own).some((one) => one === 1)) hit++;
      }
      return hit / all;
    };
    for (const [total, own, k] of [
      [9, 2, 3],
      [9, 1, 1],
      [8, 5, 4],
      [6, 0, 2],
    ] as const)
      expect(chanceOfHit(total, own, k)).toBeCloseTo(hits(total, own, k), 12);
  });

  it('is the published one of HMDB51: 70 of 3,570 videos of each class', () => {
    for (const [k, percent] of [
      [1, 1.96],
      [5, 9.43],
      [10, 17.99],
      [20, 32.77],
      [50, 63.1],
    ] as const)
      expect(100 * chanceOfHit(3570, 70, k)).toBeCloseTo(percent, 1);
  });
});

const data = testData();
describe.skipIf(data === null)('chance on UCF101 (needs the shared test data)', () => {
  it('is the published one of split 1, over the queries of all classes', async () => {
    const { entries } = await parseUcf101(join(data!, 'ucf101'));
    const inRole = (role: string) => entries.filter(({ roles }) => roles[0] === role);
    const counts = new Map<number, number>();
    for (const { label } of inRole('train')) counts.set(label, (counts.get(label) ?? 0) + 1);
    const queries = inRole('test');
    for (const [k, percent] of [
      [1, 1.01],
      [5, 4.93],
      [10, 9.62],
      [20, 18.31],
      [50, 39.64],
    ] as const) {
      const sum = queries.reduce((total, { label }) => total + chanceOfHit(9537, counts.get(label) ?? 0, k), 0);
      expect(Math.abs((100 * sum) / queries.length - percent)).toBeLessThan(0.006);
    }
  });
});

describe('the vote', () => {
  it('counts near neighbours for more than many far ones, and the many where all are as near', () => {
    const far = Array.from({ length: 5 }, () => ({ label: 2, cosine: 0.1 }));
    expect(voteOf([{ label: 1, cosine: 0.9 }, ...far], 0.07)).toBe(1);
    expect(voteOf([{ label: 1, cosine: 0.1 }, ...far], 0.07)).toBe(2);
  });
});

const size = 12;
const colours: Encoder = {
  width: size,
  height: size,
  layers: { colours: 3 },
  encode: (images) => tf.tidy(() => tf.mean(images, [1, 2])),
};

/** Three classes by colour, and a grey that every video has a random amount of. */
function colouredVideos(): MadeVideo[] {
  return [0, 1, 2].flatMap((label) =>
    Array.from({ length: 12 }, (_, n) => {
      const grey = 20 + createRandom(`${label} ${n}`).int(100);
      return {
        name: `v${label}-${n}`,
        label,
        group: `${label}:g${n >> 1}`,
        role: n < 6 ? ('train' as const) : ('test' as const),
        picture: () => Uint8Array.from({ length: size * size * 3 }, (_, i) => grey + (i % 3 === label ? 100 : 0)),
      };
    }),
  );
}

async function score(
  model: Encoder,
  config: Record<string, unknown> = {},
  videos = colouredVideos(),
): Promise<EvaluationResult> {
  const nothing = { ...model, encode: (images: Parameters<Encoder['encode']>[0]) => tf.ones([images.shape[0], 3]) };
  return runJob(
    evaluate({
      evaluator: protocol,
      config: protocol.config.parse(config),
      model,
      untrained: async () => ({ ...nothing, dispose: () => undefined }),
      evaluated: { task: 'none', run: null, step: null, weightsSha256: null },
      data: makeData(videos),
      seed: 1,
      seeds: 2,
    }),
  );
}

const value = (metrics: EvaluationResult['metrics'], name: string) =>
  metrics.find((metric) => metric.name === name)!.value;

describe('retrieval', () => {
  it('finds the class of a colour by its colour, and nothing where all features are equal', async () => {
    const { metrics, rivals } = await score(colours);
    expect(value(metrics, 'recallAt1')).toBe(1);
    expect(value(metrics, 'recallAt1OverChance')).toBe(1);
    expect(value(metrics, 'knnTop1')).toBeGreaterThan(0.9);
    const rival = (name: string) => rivals.find((one) => one.name === name)!.metrics;
    expect(value(rival('chance'), 'recallAt1')).toBeCloseTo(1 / 3, 12);
    expect(value(rival('untrained'), 'recallAt1')).toBeCloseTo(1 / 3, 12); // the first of the gallery, whose class has a third
    expect(value(rival('colour-histogram'), 'recallAt1')).toBeGreaterThan(0.6);
    for (const k of [5, 10]) {
      expect(value(metrics, `recallAt${k}`)).toBeGreaterThanOrEqual(value(metrics, 'recallAt1'));
      const chance = value(rival('chance'), `recallAt${k}`);
      const gain = (value(metrics, `recallAt${k}`) - chance) / (1 - chance);
      expect(value(metrics, `recallAt${k}OverChance`)).toBeCloseTo(gain, 12);
      expect(value(metrics, `recallAt${k}MinusChance`)).toBeCloseTo(value(metrics, `recallAt${k}`) - chance, 12);
      const untrained = value(rival('untrained'), `recallAt${k}`);
      expect(value(metrics, `recallAt${k}Gain`)).toBeCloseTo(value(metrics, `recallAt${k}`) - untrained, 12);
    }
    expect(value(metrics, 'recallAt50')).toBe(1); // the whole gallery
    expect(metrics.some(({ name }) => name === 'recallAt50OverChance')).toBe(false);
  });

  it('takes exact chance off where classes are unequal', async () => {
    const unequal = colouredVideos().filter(({ name, role }) => role === 'test' || !/^v0-[1-5]$|^v1-[3-5]$/.test(name));
    const { metrics, rivals } = await score(colours, {}, unequal); // 1, 3 and 6 of the gallery
    const chance = rivals.find(({ name }) => name === 'chance')!.metrics;
    // by hand: none of the first three drawn from ten is of the class
    const none = (own: number, k: number) =>
      Array.from({ length: k }, (_, i) => (10 - own - i) / (10 - i)).reduce((a, b) => a * Math.max(0, b), 1);
    for (const k of [1, 5]) {
      const expected = [1, 3, 6].reduce((sum, own) => sum + (1 - none(own, k)) / 3, 0);
      expect(value(chance, `recallAt${k}`)).toBeCloseTo(expected, 12);
      expect(value(metrics, `recallAt${k}MinusChance`)).toBeCloseTo(value(metrics, `recallAt${k}`) - expected, 12);
    }
    expect(metrics.find(({ name }) => name === 'recallAt1MinusChance')!.interval).toBeDefined();
  });

  it('scores random features as chance does', async () => {
    const random = createRandom('features');
    const noise: Encoder = {
      ...colours,
      encode: (images) =>
        tf.tensor(
          Float32Array.from({ length: images.shape[0] * 3 }, () => random.normal()),
          [images.shape[0], 3],
        ),
    };
    const { metrics, rivals } = await score(noise);
    const chance = rivals.find(({ name }) => name === 'chance')!.metrics;
    for (const k of [1, 5]) {
      const expected = value(chance, `recallAt${k}`);
      const deviation = Math.sqrt((expected * (1 - expected)) / 18);
      expect(Math.abs(value(metrics, `recallAt${k}`) - expected)).toBeLessThan(3 * deviation);
    }
  });

  it('may take the mean of the gallery from all', async () => {
    expect(value((await score(colours, { centring: 'gallery' })).metrics, 'recallAt1')).toBe(1);
    expect(value((await score(colours, { centring: 'own-set' })).metrics, 'recallAt1')).toBe(1);
  });

  it('plans the whole list from what is here, with exact counts and bytes', async () => {
    const made = makeData(colouredVideos(), { absent: 64 });
    const data = {
      ...made,
      sources: made.sources.map((source, i) => ({ ...source, bytes: 1000 + i })),
      listed: [{ train: 70, test: 30 }],
    };
    const plan = (partial: boolean, kMeans = {}) =>
      planEvaluation(
        {
          evaluator: protocol,
          config: protocol.config.parse({ ticks: 2, kMeans }),
          model: colours,
          untrained: async () => ({ ...colours, dispose: () => undefined }),
          evaluated: { task: 'none', run: null, step: null, weightsSha256: null },
          data,
          seed: 1,
          seeds: 2,
          partial,
        },
        { emit: () => undefined, signal: new AbortController().signal },
      );
    const here = 1000 * 36 + (35 * 36) / 2;
    const whole = await plan(false);
    const rules = 64 + 144;
    expect(whole).toMatchObject({ unit: 'videos', units: 100 });
    // the model, and of two seeds untrained weights and k-means; at unit length the gradients are the longest
    expect(whole.bytes).toEqual({
      media: Math.round((here / 36) * 100),
      scratch: 0,
      features: 4 * 100 * (5 * 3 + rules) + 8 * 100 * 144,
    });
    expect(whole.notes[0]).toBe('70 videos in the gallery and 30 queries; 36 of them are here');
    expect(whole.seconds).toBeGreaterThan(0);
    const part = await plan(true, { pictures: 0 });
    expect(part.bytes).toEqual({ media: here, scratch: 0, features: 4 * 36 * (3 * 3 + rules) + 8 * 36 * 144 });
    expect(made.asked).toEqual({ opened: 18, closed: 18 });
  });
});
