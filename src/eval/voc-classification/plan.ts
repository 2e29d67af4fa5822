import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { z } from 'zod';
import type { Encoder } from '../../engine/index.js';
import type { EvaluateContext, EvaluationPlan } from '../define-evaluator.js';
import { measureKMeans, type kMeansConfig } from '../k-means/index.js';
import { fitSvm, toMatrix, type Matrix } from '../probe/index.js';
import { describeByEncoder, pickLayer, trivialDescribers } from '../videos/describe.js';
import { saySeconds, startLaps, trivialLengths } from '../videos/measure.js';
import { toUnit, together } from './features.js';
import { chooseCost, type SvmSettings } from './folds.js';
import { listPictures, readLabelledPictures, usableClasses, type LabelledPicture } from './pictures.js';
import { meanAveragePrecision, rankScores } from './score.js';

/** What a plan depends on. */
export interface VocPlanSettings {
  readonly layer: string;
  readonly svm: SvmSettings;
  readonly lowShot: {
    readonly positives: readonly number[];
    readonly draws: number;
    readonly negatives: number;
    readonly cost: number;
  };
  readonly kMeans: z.infer<typeof kMeansConfig>;
  readonly bootstrapDraws: number;
}

/** Training pictures that are really read, described and fitted. */
const measured = 128;
/** One of so many is taken for a positive, as on the lists of VOC 2007 in the mean. */
const positiveOneIn = 14;

/**
 * What classifying a whole official split would cost, from some of the training pictures that are here: read, described, and fitted as if they were a class
 * that nothing tells, which takes longer than most. Where the list names more than is here, it is about all that it names, unless the context is partial.
 */
export async function planVoc(
  encoder: Encoder,
  config: VocPlanSettings,
  context: EvaluateContext<'encoder'>,
): Promise<EvaluationPlan> {
  const { data, split, seeds } = context;
  const here = listPictures(data, split);
  const all = [...here.train, ...here.test];
  const listed = context.partial === true ? undefined : data.listed?.[split - 1];
  const count = { train: listed?.train ?? here.train.length, test: listed?.test ?? here.test.length };
  const pictures = count.train + count.test;
  const classes = listed ? data.classNames.length : usableClasses(here, data.classNames.length).length;
  const layer = pickLayer(encoder, config.layer);
  const some = await measurePictures(spread(here.train, measured), { encoder, layer, context });
  const clustering = await measureKMeans(encoder, {
    layer,
    settings: config.kMeans,
    list: here.train.map(({ source }) => ({ source, entry: source.benchmarks[data.benchmark]![0]! })),
    context,
  });
  const isClustered = config.kMeans.pictures > 0;
  const trunks = 1 + seeds + (isClustered ? seeds : 0);
  const perClass: number[] = [];
  for (const rows of some.features) {
    context.signal.throwIfAborted();
    await yieldToEvents();
    perClass.push(fitSeconds(rows, count.train, config));
  }
  const [ofTrunk = 0, ...ofRules] = perClass;
  const fits = classes * (trunks * ofTrunk + ofRules.reduce((sum, seconds) => sum + seconds, 0));
  const scoring = scoreSeconds(classes, count.test) * scorings(seeds, isClustered, config.bootstrapDraws);
  const features = encoder.layers[layer]!;
  const lengths = [...Array.from({ length: trunks }, () => features), ...trivialLengths];
  const media = all.reduce((sum, { source }) => sum + source.bytes, 0);
  return {
    unit: 'pictures',
    units: pictures,
    seconds: clustering + pictures * (some.read + trunks * some.encode + some.trivial) + fits + scoring,
    bytes: {
      media: Math.round((media / all.length) * pictures),
      scratch: 4 * pictures * lengths.reduce((sum, columns) => sum + columns, 0),
      // of one describer in float64: both lists, those without the ignored ones, and the part of a fold
      features: 8 * Math.max(...lengths) * (pictures + 2 * count.train),
    },
    notes: [
      `${count.train} pictures to train on and ${count.test} to test on, ${classes} classes${
        pictures > all.length ? `; ${all.length} of them are here` : ''
      }`,
      `measured on ${some.count} pictures: ${saySeconds(some.read)} to read one, ${saySeconds(some.encode)} to describe it`,
      ...(isClustered ? [`${saySeconds(clustering)} to set weights by k-means`] : []),
      `${trunks} networks of ${features} features: trained, untrained${isClustered ? ' and set by k-means' : ''} for ${seeds} seeds`,
      `${saySeconds(fits)} of fitting (costs ${config.svm.costs.length}, folds ${config.svm.folds}), ${saySeconds(scoring)} of scoring and intervals`,
    ],
  };
}

/** Reads pictures and lets the network and the rules look at them; seconds are of one picture, the first batch that a network sees is not counted. */
async function measurePictures(
  list: readonly LabelledPicture[],
  {
    encoder,
    layer,
    context,
  }: { readonly encoder: Encoder; readonly layer: string; readonly context: EvaluateContext<'encoder'> },
) {
  const pictures: Uint8Array[] = [];
  const reading = { encoder, context, stage: 'plan', done: 0, total: list.length };
  const lap = startLaps();
  for await (const { picture } of readLabelledPictures(list, reading)) pictures.push(picture);
  const read = lap();
  const describers = [describeByEncoder(encoder, layer), ...trivialDescribers(encoder)];
  const batches = Array.from({ length: Math.ceil(pictures.length / together) }, (_, i) =>
    pictures.slice(i * together, (i + 1) * together),
  );
  const seconds: number[] = [];
  const features = describers.map((describer) => {
    describer.describe(batches[0]!); // the first time compiles
    lap();
    const vectors = batches.flatMap((batch) => describer.describe(batch));
    seconds.push(lap());
    return toMatrix(vectors.map(toUnit));
  });
  const [encode = 0, ...rules] = seconds.map((one) => one / pictures.length);
  const trivial = rules.reduce((sum, one) => sum + one, 0);
  return { count: pictures.length, read: read / pictures.length, encode, trivial, features };
}

/** Seconds that one class takes: choosing the cost, the last fit, and those from few labels. */
function fitSeconds(features: Matrix, rows: number, { svm, lowShot }: VocPlanSettings): number {
  const { positiveWeight } = svm;
  const labels = Array.from({ length: features.rows }, (_, row) => (row % positiveOneIn === 0 ? 1 : -1));
  const timed = (work: () => unknown): number => {
    const started = performance.now();
    work();
    return (performance.now() - started) / 1000;
  };
  const fit = (cost: number) => () => fitSvm(features, labels, { cost, positiveWeight });
  const middle = svm.costs[svm.costs.length >> 1]!;
  fit(middle)(); // the first time compiles
  const last = timed(fit(middle));
  const few = timed(fit(lowShot.cost));
  const choosing = timed(() => chooseCost(features, labels, svm));
  const grown = (to: number) => to / features.rows; // the rounds of a fit hardly become more with its rows
  const shots = lowShot.positives.reduce((sum, k) => sum + grown(Math.min(rows, k * (1 + lowShot.negatives))), 0);
  return grown(rows) * (choosing + last) + lowShot.draws * shots * few;
}

/** Seconds of one mean average precision over all classes. */
function scoreSeconds(classes: number, pictures: number): number {
  const most = Math.min(pictures, 1024);
  const scores = Array.from({ length: classes }, (_, c) =>
    Float64Array.from({ length: most }, (__, i) => Math.sin((i + 1) * (c + 1.3))),
  );
  const labels = scores.map(() => Int8Array.from({ length: most }, (_, i) => (i % positiveOneIn === 0 ? 1 : -1)));
  const rankings = rankScores(scores, { labels, ids: [], split: '' });
  const weights = Float64Array.from({ length: most }, (_, i) => i % 3);
  meanAveragePrecision(rankings, weights); // the first time compiles
  const started = performance.now();
  meanAveragePrecision(rankings, weights);
  return ((performance.now() - started) / 1000) * (pictures / most);
}

/** How often that is asked for: once for each draw and describer, all definitions together, and of untrained weights again for what training gains. */
function scorings(seeds: number, isClustered: boolean, draws: number): number {
  return draws * (1 + 2 * seeds + (isClustered ? seeds : 0) + trivialLengths.length);
}

/** Some of a list, evenly. */
function spread<T>(list: readonly T[], count: number): readonly T[] {
  const wanted = Math.min(count, list.length);
  return Array.from({ length: wanted }, (_, i) => list[Math.floor(((i + 0.5) * list.length) / wanted)]!);
}
