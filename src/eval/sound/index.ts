import { z } from 'zod';
import { ConfigError, type Metric, type Sample, type SampleBatch } from '../../core/index.js';
import { toTensorBatch, type Trainer } from '../../engine/index.js';
import {
  defineEvaluator,
  type EvaluateContext,
  type EvaluationDataset,
  type EvaluationOutput,
} from '../define-evaluator.js';
import { bootstrapInterval } from '../metrics/index.js';
import { crossFit, toMatrix } from '../probe/index.js';
import { openUntrained } from '../untrained.js';
import { describeClusters } from './clusters.js';
import { bestConstant, scoreAnswers, type Truth } from './score.js';
import { viewTrivially } from './trivial.js';

const configSchema = z.strictObject({
  bootstrapDraws: z.int().positive().default(1000).describe('Draws behind each interval.'),
  folds: z
    .int()
    .min(2)
    .default(5)
    .describe('Parts, by group, over which the rival of trivial features is fitted and tested in turn.'),
});

/** One frame that was asked. */
interface Question {
  readonly key: string;
  readonly source: string;
  readonly group: string;
  readonly label: number;
  /** Null where clusters are asked for. */
  readonly bits: readonly number[] | null;
  readonly features: readonly number[];
}

/**
 * How well a model tells from frames of held-out videos what cluster their sound is in, or the bits of its code, beside the best answer that
 * is always the same, untrained weights, and colours and sizes. Frames whose sound is another source's are left out. Clusters are those of
 * the codebook that the model was trained with: the dataset has to be mined with `codebook`.
 */
export default defineEvaluator({
  name: 'sound',
  version: 1,
  needs: 'trainer',
  input: 'samples',
  config: configSchema,
  async *evaluate(trainer, config, context): AsyncIterable<EvaluationOutput> {
    const { dataset, seeds, random } = context;
    if (!dataset || dataset.samples === 0) throw new ConfigError('There are no held-out samples to evaluate on.');
    checkCodebook(dataset, context);
    const models = [trainer, ...(await openUntrained(context))];
    const { questions, scores, outputs } = await ask(models, dataset, context).finally(() =>
      models.slice(1).forEach((model) => model.dispose()),
    );
    if (questions.length === 0) throw new ConfigError('The sound of every held-out sample is used by another source.');
    const truth: Truth = {
      labels: questions.map(({ label }) => label),
      bits: questions[0]!.bits ? questions.map(({ bits }) => bits!) : null,
      outputs,
    };
    const groups = questions.map(({ group }) => group);
    const measure = (answers: readonly (readonly ArrayLike<number>[])[]): Metric[] =>
      Object.keys(scoreAnswers(answers[0]!, truth)).map((name) => {
        const statistic = (weights?: Float64Array) =>
          answers.reduce((sum, one) => sum + scoreAnswers(one, truth, weights)[name]!, 0) / answers.length;
        const fork = random.fork('bootstrap');
        const interval = bootstrapInterval({ groups, statistic, random: fork, draws: config.bootstrapDraws });
        return {
          name,
          value: statistic(),
          unit: 'fraction',
          direction: 'higher',
          examples: questions.length,
          split: 'held-out',
          ...(interval ? { interval } : {}),
          ...(answers.length > 1 ? { seeds: answers.map((one) => scoreAnswers(one, truth)[name]!) } : {}),
        };
      });

    for (const metric of measure([scores[0]!])) yield { kind: 'metric', metric };
    yield { kind: 'rival', rival: { name: 'chance', metrics: measure([bestConstant(truth)]) } };
    if (seeds > 0) yield { kind: 'rival', rival: { name: 'untrained', metrics: measure(scores.slice(1)) } };
    const order = random.fork('folds').shuffle([...new Set(groups)]);
    const { outputs: classes, labels } = truth;
    const examples = {
      features: toMatrix(questions.map(({ features }) => features)),
      labels: Int32Array.from(labels),
      groups,
    };
    const fitted = truth.bits ? null : crossFit(examples, { classes, folds: config.folds, order });
    if (fitted) {
      const trivial = questions.map((_, row) => fitted.slice(row * classes, (row + 1) * classes));
      yield { kind: 'rival', rival: { name: 'trivial-features', metrics: measure([trivial]) } };
    }
    for (const row of describeClusters(questions, truth.bits ? null : scores[0]!))
      yield { kind: 'row', file: 'clusters.jsonl', row };
    for (const [i, { key, source, group, label }] of questions.entries())
      yield { kind: 'prediction', row: { key, source, group, label, scores: Array.from(scores[0]![i]!) } };
  },
});

/** Clusters that a held-out dataset found by itself have other numbers, and other bits, than those that a model learned. */
function checkCodebook(
  { config, isTrainedOn = false }: EvaluationDataset,
  { evaluated }: EvaluateContext<'trainer'>,
): void {
  const { codebook } = (config ?? {}) as { readonly codebook?: string | null };
  if (codebook !== null || isTrainedOn || !evaluated?.run) return;
  throw new ConfigError(
    'The held-out dataset has clusters of its own, which are not those that the model learned: mine it with codebook=DIR, the dataset that the model was trained on.',
    { context: { run: evaluated.run } },
  );
}

/** Asks every model about every frame that has a sound of its own. */
async function ask(
  models: readonly Trainer[],
  dataset: EvaluationDataset,
  { emit, signal }: EvaluateContext<'trainer'>,
): Promise<{
  readonly questions: readonly Question[];
  readonly scores: readonly Float32Array[][];
  readonly outputs: number;
}> {
  const questions: Question[] = [];
  const scores = models.map((): Float32Array[] => []);
  const stored = dataset.stored()[Symbol.asyncIterator]();
  let [done, outputs] = [0, 0];
  for await (const batch of dataset.batches()) {
    signal.throwIfAborted();
    const samples: Sample[] = [];
    for (const key of batch.keys) {
      const next = await stored.next();
      if (next.done === true || next.value.key !== key)
        throw new Error(`Batches and stored samples are not in one order at ${key}.`);
      samples.push(next.value);
    }
    const asked = readQuestions(batch, samples);
    const tensors = toTensorBatch(batch);
    models.forEach((model, m) => {
      if (!model.logits) throw new ConfigError('The model gives no logits, so it has no accuracy.');
      const logits = model.logits(tensors);
      const data = logits.dataSync() as Float32Array;
      outputs = logits.shape.at(-1)!;
      logits.dispose();
      asked.forEach((question, i) => {
        if (question) scores[m]!.push(data.slice(i * outputs, (i + 1) * outputs));
      });
    });
    for (const tensor of Object.values(tensors.tensors)) tensor.dispose();
    questions.push(...asked.filter((question) => question !== null));
    done += batch.keys.length;
    batch.release();
    emit({ kind: 'progress', stage: 'evaluate', done, total: dataset.samples, unit: 'samples' });
  }
  await stored.return?.();
  return { questions, scores, outputs };
}

/** Null where the sound is another source's. */
function readQuestions({ arrays }: SampleBatch, samples: readonly Sample[]): (Question | null)[] {
  const { image, label, bits } = arrays;
  if (!image || !label) throw new ConfigError("The task's batches need the arrays image and label.");
  const size = image.shape[1]!;
  const bytes = size * size * 3;
  const width = bits ? bits.data.length / samples.length : 0;
  return samples.map(({ key, fields, provenance }, i) => {
    if (Number(label.data[i]) < 0) return null;
    const picture = (image.data as Uint8Array).subarray(i * bytes, (i + 1) * bytes);
    const stored = fields['image'] as { readonly data: Uint8Array };
    return {
      key,
      source: provenance.source,
      group: fields['group'] as string,
      label: Number(label.data[i]),
      bits: bits ? Array.from({ length: width }, (_, n) => Number(bits.data[i * width + n])) : null,
      features: viewTrivially(picture, size, stored.data.length),
    };
  });
}
