import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { z } from 'zod';
import type { Metric, Rival } from '../../core/index.js';
import { splitSources, type LabelledSource } from '../benchmarks/roles.js';
import { defineEvaluator, type EvaluateContext, type EvaluationOutput } from '../define-evaluator.js';
import { selectProbe, toMatrix } from '../probe/index.js';
import {
  describeByEncoder,
  describeVideos,
  pickLayer,
  trivialDescribers,
  type DescribedVideo,
  type Described,
} from '../videos/describe.js';
import { kMeansConfig, openKMeans, readMiddles, type UntrainedEncoder } from '../k-means/index.js';
import { openUntrained } from '../untrained.js';
import { cropCounts, isShort, samplingRules } from '../videos/pictures.js';
import { evaluateFineTuned } from './evaluate-fine-tuned.js';
import { controlFeatures, controls, featureKinds, videoFeatures, type FeatureKind } from './features.js';
import { meanSoftmax } from './mean-softmax.js';
import { planRecognition } from './plan.js';
import { answersOf, guessingRivals, summarise, type Answers, type TestList } from './score.js';

const configSchema = z.strictObject({
  protocol: z
    .enum(['probe', 'fine-tune'])
    .default('probe')
    .describe(
      'A linear layer on frozen features, or all weights trained on the labels. Their figures cannot be compared.',
    ),
  sampling: z
    .enum(samplingRules)
    .default('middle-clip')
    .describe(
      'Pictures of a clip in the middle, at the middles of equal segments of the whole video, or the 25 of TSN.',
    ),
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
    .describe('Span of time over which the pictures of middle-clip are spread.'),
  crops: z
    .union(cropCounts.map((count) => z.literal(count)))
    .default(1)
    .describe(
      'Places of each picture: the centre, the corners too, and all of these mirrored too; their logits are averaged.',
    ),
  layer: z.string().default('').describe("Layer whose features are probed; empty: the encoder's first."),
  weightDecays: z
    .array(z.number().positive())
    .min(1)
    .default([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1])
    .describe('Candidates; one is chosen on held-out groups of the training list.'),
  fineTune: z
    .strictObject({
      steps: z.int().positive().default(400).describe('Updates; 20,000 of 256 pictures is the historical setting.'),
      batchSize: z.int().positive().default(64).describe('Pictures of an update.'),
      learningRates: z
        .array(z.number().positive())
        .min(1)
        .default([0.01, 0.001])
        .describe('Candidates; one is chosen on held-out groups of the training list.'),
      learningRateDrops: z
        .array(z.number().min(0).max(1))
        .default([0.5, 0.8])
        .describe('Shares of the steps at which the rate falls to a tenth.'),
      momentum: z.number().min(0).max(1).default(0.9).describe('Of stochastic gradient descent.'),
      weightDecay: z
        .number()
        .nonnegative()
        .default(5e-4)
        .describe('Added to the gradient of all weights but biases of the head.'),
      dropout: z.number().min(0).max(0.95).default(0.5).describe('Share of the features that an update leaves out.'),
      rescale: z
        .boolean()
        .default(false)
        .describe(
          'Scales the layers before, by a few training pictures, so that all learn equally fast; batch normalisation is merged into the weights. For chains of layers.',
        ),
    })
    .prefault({})
    .describe('Of protocol fine-tune.'),
  kMeans: kMeansConfig,
  bootstrapDraws: z.int().positive().default(2000).describe('Draws behind each interval.'),
});

/**
 * How well a linear layer on frozen features names the action, beside chance, the most frequent class, the same trunk untrained and initialised by k-means, and colours and gradients;
 * three pictures side by side also in wrong orders. The weight decay is chosen on groups held out of the training list; each seed draws other
 * such groups, and other untrained weights.
 */
export default defineEvaluator({
  name: 'action-recognition',
  version: 2,
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
    const untrained: readonly UntrainedEncoder[] = await openUntrained(context, 1);
    let kMeans: readonly UntrainedEncoder[] = [];
    try {
      const read = (count: number) => readMiddles(train, { count, encoder, context });
      kMeans = await openKMeans(context, { layer, settings: config.kMeans, read });
      if (config.protocol === 'fine-tune') {
        const asList = (sources: readonly LabelledSource[]) => ({
          sources,
          labels: labelsOf(sources),
          groups: groupsOf(sources),
        });
        const lists = { train: asList(train), test: asList(test), present };
        yield* evaluateFineTuned(encoder, { untrained, kMeans }, { layer, ...lists, config, context });
        return;
      }
      const trunks = untrained.length + kMeans.length; // describers: the model, the rivals of each seed, rules
      const describers = [
        ...[encoder, ...untrained, ...kMeans].map((each) => describeByEncoder(each, layer)),
        ...trivialDescribers(encoder),
      ];
      const shared = { encoder, settings: config, context, total: train.length + test.length };
      const fitted = await fitProbes(
        describeVideos(describers, { ...shared, list: train, done: 0 }),
        {
          kindsOf: (describer) => (describer <= trunks ? featureKinds : ['singleFrame']),
          fit: (features, seed) =>
            selectProbe(
              { features: toMatrix(features), labels: labelsOf(train), groups: groupsOf(train) },
              { classes, weightDecays: config.weightDecays, random: random.fork('probe', seed) },
            ),
          seedsOf: (describer) =>
            describer === 0 || describer > trunks ? seedNumbers(seeds) : [(describer - 1) % seeds],
        },
        context,
      );
      const scored = new Map<string, Float64Array>();
      const addScores = (name: string, row: number, scores: Float64Array): void => {
        const all = scored.get(name) ?? new Float64Array(test.length * classes);
        all.set(scores, row * classes);
        scored.set(name, all);
      };
      let row = 0;
      for await (const { source, entry, features } of describeVideos(describers, {
        ...shared,
        list: test,
        done: train.length,
      })) {
        const reduced = features.map(videoFeatures);
        for (const { describer, kind, seed, probe } of fitted) {
          const described = features[describer]!;
          const scores = probe.scores(toMatrix([reduced[describer]![kind]]));
          addScores(scoresOf(describer, kind, seed), row, scores);
          if (describer > 0) continue;
          if (kind === 'threeFrames') {
            for (const control of controls) {
              const shown = controlFeatures(described, control, random.fork('control', entry.key));
              addScores(scoresOf(control, kind, seed), row, probe.scores(toMatrix([shown])));
            }
          }
          const about = {
            key: entry.key,
            source: source.id,
            group: entry.group,
            label: entry.label,
            short: isShort(source, config),
          };
          const how = {
            protocol: 'probe',
            selectedOn: probe.selectedOn,
            split,
            seed,
            features: kind,
            weightDecay: probe.weightDecay,
          };
          const softmax =
            kind === 'singleFrame'
              ? { softmaxMean: meanSoftmax(probe.scores(toMatrix(described.flat())), classes) }
              : {};
          yield { kind: 'prediction', row: { ...about, ...how, classes: present, logits: [...scores], ...softmax } };
        }
        row++;
      }
      const answers = (name: number | string, kind: FeatureKind, seed: number): Answers =>
        answersOf(scored.get(scoresOf(name, kind, seed))!, list);
      const ofUntrained: Metric[] = [];
      const ofKMeans: Metric[] = [];
      for (const kind of featureKinds) {
        const common = { list, suffix: suffixOf(kind), random, draws: config.bootstrapDraws };
        const baseline = seedNumbers(seeds).map((seed) => answers(1 + seed, kind, seed));
        const own = seedNumbers(seeds).map((seed) => answers(0, kind, seed));
        for (const metric of summarise(own, { ...common, baseline })) yield { kind: 'metric', metric };
        ofUntrained.push(...summarise(baseline, common));
        const clustered = kMeans.map((_, seed) => answers(1 + seeds + seed, kind, seed));
        if (clustered.length > 0) ofKMeans.push(...summarise(clustered, common));
      }
      const over = (name: number | string, kind: FeatureKind): Metric[] =>
        summarise(
          seedNumbers(seeds).map((seed) => answers(name, kind, seed)),
          { list, suffix: suffixOf(kind), random, draws: config.bootstrapDraws },
        );
      const rivals: Rival[] = [
        { name: 'untrained', metrics: ofUntrained },
        ...(kMeans.length > 0 ? [{ name: 'k-means', metrics: ofKMeans }] : []),
        ...describers.slice(1 + trunks).map(({ name }, i) => ({ name, metrics: over(1 + trunks + i, 'singleFrame') })),
        ...controls.map((control) => ({ name: control, metrics: over(control, 'threeFrames') })),
        ...guessingRivals(labelsOf(train), list),
      ];
      for (const rival of rivals) yield { kind: 'rival', rival };
    } finally {
      [...untrained, ...kMeans].forEach((model) => model.dispose());
    }
  },
  plan: (encoder, config, context) => planRecognition(encoder, config, context),
});

/** A probe on what one describer sees, of one kind and seed. */
interface FittedProbe {
  readonly describer: number;
  readonly kind: FeatureKind;
  readonly seed: number;
  readonly probe: ChosenProbe;
}

type ChosenProbe = ReturnType<typeof selectProbe>;

/** Fits a probe for each describer, kind and seed on a list whose pictures are let go video by video. */
async function fitProbes(
  videos: AsyncIterable<DescribedVideo>,
  {
    kindsOf,
    seedsOf,
    fit,
  }: {
    readonly kindsOf: (describer: number) => readonly FeatureKind[];
    readonly seedsOf: (describer: number) => readonly number[];
    readonly fit: (features: readonly Float32Array[], seed: number) => ChosenProbe;
  },
  { emit, signal }: EvaluateContext<'encoder'>,
): Promise<readonly FittedProbe[]> {
  const collected: Record<FeatureKind, Float32Array[]>[] = [];
  for await (const { features } of videos) {
    features.forEach((described: Described, describer) => {
      const own = (collected[describer] ??= { singleFrame: [], threeFrames: [] });
      const reduced = videoFeatures(described);
      for (const kind of kindsOf(describer)) own[kind].push(reduced[kind]);
    });
  }
  const wanted = collected.flatMap((own, describer) =>
    kindsOf(describer).flatMap((kind) => seedsOf(describer).map((seed) => ({ describer, kind, seed, own: own[kind] }))),
  );
  const fitted: FittedProbe[] = [];
  for (const { own, ...probe } of wanted) {
    fitted.push({ ...probe, probe: fit(own, probe.seed) });
    emit({ kind: 'progress', stage: 'fit', done: fitted.length, total: wanted.length, unit: 'probes' });
    await yieldToEvents();
    signal.throwIfAborted();
  }
  return fitted;
}

const seedNumbers = (seeds: number): number[] => Array.from({ length: seeds }, (_, seed) => seed);
const suffixOf = (kind: FeatureKind): string => (kind === 'singleFrame' ? '' : `.${kind}`);
const scoresOf = (name: number | string, kind: FeatureKind, seed: number): string => `${name} ${kind} ${seed}`;
