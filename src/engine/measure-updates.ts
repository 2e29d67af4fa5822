import { createRandom } from '../core/index.js';
import { createAveragedWeights } from './averaged-weights.js';
import { completeSettings } from './loop-settings.js';
import { tf } from './tf.js';
import type { TrainLoopOptions } from './train.js';
import type { StepResult } from './trainer.js';
import { createUpdateStep, disposeInput, toStepInput, type UpdateStep } from './update-step.js';

/** What a few updates of a training took. */
export interface MeasuredUpdates {
  /** Updates that were measured, after a first one that was not; 0 where the data end before. */
  readonly updates: number;
  /** Of one update, waiting for its data included; NaN where none was measured. */
  readonly secondsEach: number;
  /** Of the first update, in which a step is captured and memory is taken. */
  readonly firstSeconds: number;
  /** Of the process, after the last update. */
  readonly residentBytes: number;
}

/**
 * Moves a trainer's weights a few times, as the training loop would, and tells how long it took. The trainer is spoilt afterwards.
 *
 * @param updates how many at most.
 * @param seconds no further update begins after so long, but one is always measured.
 */
export async function measureUpdates(
  {
    trainer,
    config,
    learningRate,
    source,
    seed,
  }: Pick<TrainLoopOptions, 'trainer' | 'config' | 'learningRate' | 'source' | 'seed'>,
  { updates, seconds }: { readonly updates: number; readonly seconds: number },
  stop?: AbortSignal,
): Promise<MeasuredUpdates> {
  const settings = completeSettings(config);
  const { accumulateSteps, emaDecay } = settings;
  const average = emaDecay > 0 ? createAveragedWeights(trainer.variables) : null;
  const startMs = performance.now();
  const endsMs: number[] = []; // of updates
  let update: UpdateStep | null = null;
  let results: StepResult[] = [];
  try {
    for await (const batch of source.batches({ epoch: 0, batch: 0 })) {
      stop?.throwIfAborted();
      const step = endsMs.length;
      const random = createRandom(seed).fork('step', step);
      const input = toStepInput(batch, { trainer, step, learningRate, emaDecay, random });
      try {
        update ??= createUpdateStep(trainer, input, { settings, average, mode: null });
        results.push(update.add(input, results.length === accumulateSteps - 1));
      } finally {
        disposeInput(input);
      }
      if (results.length < accumulateSteps) continue;
      await results.at(-1)!['loss'].data(); // a GPU has done it by then
      tf.dispose(results);
      results = [];
      endsMs.push(performance.now());
      if (endsMs.length > updates || (endsMs.length > 1 && endsMs.at(-1)! - startMs > 1000 * seconds)) break;
    }
  } finally {
    tf.dispose(results);
    update?.dispose();
    average?.dispose();
  }
  const [firstMs = NaN] = endsMs;
  const measured = Math.max(0, endsMs.length - 1);
  return {
    updates: measured,
    secondsEach: measured === 0 ? NaN : (endsMs.at(-1)! - firstMs) / 1000 / measured,
    firstSeconds: (firstMs - startMs) / 1000,
    residentBytes: process.memoryUsage().rss,
  };
}
