import { z } from 'zod';
import { ConfigError, didYouMean, type Metric } from '../../core/index.js';
import type { Encoder } from '../../engine/index.js';
import { splitSources, type LabelledSource } from '../benchmarks/roles.js';
import { defineEvaluator, type EvaluateContext, type EvaluationOutput } from '../define-evaluator.js';
import { selectProbe, toMatrix } from '../probe/index.js';
import { clipViews, encodeClip, featureKinds, isShort, readClip, type FeatureKind } from './features.js';
import { guessingRivals, rightAnswers, summarise, type TestList } from './score.js';

const configSchema = z.strictObject({
  ticks: z
    .int()
    .positive()
    .refine((ticks) => ticks % 6 === 3, 'must be an odd multiple of 3')
    .default(9)
    .describe('Pictures taken of each video.'),
  clipSeconds: z
    .number()
    .positive()
    .default(1)
    .describe('Span of time, in the middle of each video, over which they are spread.'),
  layer: z.string().default('').describe("Layer whose features are probed; empty: the encoder's first."),
  weightDecays: z
    .array(z.number().positive())
    .min(1)
    .default([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1])
    .describe('Candidates; one is chosen on held-out groups of the training list.'),
  bootstrapDraws: z.int().positive().default(2000).describe('Draws behind each interval.'),
});

type Config = z.infer<typeof configSchema>;

/** Features of all videos under one model, by kind: [videos][features]. */
type VideoFeatures = Readonly<Record<FeatureKind, Float32Array[]>>;

type DisposableEncoder = Encoder & { dispose(): void };

/**
 * How well a linear layer on frozen features names the action, beside chance, the most frequent class and the same trunk untrained. The
 * weight decay is chosen on groups held out of the training list; each seed draws other such groups, and other untrained weights.
 */
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
    const labelsOf = (sources: readonly LabelledSource[]) =>
      Int32Array.from(sources, ({ entry }) => present.indexOf(entry.label));
    const groupsOf = (sources: readonly LabelledSource[]) => sources.map(({ entry }) => entry.group);
    const classes = present.length;
    const list: TestList = {
      labels: labelsOf(test),
      groups: groupsOf(test),
      classes,
      split: `${data.benchmark} ${split}`,
    };

    const untrained = await openUntrained(context);
    const [trained, ...others] = await extractFeatures([encoder, ...untrained], {
      sources: [...train, ...test],
      layer,
      config,
      context,
    }).finally(() => untrained.forEach((model) => model.dispose()));

    const probe = (features: VideoFeatures, kind: FeatureKind, seed: number) => {
      const training = {
        features: toMatrix(features[kind].slice(0, train.length)),
        labels: labelsOf(train),
        groups: groupsOf(train),
      };
      const fitted = selectProbe(training, {
        classes,
        weightDecays: config.weightDecays,
        random: random.fork('probe', seed),
      });
      return { scores: fitted.scores(toMatrix(features[kind].slice(train.length))), weightDecay: fitted.weightDecay };
    };
    const rivalMetrics: Metric[] = [];
    for (const kind of featureKinds) {
      const answers: Uint8Array[] = [];
      const baseline: Uint8Array[] = [];
      for (let seed = 0; seed < seeds; seed++) {
        const { scores, weightDecay } = probe(trained!, kind, seed);
        answers.push(rightAnswers(scores, list));
        baseline.push(rightAnswers(probe(others[seed]!, kind, seed).scores, list));
        for (const [row, { entry, source }] of test.entries()) {
          const logits = [...scores.subarray(row * classes, (row + 1) * classes)];
          const about = {
            key: entry.key,
            source: source.id,
            group: entry.group,
            label: entry.label,
            short: isShort(source, config),
          };
          const how = { protocol: 'probe', selectedOn: 'group-val', split, seed, features: kind, weightDecay };
          yield { kind: 'prediction', row: { ...about, ...how, classes: present, logits } };
        }
      }
      const common = { list, suffix: kind === 'singleFrame' ? '' : `.${kind}`, random, draws: config.bootstrapDraws };
      for (const metric of summarise(answers, { ...common, baseline })) yield { kind: 'metric', metric };
      rivalMetrics.push(...summarise(baseline, common));
    }
    yield { kind: 'rival', rival: { name: 'untrained', metrics: rivalMetrics } };
    for (const rival of guessingRivals(labelsOf(train), list)) yield { kind: 'rival', rival };
  },
});

function pickLayer({ layers }: Encoder, asked: string): string {
  const names = Object.keys(layers);
  const layer = asked === '' ? names[0] : asked;
  if (layer === undefined || !names.includes(layer)) {
    throw new ConfigError(
      `The encoder has no layer ${JSON.stringify(asked)}${didYouMean(asked, names)}. Known: ${names.join(', ')}.`,
      {
        context: { layer: asked, known: names },
      },
    );
  }
  return layer;
}

async function openUntrained({ untrained, seeds }: EvaluateContext<'encoder'>): Promise<DisposableEncoder[]> {
  if (seeds < 1) throw new ConfigError(`seeds must be at least 1, got ${seeds}.`);
  const models: DisposableEncoder[] = [];
  for (let seed = 0; seed < seeds; seed++) models.push(await untrained(seed));
  return models;
}

/** Every video is decoded once, for all models. */
async function extractFeatures(
  encoders: readonly Encoder[],
  {
    sources,
    layer,
    config,
    context: { data, emit, signal },
  }: {
    readonly sources: readonly LabelledSource[];
    readonly layer: string;
    readonly config: Config;
    readonly context: EvaluateContext<'encoder'>;
  },
): Promise<readonly VideoFeatures[]> {
  const features = encoders.map((): VideoFeatures => ({ singleFrame: [], threeFrames: [] }));
  for (const [i, { source }] of sources.entries()) {
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
    emit({ kind: 'progress', stage: 'evaluate', done: i + 1, total: sources.length, unit: 'videos' });
  }
  return features;
}
