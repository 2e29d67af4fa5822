import { z } from 'zod';
import { ConfigError, type Metric, type Sample, type SampleBatch } from '../../core/index.js';
import { toTensorBatch, type Trainer } from '../../engine/index.js';
import {
  defineEvaluator,
  type EvaluateContext,
  type EvaluationDataset,
  type EvaluationOutput,
} from '../define-evaluator.js';
import { areaUnderCurve, balancedAccuracy, bootstrapInterval } from '../metrics/index.js';
import { crossFit, toMatrix } from '../probe/index.js';
import { openUntrained } from '../untrained.js';
import { readTrunk } from './untrained-trunk.js';
import { viewTrivially } from './trivial.js';

const configSchema = z.strictObject({
  bootstrapDraws: z.int().positive().default(2000).describe('Draws behind each interval.'),
  folds: z
    .int()
    .min(2)
    .default(5)
    .describe(
      'Parts, by group, over which the trivial features and the head on the untrained trunk are fitted and tested in turn.',
    ),
  trunkUnits: z
    .int()
    .positive()
    .default(256)
    .describe(
      "Units of the untrained trunk's first layer, of each frame, that a head is fitted on; drawn where there are more.",
    ),
});

/** One tuple that was asked. */
interface Question {
  readonly key: string;
  readonly source: string;
  readonly group: string;
  readonly label: number;
  readonly places: readonly number[];
  readonly features: readonly number[];
  readonly betweenness: number;
}

/** How well a model tells tuples in order from others on held-out videos, half and half, beside rules that know nothing of order. */
export default defineEvaluator({
  name: 'temporal-order',
  version: 1,
  needs: 'trainer',
  input: 'samples',
  config: configSchema,
  async *evaluate(trainer, config, context): AsyncIterable<EvaluationOutput> {
    const { dataset, seeds, random } = context;
    if (!dataset || dataset.samples === 0) throw new ConfigError('There are no held-out samples to evaluate on.');
    const models = [trainer, ...(await openUntrained(context))];
    const { questions, scores, trunk } = await ask(models, dataset, { context, trunkUnits: config.trunkUnits }).finally(
      () => models.slice(1).forEach((model) => model.dispose()),
    );
    const labels = questions.map(({ label }) => label);
    const sources = questions.map(({ source }) => source);

    const measure = (answers: readonly (readonly number[])[]): Metric[] =>
      Object.entries({ balancedAccuracy, areaUnderCurve }).map(([name, score]) => {
        const statistic = (weights?: Float64Array) =>
          answers.reduce((sum, one) => sum + score({ scores: one, labels, weights }), 0) / answers.length;
        const interval = bootstrapInterval({
          groups: sources,
          statistic,
          random: random.fork('bootstrap'),
          draws: config.bootstrapDraws,
        });
        return {
          name,
          value: statistic(),
          unit: 'fraction',
          direction: 'higher',
          examples: labels.length,
          split: 'held-out',
          ...(interval ? { interval } : {}),
          ...(answers.length > 1 ? { seeds: answers.map((one) => score({ scores: one, labels })) } : {}),
        };
      });

    for (const metric of measure([scores[0]!])) yield { kind: 'metric', metric };
    yield {
      kind: 'rival',
      rival: { name: 'chance', metrics: measure([labels.map(() => 0)]) },
    };
    if (seeds > 0) yield { kind: 'rival', rival: { name: 'untrained', metrics: measure(scores.slice(1)) } };
    yield {
      kind: 'rival',
      rival: { name: 'frame-difference', metrics: measure([questions.map(({ betweenness }) => betweenness)]) },
    };
    const order = random.fork('folds').shuffle([...new Set(questions.map(({ group }) => group))]);
    const fit = (features: readonly ArrayLike<number>[]): number[] | null => {
      const examples = {
        features: toMatrix(features),
        labels: Int32Array.from(labels),
        groups: questions.map(({ group }) => group),
      };
      const fitted = crossFit(examples, { classes: 2, folds: config.folds, order });
      return fitted && labels.map((_, row) => fitted[2 * row + 1]! - fitted[2 * row]!);
    };
    const trivial = fit(questions.map(({ features }) => features));
    if (trivial) yield { kind: 'rival', rival: { name: 'trivial-features', metrics: measure([trivial]) } };
    const head = trunk.length > 0 ? fit(trunk) : null;
    if (head) yield { kind: 'rival', rival: { name: 'untrained-trunk', metrics: measure([head]) } };
    for (const [i, { key, source, group, label, places }] of questions.entries()) {
      yield { kind: 'prediction', row: { key, source, group, label, places, score: scores[0]![i] } };
    }
  },
});

/**
 * Asks every model about every tuple. Scores are the logit of "in order" above that of "not"; `trunk` holds what the first untrained
 * model's encoder makes of each tuple, and is empty where there is none.
 */
async function ask(
  models: readonly Trainer[],
  dataset: EvaluationDataset,
  {
    context: { emit, signal, random },
    trunkUnits,
  }: { readonly context: EvaluateContext<'trainer'>; readonly trunkUnits: number },
): Promise<{
  readonly questions: readonly Question[];
  readonly scores: readonly number[][];
  readonly trunk: readonly Float32Array[];
}> {
  const questions: Question[] = [];
  const trunk: Float32Array[] = [];
  const untrained = models[1]?.encoder;
  const scores = models.map((): number[] => []);
  const stored = dataset.stored()[Symbol.asyncIterator]();
  let done = 0;
  for await (const batch of dataset.batches()) {
    signal.throwIfAborted();
    const samples: Sample[] = [];
    for (const key of batch.keys) {
      const next = await stored.next();
      if (next.done === true || next.value.key !== key)
        throw new Error(`Batches and stored samples are not in one order at ${key}.`);
      samples.push(next.value);
    }
    questions.push(...readQuestions(batch, samples));
    const tensors = toTensorBatch(batch);
    models.forEach((model, m) => {
      if (!model.logits) throw new ConfigError('The model gives no logits, so it has no tuple accuracy.');
      const logits = model.logits(tensors);
      const data = logits.dataSync();
      logits.dispose();
      for (let i = 0; i < data.length; i += 2) scores[m]!.push(data[i + 1]! - data[i]!);
    });
    if (untrained) trunk.push(...readTrunk(untrained, tensors, { units: trunkUnits, random: random.fork('trunk') }));
    for (const tensor of Object.values(tensors.tensors)) tensor.dispose();
    done += batch.keys.length;
    batch.release();
    emit({ kind: 'progress', stage: 'evaluate', done, total: dataset.samples, unit: 'samples' });
  }
  await stored.return?.();
  return { questions, scores, trunk };
}

function readQuestions(batch: SampleBatch, samples: readonly Sample[]): Question[] {
  const { frames, label, tuple } = batch.arrays;
  if (!frames || !label || !tuple) throw new ConfigError("The task's batches need the arrays frames, label and tuple.");
  const perSample = label.data.length / samples.length;
  const size = frames.shape.at(-2)!;
  const tupleBytes = 3 * size * size * 3;
  return Array.from({ length: label.data.length }, (_, i) => {
    const { key, fields, provenance } = samples[Math.floor(i / perSample)]!;
    const numbers = fields['frames'] as Int32Array;
    const images = fields['images'] as readonly { readonly data: Uint8Array }[];
    const places = [0, 1, 2].map((p) => Number(tuple.data[i * 3 + p]));
    const present = [...numbers.keys()].filter((place) => numbers[place]! >= 0);
    return {
      key,
      source: provenance.source,
      group: fields['group'] as string,
      label: Number(label.data[i]),
      places,
      ...viewTrivially({
        frames: (frames.data as Uint8Array).subarray(i * tupleBytes, (i + 1) * tupleBytes),
        size,
        storedBytes: places.map((place) => images[present.indexOf(place)]!.data.length),
        frameNumbers: places.map((place) => numbers[place]!),
      }),
    };
  });
}
