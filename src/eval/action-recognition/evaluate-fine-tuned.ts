import { ConfigError, type Rival } from '../../core/index.js';
import type { Encoder } from '../../engine/index.js';
import type { LabelledSource } from '../benchmarks/roles.js';
import type { EvaluateContext, EvaluationOutput } from '../define-evaluator.js';
import { readVideos } from '../videos/describe.js';
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
import { answersOf, guessingRivals, summarise, type Answers, type TestList } from './score.js';

/** One list of the split, with labels among the classes that are here. */
export interface ClassList {
  readonly sources: readonly LabelledSource[];
  readonly labels: Int32Array;
  readonly groups: readonly string[];
}

/** Fine-tunes the encoder and an untrained one of each seed in the same way, and scores both on the test list. */
export async function* evaluateFineTuned(
  encoder: Encoder,
  untrained: readonly Encoder[],
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
    readonly config: PictureSettings & { readonly fineTune: FineTuneSettings; readonly bootstrapDraws: number };
    readonly context: EvaluateContext<'encoder'>;
  },
): AsyncIterable<EvaluationOutput> {
  const { data, split, random, emit, signal } = context;
  const classes = present.length;
  const settings = { ...config, crops: 1 as const };
  const list: TestList = { labels: test.labels, groups: test.groups, classes, split: `${data.benchmark} ${split}` };
  const models = [encoder, ...untrained].map(tunable);
  const spools = [train, test].map(() => openPictureSpool(encoder.width * encoder.height * 3));
  try {
    let ticks = 0;
    const reading = { encoder, settings, context, stage: 'read', total: train.sources.length + test.sources.length };
    for (const [l, { sources: list }] of [train, test].entries()) {
      for await (const { pictures } of readVideos({ ...reading, list, done: l * train.sources.length })) {
        ticks = pictures.length;
        spools[l]!.append(pictures.flat());
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
    const total = 2 * untrained.length * runs * steps;
    let done = 0;
    const onStep = (): void => {
      signal.throwIfAborted();
      if (++done % 10 === 0) emit({ kind: 'progress', stage: 'fine-tune', done, total, unit: 'steps' });
    };
    const answers: Answers[] = [];
    const baseline: Answers[] = [];
    for (let seed = 0; seed < untrained.length; seed++) {
      for (const [model, collected] of [
        [models[0]!, answers],
        [models[1 + seed]!, baseline],
      ] as const) {
        const { logits, learningRate } = await fineTune(model, {
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
        if (collected === baseline) continue;
        for (const [row, { entry, source }] of test.sources.entries()) {
          const about = { key: entry.key, source: source.id, group: entry.group, label: entry.label };
          const how = { protocol: 'fine-tune', selectedOn: 'group-val', split, seed, learningRate };
          const own = logits.subarray(row * ticks * classes, (row + 1) * ticks * classes);
          const outcome = {
            short: isShort(source, config),
            classes: present,
            logits: [...scores.subarray(row * classes, (row + 1) * classes)],
            softmaxMean: meanSoftmax(own, classes),
          };
          yield { kind: 'prediction', row: { ...about, ...how, ...outcome } };
        }
      }
    }
    const common = { list, suffix: '', random, draws: config.bootstrapDraws };
    for (const metric of summarise(answers, { ...common, baseline })) yield { kind: 'metric', metric };
    const rivals: Rival[] = [
      { name: 'untrained', metrics: summarise(baseline, common) },
      ...guessingRivals(train.labels, list),
    ];
    for (const rival of rivals) yield { kind: 'rival', rival };
  } finally {
    spools.forEach((spool) => spool.dispose());
  }
}

function tunable(encoder: Encoder): TunableEncoder {
  const { weights } = encoder;
  if (weights && weights.length > 0) return { ...encoder, weights };
  throw new ConfigError('This encoder has no weights that can be fine-tuned; use protocol=probe.');
}
