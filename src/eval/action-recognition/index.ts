import { z } from 'zod';
import { ConfigError, didYouMean, type Metric } from '../../core/index.js';
import type { Encoder } from '../../engine/index.js';
import { splitSources, type LabelledSource } from '../benchmarks/roles.js';
import { defineEvaluator, type EvaluateContext, type EvaluationOutput } from '../define-evaluator.js';
import { bestClasses, bootstrapInterval } from '../metrics/index.js';
import { selectProbe, toMatrix } from '../probe/index.js';
import { clipViews, encodeClip, featureKinds, isShort, readClip, type FeatureKind } from './features.js';

const configSchema = z.strictObject({
  ticks: z.int().positive().refine((ticks) => ticks % 6 === 3, 'must be an odd multiple of 3').default(9).describe('Pictures taken of each video.'),
  clipSeconds: z.number().positive().default(1).describe('Span of time, in the middle of each video, over which they are spread.'),
  layer: z.string().default('').describe("Layer whose features are probed; empty: the encoder's first."),
  weightDecays: z.array(z.number().positive()).min(1).default([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]).describe('Candidates; one is chosen on held-out groups of the training list.'),
  bootstrapDraws: z.int().positive().default(2000).describe('Draws behind each interval.'),
});

type Config = z.infer<typeof configSchema>;

/** Features of all videos under one model, by kind: [videos][features]. */
type VideoFeatures = Readonly<Record<FeatureKind, Float32Array[]>>;

/** For each seed, the right answers: [seeds][test videos] of 0 and 1. */
type Answers = readonly Uint8Array[];

/** How well a linear layer on frozen features names the action, beside chance, the most frequent class and the same trunk untrained. */
export default defineEvaluator({
  name: 'action-recognition',
  version: 1,
  needs: 'encoder',
  config: configSchema,
  async *evaluate(encoder, config, context): AsyncIterable<EvaluationOutput> {
    const { data, split, seeds, random } = context;
    const layer = pickLayer(encoder, config.layer);
    const { train, test } = splitSources(data, split);
    const present = [...new Set([...train, ...test].map(({ entry }) => entry.label))].sort((a, b) => a - b);
    const labelsOf = (list: readonly LabelledSource[]) => Int32Array.from(list, ({ entry }) => present.indexOf(entry.label));
    const [trainLabels, testLabels] = [labelsOf(train), labelsOf(test)];
    const groups = test.map(({ entry }) => entry.group);
    const common = { examples: test.length, split: `${data.benchmark} ${split}` };

    const untrained = await openUntrained(context);
    let extracted: { readonly trained: VideoFeatures; readonly untrained: readonly VideoFeatures[] };
    try {
      const all = await extractFeatures([encoder, ...untrained], { list: [...train, ...test], layer, config, context });
      extracted = { trained: all[0]!, untrained: all.slice(1) };
    } finally {
      for (const model of untrained) model.dispose();
    }

    const probe = (features: VideoFeatures, kind: FeatureKind, seed: number) => {
      const fitted = selectProbe(
        { features: toMatrix(features[kind].slice(0, train.length)), labels: trainLabels, groups: train.map(({ entry }) => entry.group) },
        { classes: present.length, weightDecays: config.weightDecays, random: random.fork('probe', seed) },
      );
      return { scores: fitted.scores(toMatrix(features[kind].slice(train.length))), weightDecay: fitted.weightDecay };
    };
    const summarise = (answers: Answers, suffix: string, baseline?: Answers): Metric[] =>
      (['top1', 'classMean'] as const).flatMap((name) => {
        const statistic = (given: Answers) => (weights?: Float64Array) => meanOverSeeds(given, name, testLabels, weights);
        const interval = (of: (weights: Float64Array) => number) =>
          bootstrapInterval({ groups, statistic: of, random: random.fork('bootstrap', name, suffix), draws: config.bootstrapDraws });
        const own = statistic(answers);
        const metric = { name: `${name}${suffix}`, value: own(), unit: 'fraction', direction: 'higher', ...common } as const;
        const metrics: Metric[] = [withInterval({ ...metric, seeds: answers.map((one) => statistic([one])()) }, interval(own))];
        if (baseline) {
          const gain = (weights?: Float64Array) => own(weights) - statistic(baseline)(weights);
          metrics.push(withInterval({ ...metric, name: `${name}Gain${suffix}`, value: gain() }, interval(gain)));
        }
        return metrics;
      });

    const rivalMetrics: Metric[] = [];
    for (const kind of featureKinds) {
      const suffix = kind === 'singleFrame' ? '' : `.${kind}`;
      const trainedAnswers: Uint8Array[] = [];
      const untrainedAnswers: Uint8Array[] = [];
      for (let seed = 0; seed < seeds; seed++) {
        const { scores, weightDecay } = probe(extracted.trained, kind, seed);
        trainedAnswers.push(rightAnswers(scores, testLabels, present.length));
        untrainedAnswers.push(rightAnswers(probe(extracted.untrained[seed]!, kind, seed).scores, testLabels, present.length));
        for (let row = 0; row < test.length; row++) {
          const { entry, source } = test[row]!;
          const logits = [...scores.subarray(row * present.length, (row + 1) * present.length)];
          yield {
            kind: 'prediction',
            row: { key: entry.key, source: source.id, group: entry.group, split, seed, features: kind, label: entry.label, classes: present, logits, weightDecay, short: isShort(source, config), protocol: 'probe', selectedOn: 'group-val' },
          };
        }
      }
      for (const metric of summarise(trainedAnswers, suffix, untrainedAnswers)) yield { kind: 'metric', metric };
      rivalMetrics.push(...summarise(untrainedAnswers, suffix));
    }
    yield { kind: 'rival', rival: { name: 'untrained', metrics: rivalMetrics } };
    for (const rival of guessingRivals({ trainLabels, testLabels, classes: present.length, common })) yield { kind: 'rival', rival };
  },
});

function pickLayer({ layers }: Encoder, asked: string): string {
  const names = Object.keys(layers);
  const layer = asked === '' ? names[0] : asked;
  if (layer === undefined || !names.includes(layer)) {
    throw new ConfigError(`The encoder has no layer ${JSON.stringify(asked)}${didYouMean(asked, names)}. Known: ${names.join(', ')}.`, { context: { layer: asked, known: names } });
  }
  return layer;
}

async function openUntrained({ untrained, seeds }: EvaluateContext<'encoder'>): Promise<(Encoder & { dispose(): void })[]> {
  const models: (Encoder & { dispose(): void })[] = [];
  for (let seed = 0; seed < seeds; seed++) models.push(await untrained(seed));
  return models;
}

/** Every video is decoded once, for all models. */
async function extractFeatures(
  encoders: readonly Encoder[],
  {
    list,
    layer,
    config,
    context: { data, emit, signal },
  }: { readonly list: readonly LabelledSource[]; readonly layer: string; readonly config: Config; readonly context: EvaluateContext<'encoder'> },
): Promise<readonly VideoFeatures[]> {
  const features = encoders.map((): VideoFeatures => ({ singleFrame: [], threeFrames: [] }));
  for (const [i, { source }] of list.entries()) {
    signal.throwIfAborted();
    const video = await data.open(source, clipViews(encoders[0]!));
    try {
      const pictures = await readClip(video, config);
      encoders.forEach((encoder, e) => {
        const encoded = encodeClip(encoder, layer, pictures);
        for (const kind of featureKinds) features[e]![kind].push(encoded[kind]);
      });
    } finally {
      await video.close();
    }
    emit({ kind: 'progress', stage: 'evaluate', done: i + 1, total: list.length, unit: 'videos' });
  }
  return features;
}

function rightAnswers(scores: Float64Array, labels: Int32Array, classes: number): Uint8Array {
  return Uint8Array.from(bestClasses(scores, classes), (best, row) => (best === labels[row] ? 1 : 0));
}

/** Mean over the seeds of the share of right answers, over all videos or over each class alike. */
function meanOverSeeds(answers: Answers, name: 'top1' | 'classMean', labels: Int32Array, weights?: Float64Array): number {
  const right = new Map<number, [right: number, total: number]>();
  labels.forEach((label, row) => {
    const key = name === 'top1' ? 0 : label;
    const weight = weights ? weights[row]! : 1;
    const sums = right.get(key) ?? [0, 0];
    for (const one of answers) sums[0] += (weight * one[row]!) / answers.length;
    sums[1] += weight;
    right.set(key, sums);
  });
  const shares = [...right.values()].filter(([, total]) => total > 0).map(([sum, total]) => sum / total);
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

function withInterval(metric: Metric, interval: readonly [number, number] | undefined): Metric {
  return interval ? { ...metric, interval } : metric;
}

/** Guessing each class alike, and always naming the most frequent training class. */
function guessingRivals({
  trainLabels,
  testLabels,
  classes,
  common,
}: {
  readonly trainLabels: Int32Array;
  readonly testLabels: Int32Array;
  readonly classes: number;
  readonly common: { readonly examples: number; readonly split: string };
}) {
  const counts = new Array<number>(classes).fill(0);
  for (const label of trainLabels) counts[label]!++;
  const most = counts.indexOf(Math.max(...counts));
  const answers = [Uint8Array.from(testLabels, (label) => (label === most ? 1 : 0))];
  const metricsOf = (value: (name: 'top1' | 'classMean') => number) =>
    (['top1', 'classMean'] as const).map((name): Metric => ({ name, value: value(name), unit: 'fraction', direction: 'higher', ...common }));
  return [
    { name: 'chance', metrics: metricsOf(() => 1 / classes) },
    { name: 'majority', metrics: metricsOf((name) => meanOverSeeds(answers, name, testLabels)) },
  ];
}
