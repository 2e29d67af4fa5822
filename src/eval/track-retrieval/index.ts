import { z } from 'zod';
import { ConfigError, type Metric } from '../../core/index.js';
import { tf, type Encoder } from '../../engine/index.js';
import { defineEvaluator, type EvaluateContext, type EvaluationOutput } from '../define-evaluator.js';
import { bootstrapInterval, weightedMean } from '../metrics/index.js';
import { distractorsOf, rank, type Answer, type Query } from './score.js';
import { openUntrained } from '../untrained.js';
import { pickLayer } from '../videos/describe.js';
import { trivialFeatures } from '../videos/trivial-features.js';

const configSchema = z.strictObject({
  layer: z.string().default('').describe("Layer that is compared; empty: the embedding, else the encoder's first."),
  distractors: z
    .int()
    .positive()
    .default(1000)
    .describe('Most patches of other videos that a track is told apart from.'),
  bootstrapDraws: z.int().positive().default(2000).describe('Draws behind each interval.'),
});

interface Features {
  readonly first: Float32Array[];
  readonly last: Float32Array[];
}

/**
 * How well a track's first patch finds its last one among patches of other videos, by cosine, beside chance, the untrained network, and the
 * patches' pixels, colours and gradients.
 */
export default defineEvaluator({
  name: 'track-retrieval',
  version: 1,
  needs: 'encoder',
  input: 'samples',
  config: configSchema,
  async *evaluate(encoder, config, context): AsyncIterable<EvaluationOutput> {
    const { dataset, random } = context;
    if (!dataset || dataset.samples === 0) throw new ConfigError('There are no held-out samples to evaluate on.');
    const layer = pickLayer(encoder, config.layer, 'embedding');
    const untrained = await openUntrained(context);
    let read: Awaited<ReturnType<typeof readFeatures>>;
    try {
      read = await readFeatures([encoder, ...untrained], layer, context);
    } finally {
      untrained.forEach((model) => model.dispose());
    }
    const { queries, learned, trivial } = read;
    const pool = random
      .fork('distractors')
      .shuffle([...queries.keys()])
      .slice(0, config.distractors);
    const distractors = distractorsOf(queries, pool);
    const asked = [...queries.keys()].filter((i) => distractors[i]!.length > 0);
    if (asked.length === 0)
      throw new ConfigError('All held-out samples are of one video or group: there is nothing to tell apart.');

    const measure = (answers: readonly (readonly (Answer | null)[])[]) =>
      metricsOf(
        answers.map((one) => ({
          recallAt1: asked.map((i) => one[i]!.isFirst),
          tripletAccuracy: asked.map((i) => one[i]!.fartherShare),
        })),
        { groups: asked.map((i) => String(queries[i]!.groupLabel)), context, draws: config.bootstrapDraws },
      );
    const [own, ...others] = learned.map((features) => rank(features, distractors));
    for (const metric of measure([own!])) yield { kind: 'metric', metric };
    const guess = asked.map((i) => 1 / (1 + distractors[i]!.length));
    yield {
      kind: 'rival',
      rival: {
        name: 'chance',
        metrics: metricsOf([{ recallAt1: guess, tripletAccuracy: guess.map(() => 0.5) }], {
          groups: [],
          context,
          draws: 0,
        }),
      },
    };
    if (others.length > 0) yield { kind: 'rival', rival: { name: 'untrained', metrics: measure(others) } };
    for (const [name, features] of Object.entries(trivial))
      yield { kind: 'rival', rival: { name, metrics: measure([rank(features, distractors)]) } };
    for (const i of asked) {
      const { key, source, label, groupLabel } = queries[i]!;
      const { isFirst, fartherShare, similarity, nearest } = own![i]!;
      const found = { isFirst, fartherShare, similarity, nearest: queries[nearest]!.key };
      yield { kind: 'prediction', row: { key, source, label, groupLabel, ...found } };
    }
  },
});

/** Reads every sample once, for all models. */
async function readFeatures(
  encoders: readonly Encoder[],
  layer: string,
  { dataset, emit, signal }: EvaluateContext<'encoder'>,
) {
  const queries: Query[] = [];
  const empty = (): Features => ({ first: [], last: [] });
  const learned = encoders.map(empty);
  const trivial = Object.fromEntries(Object.keys(trivialFeatures).map((name) => [name, empty()]));
  for await (const batch of dataset!.batches()) {
    signal.throwIfAborted();
    const { patches, label, groupLabel } = batch.arrays;
    if (!patches || !label || !groupLabel)
      throw new ConfigError("The task's batches need the arrays patches, label and groupLabel.");
    batch.keys.forEach((key, i) =>
      queries.push({
        key,
        source: key.slice(0, key.indexOf('/')),
        label: Number(label.data[i]),
        groupLabel: Number(groupLabel.data[i]),
      }),
    );
    const size = patches.shape.at(-2)!;
    const bytes = size * size * 3;
    const pixels = patches.data as Uint8Array;
    for (const [name, compute] of Object.entries(trivialFeatures)) {
      for (let i = 0; i < 2 * batch.keys.length; i++)
        put(trivial[name]!, i, compute(pixels.subarray(i * bytes, (i + 1) * bytes), size, size));
    }
    const images = tf.tensor(Float32Array.from(pixels), [2 * batch.keys.length, size, size, 3]);
    encoders.forEach((encoder, e) => {
      const features = tf.tidy(() => encoder.encode(images, layer));
      const values = features.dataSync() as Float32Array;
      const length = features.shape[1]!;
      features.dispose();
      for (let i = 0; i < 2 * batch.keys.length; i++) put(learned[e]!, i, values.slice(i * length, (i + 1) * length));
    });
    images.dispose();
    batch.release();
    emit({ kind: 'progress', stage: 'evaluate', done: queries.length, total: dataset!.samples, unit: 'samples' });
  }
  return { queries, learned, trivial };
}

function put({ first, last }: Features, place: number, values: Float32Array): void {
  (place % 2 === 0 ? first : last).push(values);
}

/** Means over the queries, and over the seeds where there are several, with intervals by drawing groups. */
function metricsOf(
  seeds: readonly Readonly<Record<string, readonly number[]>>[],
  {
    groups,
    context,
    draws,
  }: { readonly groups: readonly string[]; readonly context: EvaluateContext<'encoder'>; readonly draws: number },
): Metric[] {
  return Object.keys(seeds[0]!).map((name) => {
    const all = seeds.map((one) => one[name]!);
    const statistic = (weights?: Float64Array) =>
      all.reduce((sum, one) => sum + weightedMean(one, weights), 0) / all.length;
    const interval = bootstrapInterval({ groups, statistic, random: context.random.fork('bootstrap'), draws });
    return {
      name,
      value: statistic(),
      unit: 'fraction',
      direction: 'higher',
      examples: all[0]!.length,
      split: 'held-out',
      ...(interval ? { interval } : {}),
      ...(all.length > 1 ? { seeds: all.map((one) => weightedMean(one)) } : {}),
    };
  });
}
