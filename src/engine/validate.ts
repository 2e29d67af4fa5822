import type { SampleBatch } from '../core/index.js';
import { disposeBatch, toTensorBatch } from './tensors.js';
import { tf } from './tf.js';
import type { StepResult, Trainer } from './trainer.js';

/** Scores of one pass over held-out data, each named `validation…`; averages weigh batches by their size. */
export async function validate(
  trainer: Pick<Trainer, 'evaluate'>,
  batches: AsyncIterable<SampleBatch>,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  let samples = 0;
  for await (const batch of batches) {
    const inputs = toTensorBatch(batch);
    const result = tf.tidy(() => trainer.evaluate(inputs));
    const values = await readScalars(result);
    tf.dispose(result);
    disposeBatch(inputs);
    for (const [name, value] of Object.entries(values)) sums[name] = (sums[name] ?? 0) + value * batch.keys.length;
    samples += batch.keys.length;
    batch.release();
  }
  const rename = (name: string) => `validation${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return samples === 0
    ? {}
    : Object.fromEntries(Object.entries(sums).map(([name, total]) => [rename(name), total / samples]));
}

/** The numbers of a step's result, by name. */
export async function readScalars(result: StepResult): Promise<Record<string, number>> {
  const entries = await Promise.all(
    Object.entries(result).map(async ([name, tensor]) => [name, (await tensor.data())[0]!] as const),
  );
  return Object.fromEntries(entries);
}
