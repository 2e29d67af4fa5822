import type { Observable } from 'rxjs';
import { createJob, type JobEvent, type SampleBatch } from '../core/index.js';
import type { InitialWeights } from './initial-weights.js';
import type { LoopConfig } from './loop-settings.js';
import type { StepProfile } from './profile.js';
import type { Stopwatch } from './stopwatch.js';
import { TrainingRun } from './training-run.js';
import type { BatchSource, Trainer } from './trainer.js';

/** What the loop is given. */
export interface TrainLoopOptions<C extends LoopConfig = LoopConfig> {
  readonly task: string;
  readonly trainer: Trainer;
  readonly config: C;
  /** At a 0-based step. */
  readonly learningRate: (step: number) => number;
  /** Folder of the run. */
  readonly out: string;
  readonly source: BatchSource;
  /** One pass over held-out data. */
  readonly validation?: () => AsyncIterable<SampleBatch>;
  /** Goes on from the newest checkpoint, or starts where there is none. */
  readonly resume: boolean;
  readonly seed: number;
  /** Name of the engine that runs. */
  readonly engine: string;
  /** Weights to start from, where there is nothing to go on from. */
  readonly initialize?: () => InitialWeights;
  /** Further facts for `config.yaml` and `summary.json`. */
  readonly extra: Readonly<Record<string, unknown>>;
  readonly now: () => Date;
}

/** What training reached. */
export interface TrainResult {
  readonly steps: number;
  /** False when it was stopped before its last step. */
  readonly finished: boolean;
  /** It ended before its last step because validation no longer got better. */
  readonly stoppedEarly: boolean;
  /** Loss of the last logged step. */
  readonly loss: number | null;
  readonly best: { readonly step: number; readonly value: number } | null;
  readonly parameters: number;
  /** Floating-point operations of one sample's forward pass; null where the task does not list its layers. */
  readonly flops: number | null;
  /** Of forward and backward passes, taken as three forward passes. */
  readonly flopsPerSecond: number | null;
  /** How steps are computed, and why not better; null where none was. */
  readonly mode: string | null;
  readonly modeReason: string | null;
  readonly samplesPerSecond: number;
  readonly dataWaitShare: number;
  /** Seconds of this try by what they were spent on. */
  readonly time: ReturnType<Stopwatch['totals']>;
  readonly slowestCheckpointSeconds: number;
  readonly profile: StepProfile | null;
  readonly initialWeights: InitialWeights | null;
  /** Over all tries. */
  readonly trainingSeconds: number;
}

/**
 * The training loop: steps, logs, validates, saves, and stops cleanly. On a CPU a resumed run repeats the losses of one
 * that was not interrupted, bit for bit.
 *
 * @param stop saves a checkpoint after the update in hand and ends.
 * @throws TrainingError with the batch's sample keys where the loss is not finite; ConfigError where a resumed run differs.
 */
export function train<C extends LoopConfig>(
  options: TrainLoopOptions<C>,
  stop?: AbortSignal,
): Observable<JobEvent<TrainResult>> {
  return createJob((context) => new TrainingRun(options, context).run(), stop);
}
