import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { z } from 'zod';
import type { Metric, Rival } from '../../core/index.js';
import { defineEvaluator, type EvaluateContext, type EvaluationOutput } from '../define-evaluator.js';
import { kMeansConfig, openKMeans, type UntrainedEncoder } from '../k-means/index.js';
import { averagePrecisionOf, type Ranking } from '../metrics/index.js';
import { fitSvm, svmScores, takeRows, type Matrix } from '../probe/index.js';
import { openUntrained } from '../untrained.js';
import { describeByEncoder, pickLayer, trivialDescribers, type Describer } from '../videos/describe.js';
import { describePictures } from './features.js';
import { chooseCost, costGrids, type SvmSettings } from './folds.js';
import { drawShots } from './low-shot.js';
import { listPictures, readLabelledPictures, usableClasses, type LabelledPicture } from './pictures.js';
import { planVoc } from './plan.js';
import { chance, meanAveragePrecision, rankScores, summarise, summariseShots, type TestPictures } from './score.js';

const configSchema = z.strictObject({
  layer: z.string().default('').describe("Layer whose features are classified; empty: the encoder's first."),
  costs: z
    .union([z.enum(['fair', 'vissl']), z.array(z.number().positive()).min(1)])
    .default('vissl')
    .describe('Costs that are tried: those of FAIR’s benchmark, those of VISSL, or your own.'),
  folds: z.int().min(2).default(3).describe('Parts of the training list, each left out once to choose the cost on.'),
  positiveWeight: z.number().positive().default(2).describe('How much more a positive costs than a negative.'),
  ignoredInTraining: z
    .enum(['left-out', 'negative'])
    .default('left-out')
    .describe(
      'What training makes of classes of which a picture has only difficult things; FAIR’s and VISSL’s code makes them negatives. In testing they are always left out.',
    ),
  lowShot: z
    .strictObject({
      positives: z
        .array(z.int().positive())
        .default([1, 2, 4, 8, 16, 32, 64, 96])
        .describe('Positives of each class; those that some class does not have are left out. Empty: no low-shot.'),
      draws: z.int().positive().default(5).describe('Draws of these pictures.'),
      negatives: z.int().positive().default(19).describe('Negatives for each positive.'),
      cost: z.number().positive().default(1).describe('Of all these classifiers: few pictures can choose none.'),
    })
    .prefault({})
    .describe('Classifiers from few labels.'),
  kMeans: kMeansConfig,
  bootstrapDraws: z.int().positive().default(2000).describe('Draws of pictures behind each interval.'),
});

type Config = z.infer<typeof configSchema>;

/**
 * Linear support vector machines on frozen features of single pictures, one for each class: mean average precision by three definitions, beside chance, the
 * same trunk untrained and initialised by k-means, and colours and gradients. The cost is chosen for each class on the training list.
 */
export default defineEvaluator({
  name: 'voc-classification',
  version: 1,
  needs: 'encoder',
  config: configSchema,
  async *evaluate(encoder, config, context): AsyncIterable<EvaluationOutput> {
    const { data, split, seeds, random } = context;
    const layer = pickLayer(encoder, config.layer);
    const lists = listPictures(data, split);
    const classes = usableClasses(lists, data.classNames.length);
    const { train, test } = lists;
    const all = [...train, ...test];
    const untrained: UntrainedEncoder[] = [...(await openUntrained(context, 1))];
    let kMeans: readonly UntrainedEncoder[] = [];
    let table: Awaited<ReturnType<typeof describePictures>>;
    let describers: readonly Describer[];
    try {
      kMeans = await openKMeans(context, {
        layer,
        settings: config.kMeans,
        read: (count) => readSome(train, count, { encoder, context }),
      });
      describers = [
        ...[encoder, ...untrained, ...kMeans].map((each) => describeByEncoder(each, layer)),
        ...trivialDescribers(encoder),
      ];
      table = await describePictures(describers, all, { encoder, context });
    } finally {
      [...untrained, ...kMeans].forEach((model) => model.dispose());
    }
    const tested: TestPictures = {
      labels: classes.map((c) => Int8Array.from(test, ({ labels }) => labels[c]!)),
      ids: test.map(({ id }) => id),
      split: `${data.benchmark} ${split}`,
    };
    const results: Classified[] = [];
    try {
      for (let d = 0; d < describers.length; d++) {
        const features = { train: table.rows(d, 0, train.length), test: table.rows(d, train.length, all.length) };
        const reading = { classes, train, tested, config, context };
        results.push(await classify(features, { ...reading, done: d, total: describers.length }));
      }
    } finally {
      table.dispose();
    }

    const [own, ...others] = results as [Classified, ...Classified[]];
    const common = { test: tested, random, draws: config.bootstrapDraws };
    const metricsOf = (some: readonly Classified[], baseline?: readonly Classified[]): Metric[] => [
      ...summarise(
        some.map(({ rankings }) => rankings),
        { ...common, ...(baseline ? { baseline: baseline.map(({ rankings }) => rankings) } : {}) },
      ),
      ...summariseShots(
        new Map([...some[0]!.shots.keys()].map((k) => [k, some.map(({ shots }) => shots.get(k)!)] as const)),
        tested,
      ),
    ];
    const baseline = others.slice(0, seeds);
    for (const metric of metricsOf([own], baseline)) yield { kind: 'metric', metric };
    const clustered = others.slice(seeds, seeds + kMeans.length);
    const simple = others.slice(seeds + kMeans.length);
    const rivals: Rival[] = [
      { name: 'chance', metrics: chance(tested, random) },
      { name: 'untrained', metrics: metricsOf(baseline) },
      ...(clustered.length > 0 ? [{ name: 'k-means', metrics: metricsOf(clustered) }] : []),
      ...simple.map((one, i) => ({ name: describers[1 + seeds + kMeans.length + i]!.name, metrics: metricsOf([one]) })),
    ];
    for (const rival of rivals) yield { kind: 'rival', rival };
    for (const [i, c] of classes.entries()) {
      const count = (label: number, list: readonly LabelledPicture[]) =>
        list.filter(({ labels }) => labels[c] === label).length;
      const row = {
        class: data.classNames[c]!,
        ...averagePrecisionOf(own.rankings[i]!),
        cost: own.costs[i]!,
        train: { positives: count(1, train), ignored: count(0, train) },
        test: { positives: count(1, test), ignored: count(0, test) },
      };
      yield { kind: 'row', file: 'classes.jsonl', row };
    }
    for (const [row, { id, source, labels }] of test.entries()) {
      const about = { key: id, source: source.id, split };
      const said = {
        classes,
        labels: classes.map((c) => labels[c]!),
        scores: own.scores.map((scores) => scores[row]!),
      };
      yield { kind: 'prediction', row: { ...about, ...said } };
    }
  },
  plan: (encoder, config, context) => planVoc(encoder, { ...config, svm: svmSettings(config) }, context),
});

/** What the classifiers of one describer say. */
interface Classified {
  /** [classes] of [test pictures]. */
  readonly scores: readonly Float64Array[];
  readonly rankings: readonly Ranking[];
  /** [classes]. */
  readonly costs: readonly number[];
  /** By number of positives: mean average precision of each draw. */
  readonly shots: ReadonlyMap<number, readonly number[]>;
}

async function classify(
  features: { readonly train: Matrix; readonly test: Matrix },
  {
    classes,
    train,
    tested,
    config,
    context: { emit, signal, random },
    done,
    total,
  }: {
    readonly classes: readonly number[];
    readonly train: readonly LabelledPicture[];
    readonly tested: TestPictures;
    readonly config: Config;
    readonly context: EvaluateContext<'encoder'>;
    readonly done: number;
    readonly total: number;
  },
): Promise<Classified> {
  const { positiveWeight, lowShot } = config;
  const settings = svmSettings(config);
  const scores: Float64Array[] = [];
  const chosen: number[] = [];
  const labels = classes.map((c) => train.map((picture) => trainingLabel(picture.labels[c]!, config)));
  for (const [i, own] of labels.entries()) {
    await yieldToEvents();
    signal.throwIfAborted();
    const rows = own.flatMap((label, row) => (label === 0 ? [] : [row]));
    const fitting = rows.length === own.length ? features.train : takeRows(features.train, rows);
    const known = rows.map((row) => own[row]!);
    const { cost } = chooseCost(fitting, known, settings);
    chosen.push(cost);
    scores.push(svmScores(features.test, fitSvm(fitting, known, { cost, positiveWeight })));
    const work = { stage: 'classify', done: done * classes.length + i + 1, total: total * classes.length };
    emit({ kind: 'progress', ...work, unit: 'classes' });
  }
  const shots = new Map<number, number[]>();
  for (const positives of lowShot.positives) {
    const values: number[] = [];
    for (let draw = 0; draw < lowShot.draws; draw++) {
      await yieldToEvents();
      signal.throwIfAborted();
      const few = labels.map((own, i) => {
        const drawing = random.fork('low-shot', classes[i]!, positives, draw); // the same pictures for all describers
        const rows = drawShots(own, { positives, negatives: positives * lowShot.negatives, random: drawing });
        if (!rows) return null;
        const known = rows.map((row) => own[row]!);
        const svm = fitSvm(takeRows(features.train, rows), known, { cost: lowShot.cost, positiveWeight });
        return svmScores(features.test, svm);
      });
      if (few.every((one) => one !== null)) values.push(meanAveragePrecision(rankScores(few, tested)).envelope);
    }
    if (values.length > 0) shots.set(positives, values);
  }
  return { scores, rankings: rankScores(scores, tested), costs: chosen, shots };
}

function svmSettings({ costs, folds, positiveWeight }: Config): SvmSettings {
  const grid = typeof costs === 'string' ? costGrids[costs] : costs;
  return { costs: grid.toSorted((a, b) => a - b), folds, positiveWeight };
}

function trainingLabel(label: number, { ignoredInTraining }: Config): number {
  return label === 0 && ignoredInTraining === 'negative' ? -1 : label;
}

async function readSome(
  list: readonly LabelledPicture[],
  count: number,
  options: Pick<Parameters<typeof readLabelledPictures>[1], 'encoder' | 'context'>,
): Promise<readonly Uint8Array[]> {
  const drawn = options.context.random.fork('k-means', 'pictures').shuffle(list).slice(0, count);
  const pictures: Uint8Array[] = [];
  const reading = { ...options, stage: 'k-means', done: 0, total: drawn.length };
  for await (const { picture } of readLabelledPictures(drawn, reading)) pictures.push(picture);
  return pictures;
}
