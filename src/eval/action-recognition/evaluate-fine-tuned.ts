import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { ConfigError, type Random, type Rival } from '../../core/index.js';
import { tf, type Encoder } from '../../engine/index.js';
import type { LabelledSource } from '../benchmarks/roles.js';
import type { EvaluateContext, EvaluationOutput } from '../define-evaluator.js';
import { selectProbe, toMatrix } from '../probe/index.js';
import { meanVector, readVideos, trivialDescribers, type Describer } from '../videos/describe.js';
import { openPictureSpool } from '../videos/picture-spool.js';
import { isShort, type PictureSettings } from '../videos/pictures.js';
import {
  fineTune,
  meanOverTicks,
  type FineTuneSettings,
  type LabelledPictures,
  type TunableEncoder,
} from './fine-tune.js';
import { meanSoftmax } from './mean-softmax.js';
import { noticeableDrift, rescale } from './rescale.js';
import { answersOf, guessingRivals, summarise, type Answers, type TestList } from './score.js';

/** Pictures by which a network is rescaled. */
const rescalingPictures = 16;

/** One list of the split, with labels among the classes that are here. */
export interface ClassList {
  readonly sources: readonly LabelledSource[];
  readonly labels: Int32Array;
  readonly groups: readonly string[];
}

/**
 * Fine-tunes the encoder and an untrained one of each seed in the same way, and scores both on the test list; likewise those that k-means has set, where
 * there are any. Colours and gradients of the same pictures are probed.
 */
export async function* evaluateFineTuned(
  encoder: Encoder,
  { untrained, kMeans }: { readonly untrained: readonly Encoder[]; readonly kMeans: readonly Encoder[] },
  {
    layer,
    train,
    test,
    present,
    config,
    context,
  }: {
    readonly layer: string;
    readonly train: ClassList;
    readonly test: ClassList;
    /** Official numbers of the classes that are here. */
    readonly present: readonly number[];
    readonly config: PictureSettings & {
      readonly fineTune: FineTuneSettings;
      readonly weightDecays: readonly number[];
      readonly bootstrapDraws: number;
    };
    readonly context: EvaluateContext<'encoder'>;
  },
): AsyncIterable<EvaluationOutput> {
  const { data, split, random, emit, signal } = context;
  const classes = present.length;
  const list: TestList = { labels: test.labels, groups: test.groups, classes, split: `${data.benchmark} ${split}` };
  const own = tunable(encoder);
  const [fresh, clustered] = [untrained.map(tunable), kMeans.map(tunable)];
  const given = own.weights.map((weight) => weight.clone());
  const spools = [train, test].map(() => openPictureSpool(encoder.width * encoder.height * 3));
  try {
    let ticks = 0;
    const reading = {
      encoder,
      settings: config,
      context,
      stage: 'read',
      total: train.sources.length + test.sources.length,
    };
    for (const [l, { sources: list }] of [train, test].entries()) {
      for await (const { pictures } of readVideos({ ...reading, list, done: l * train.sources.length })) {
        const places = pictures.flat(); // a place of a picture is drawn, and averaged, as a picture of its own
        ticks = places.length;
        spools[l]!.append(places);
      }
    }
    const asPictures = (l: number, { labels, groups }: ClassList): LabelledPictures => ({
      spool: spools[l]!,
      ticks,
      labels,
      groups,
    });
    const { steps, learningRates } = config.fineTune;
    const runs = learningRates.length > 1 ? learningRates.length + 1 : 1;
    const total = (2 * fresh.length + clustered.length) * runs * steps;
    let done = 0;
    const onStep = (): void => {
      signal.throwIfAborted();
      if (++done % 10 === 0) emit({ kind: 'progress', stage: 'fine-tune', done, total, unit: 'steps' });
    };
    const answers: Answers[] = [];
    const baseline: Answers[] = [];
    const byKMeans: Answers[] = [];
    const prepare = createRescaler(asPictures(0, train), { layer, fineTune: config.fineTune, context });
    const prepared = await prepare(own, 'the model');
    for (let seed = 0; seed < fresh.length; seed++) {
      const other = clustered[seed];
      for (const [model, collected] of [
        [prepared, answers],
        [await prepare(fresh[seed]!, 'the untrained network'), baseline],
        [other && (await prepare(other, 'the network set by k-means')), byKMeans],
      ] as const) {
        if (!model) continue;
        const { logits, learningRate, selectedOn } = await fineTune(model, {
          layer,
          train: asPictures(0, train),
          test: asPictures(1, test),
          classes,
          settings: config.fineTune,
          random: random.fork('fine-tune', seed),
          onStep,
        });
        const scores = meanOverTicks(logits, ticks, classes);
        collected.push(answersOf(scores, list));
        if (collected !== answers) continue;
        for (const [row, { entry, source }] of test.sources.entries()) {
          const about = { key: entry.key, source: source.id, group: entry.group, label: entry.label };
          const how = {
            protocol: 'fine-tune',
            selectedOn,
            split,
            seed,
            learningRate,
            rescaled: config.fineTune.rescale,
          };
          const ofPictures = logits.subarray(row * ticks * classes, (row + 1) * ticks * classes);
          const outcome = {
            short: isShort(source, config),
            classes: present,
            logits: [...scores.subarray(row * classes, (row + 1) * classes)],
            softmaxMean: meanSoftmax(ofPictures, classes),
          };
          yield { kind: 'prediction', row: { ...about, ...how, ...outcome } };
        }
      }
    }
    const common = { list, suffix: '', random, draws: config.bootstrapDraws };
    for (const metric of summarise(answers, { ...common, baseline })) yield { kind: 'metric', metric };
    const rivals: Rival[] = [
      { name: 'untrained', metrics: summarise(baseline, common) },
      ...(byKMeans.length > 0 ? [{ name: 'k-means', metrics: summarise(byKMeans, common) }] : []),
      ...trivialDescribers(encoder).map((describer) => {
        const lists = [asPictures(0, train), asPictures(1, test)] as const;
        const probed = probePictures(describer, lists, {
          classes,
          weightDecays: config.weightDecays,
          randoms: fresh.map((_, seed) => random.fork('probe', seed)),
        });
        return {
          name: describer.name,
          metrics: summarise(
            probed.map((scores) => answersOf(scores, list)),
            common,
          ),
        };
      }),
      ...guessingRivals(train.labels, list),
    ];
    for (const rival of rivals) yield { kind: 'rival', rival };
  } finally {
    own.weights.forEach((weight, i) => weight.assign(given[i]!)); // rescaling has moved them
    tf.dispose(given);
    spools.forEach((spool) => spool.dispose());
  }
}

/** Makes networks ready to be fine-tuned: rescaled by training pictures where that is asked for, and warns where that could not be done in full. */
function createRescaler(
  { spool, ticks, labels }: LabelledPictures,
  {
    layer,
    fineTune: { rescale: isAsked },
    context: { random, emit, signal },
  }: {
    readonly layer: string;
    readonly fineTune: FineTuneSettings;
    readonly context: Pick<EvaluateContext<'encoder'>, 'random' | 'emit' | 'signal'>;
  },
): (model: TunableEncoder, name: string) => Promise<TunableEncoder> {
  const rows = random.fork('rescale', 'pictures').shuffle(Array.from(labels, (_, row) => row)).slice(0, rescalingPictures); // prettier-ignore
  const pictures = rows.map((row) => spool.read(row * ticks + Math.floor(ticks / 2)));
  return async (model, name) => {
    if (!isAsked) return model;
    await yieldToEvents();
    signal.throwIfAborted();
    const { encoder, isEven, drift } = rescale(model, layer, pictures, random.fork('rescale'));
    const found = [
      ...(isEven ? [] : ['its layers do not yet learn equally fast']),
      ...(drift > noticeableDrift
        ? [`scales change what it gives by a factor of ${Math.exp(drift).toFixed(2)}, as local response normalisation does`] // prettier-ignore
        : []),
    ];
    if (found.length > 0)
      emit({ kind: 'warning', stage: 'rescale', message: `Rescaled ${name}: ${found.join('; ')}.` });
    return encoder;
  };
}

/** Scores of a linear layer on what a rule sees in the mean picture of each video of the second list, fitted on the first; for each seed. */
function probePictures(
  describer: Describer,
  [train, test]: readonly [LabelledPictures, LabelledPictures],
  {
    classes,
    weightDecays,
    randoms,
  }: { readonly classes: number; readonly weightDecays: readonly number[]; readonly randoms: readonly Random[] },
): readonly Float64Array[] {
  const featuresOf = ({ spool, ticks, labels }: LabelledPictures) =>
    toMatrix(
      Array.from(labels, (_, row) => {
        const pictures = Array.from({ length: ticks }, (__, tick) => spool.read(row * ticks + tick));
        return meanVector(describer.describe(pictures));
      }),
    );
  const examples = { features: featuresOf(train), labels: train.labels, groups: train.groups };
  const asked = featuresOf(test);
  return randoms.map((random) => selectProbe(examples, { classes, weightDecays, random }).scores(asked));
}

/**
 * An encoder whose weights can be moved.
 *
 * @throws ConfigError for one without weights.
 */
export function tunable(encoder: Encoder): TunableEncoder {
  const { weights } = encoder;
  if (weights && weights.length > 0) return { ...encoder, weights };
  throw new ConfigError('This encoder has no weights that can be fine-tuned; use protocol=probe.');
}
