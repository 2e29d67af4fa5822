import { join } from 'node:path';
import type { Observable } from 'rxjs';
import { stringify } from 'yaml';
import {
  ConfigError,
  createJob,
  createRandom,
  hashJson,
  TrainingError,
  writeFileWhole,
  type JobContext,
  type JobEvent,
  type SampleBatch,
} from '../core/index.js';
import { readCheckpointState, restoreCheckpoint, saveCheckpoint, type TrainingState } from './checkpoint.js';
import { openRunLog, type LogRow, type RunLog } from './run-log.js';
import { disposeBatch, toTensorBatch } from './tensors.js';
import { tf } from './tf.js';
import type { BatchSource, StepResult, Trainer } from './trainer.js';
import { readScalars, validate } from './validate.js';

/** The settings of a task that the loop itself reads. */
export interface LoopConfig {
  readonly steps: number;
  readonly batchSize: number;
  readonly logEverySteps: number;
  readonly checkpointEverySteps: number;
}

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
  /** Further facts for `config.yaml` and `summary.json`. */
  readonly extra: Readonly<Record<string, unknown>>;
  readonly now: () => Date;
}

/** What training reached. */
export interface TrainResult {
  readonly steps: number;
  /** False when it was stopped before its last step. */
  readonly finished: boolean;
  /** Loss of the last logged step. */
  readonly loss: number | null;
  readonly best: { readonly step: number; readonly value: number } | null;
  readonly parameters: number;
  readonly samplesPerSecond: number;
  readonly dataWaitShare: number;
  /** Over all tries. */
  readonly trainingSeconds: number;
}

const checkpointEveryMs = 600_000;

/**
 * The training loop: steps, logs, validates, saves, and stops cleanly. On a CPU a resumed run repeats the losses of one
 * that was not interrupted, bit for bit.
 *
 * @param stop saves a checkpoint after the step in hand and ends.
 * @throws TrainingError with the batch's sample keys where the loss is not finite; ConfigError where a resumed run differs.
 */
export function train<C extends LoopConfig>(
  options: TrainLoopOptions<C>,
  stop?: AbortSignal,
): Observable<JobEvent<TrainResult>> {
  return createJob((context) => new TrainingRun(options, context).run(), stop);
}

class TrainingRun {
  readonly #options: TrainLoopOptions;
  readonly #context: JobContext;
  readonly #configHash: string;
  readonly #startMs: number;
  #state: TrainingState;
  #log: RunLog | null = null;
  #lastLoss: number | null = null;
  #savedAtMs: number;
  /** Since the last logged line: samples, milliseconds of waiting, start, and the keys of each batch. */
  #window = { samples: 0, waitMs: 0, sinceMs: 0, keys: [] as (readonly string[])[] };
  readonly #totals = { samples: 0, waitMs: 0 };

  constructor(options: TrainLoopOptions, context: JobContext) {
    this.#options = options;
    this.#context = context;
    this.#configHash = hashJson(options.config);
    this.#startMs = this.#clock();
    this.#savedAtMs = this.#startMs;
    this.#state = {
      schema: 1,
      task: options.task,
      step: 0,
      epoch: 0,
      seed: options.seed,
      cursor: { epoch: 0, batch: 0 },
      configHash: this.#configHash,
      dataDigest: options.source.digest,
      mode: 'eager',
      engine: options.engine,
      best: null,
      seconds: 0,
    };
  }

  async run(): Promise<TrainResult> {
    const { out, config, trainer, resume, task, seed, extra } = this.#options;
    const saved = readCheckpointState(out);
    if (saved && !resume) {
      throw new ConfigError(
        `${out} already holds a run at step ${saved.step}. Go on with --resume, or name another folder.`,
        { context: { out } },
      );
    }
    this.#restore(saved);
    if (this.#state.step >= config.steps) return this.#summarize(true);
    writeFileWhole(join(out, 'config.yaml'), stringify({ schema: 1, task, seed, ...extra, config }));
    this.#log = openRunLog(join(out, 'metrics.jsonl'), this.#state.step);
    this.#window.sinceMs = this.#clock();
    this.#tell();
    for await (const batch of this.#batches()) {
      const { result, isChecked } = await this.#step(batch);
      const { step } = this.#state;
      const isLast = step >= config.steps;
      const stopped = this.#context.signal.aborted;
      const isDue = step % config.checkpointEverySteps === 0 || this.#clock() - this.#savedAtMs > checkpointEveryMs;
      try {
        if (isLast || stopped || isDue) {
          if (!isChecked) this.#checkFinite(await readScalars(result)); // never save what cannot be gone on with
          await this.#save(trainer);
        }
      } finally {
        tf.dispose(result);
      }
      if (isLast || stopped) break;
    }
    return this.#summarize(this.#state.step >= config.steps);
  }

  /** Batches from the state's cursor on, with the time spent waiting for each. */
  async *#batches(): AsyncGenerator<SampleBatch> {
    let askedMs = this.#clock();
    for await (const batch of this.#options.source.batches(this.#state.cursor)) {
      const waited = this.#clock() - askedMs;
      this.#window.waitMs += waited;
      this.#totals.waitMs += waited;
      yield batch;
      askedMs = this.#clock();
    }
  }

  /** One step; its result is to be disposed by the caller. `isChecked`: it has been read, and is finite. */
  async #step(batch: SampleBatch): Promise<{ readonly result: StepResult; readonly isChecked: boolean }> {
    const { trainer, config, learningRate, seed } = this.#options;
    const index = this.#state.step;
    const random = createRandom(seed).fork('step', index);
    const rate = learningRate(index);
    const inputs = toTensorBatch(batch);
    const scalars = {
      learningRate: tf.scalar(rate, 'float32'),
      seed: tf.tensor1d([random.seed() | 0, random.seed() | 0], 'int32'),
    };
    const result = tf.tidy(() => trainer.step(inputs, scalars));
    disposeBatch(inputs);
    scalars.learningRate.dispose();
    scalars.seed.dispose();
    this.#state = { ...this.#state, step: index + 1, epoch: batch.cursor.epoch, cursor: batch.cursor };
    this.#window.samples += batch.keys.length;
    this.#totals.samples += batch.keys.length;
    this.#window.keys.push(batch.keys);
    batch.release();
    const { step } = this.#state;
    const isSaving = step % config.checkpointEverySteps === 0 || step >= config.steps;
    const isChecked = step % config.logEverySteps === 0 || isSaving;
    try {
      if (isChecked) await this.#logStep(result, rate, isSaving);
    } catch (error) {
      tf.dispose(result);
      throw error;
    }
    this.#tell();
    return { result, isChecked };
  }

  async #logStep(result: StepResult, learningRate: number, isSaving: boolean): Promise<void> {
    const values = await readScalars(result);
    this.#checkFinite(values);
    const held = this.#options.validation;
    const validation = isSaving && held ? await validate(this.#options.trainer, held()) : {};
    const { step, epoch } = this.#state;
    const seconds = Math.max(1e-9, (this.#clock() - this.#window.sinceMs) / 1000);
    const row: LogRow = {
      step,
      epoch,
      ...values,
      loss: values['loss']!,
      learningRate,
      samplesPerSecond: this.#window.samples / seconds,
      dataWaitShare: this.#window.waitMs / 1000 / seconds,
      ...validation,
    };
    this.#log?.append(row);
    this.#lastLoss = row.loss;
    const score = validation['validationLoss'];
    if (score !== undefined && score < (this.#state.best?.value ?? Infinity))
      this.#state = { ...this.#state, best: { step, value: score } };
    this.#window = { samples: 0, waitMs: 0, sinceMs: this.#clock(), keys: [] };
  }

  #checkFinite(values: Readonly<Record<string, number>>): void {
    if (Object.values(values).every(Number.isFinite)) return;
    const { step } = this.#state;
    throw new TrainingError(
      `The loss is not finite at step ${step}. Try a lower learningRate; the batches since the last logged step are in the context.`,
      { context: { step, values, keys: this.#window.keys } },
    );
  }

  #restore(state: TrainingState | null): void {
    if (!state) return;
    const { task, seed, source, engine, out, trainer } = this.#options;
    const wanted = { task, configHash: this.#configHash, seed, dataDigest: source.digest, engine };
    const differing = Object.entries(wanted).filter(([name, value]) => state[name as keyof TrainingState] !== value);
    // A finished run has nothing left that could differ.
    if (state.step < this.#options.config.steps && differing.length > 0) {
      const what = differing.map(
        ([name, value]) =>
          `${name} was ${JSON.stringify(state[name as keyof TrainingState])} and is ${JSON.stringify(value)}`,
      );
      throw new ConfigError(
        `${out} cannot be resumed: ${what.join('; ')}. Use another --out, or the settings in its config.yaml.`,
        {
          context: { out, differing: differing.map(([name]) => name) },
        },
      );
    }
    restoreCheckpoint(out, trainer);
    this.#state = state;
  }

  async #save(trainer: Trainer): Promise<void> {
    this.#state = { ...this.#state, seconds: this.#state.seconds + (this.#clock() - this.#savedAtMs) / 1000 };
    await saveCheckpoint(this.#options.out, trainer, this.#state);
    this.#savedAtMs = this.#clock();
  }

  #summarize(finished: boolean): TrainResult {
    const { out, task, trainer, extra, source } = this.#options;
    const seconds = Math.max(1e-9, (this.#clock() - this.#startMs) / 1000);
    const result: TrainResult = {
      steps: this.#state.step,
      finished,
      loss: this.#lastLoss,
      best: this.#state.best,
      parameters: trainer.parameters,
      samplesPerSecond: this.#totals.samples / seconds,
      dataWaitShare: this.#totals.waitMs / 1000 / seconds,
      trainingSeconds: this.#state.seconds,
    };
    // A finished run that is asked to go on keeps the summary of the try that did the work.
    if (this.#totals.samples > 0) {
      const summary = { schema: 1, task, ...extra, dataDigest: source.digest, samples: source.samples, ...result };
      writeFileWhole(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    }
    return result;
  }

  #tell(): void {
    const { config } = this.#options;
    this.#context.emit({
      kind: 'progress',
      stage: 'train',
      done: this.#state.step,
      total: config.steps,
      unit: 'steps',
      ...(this.#lastLoss === null ? {} : { note: `loss ${this.#lastLoss.toPrecision(4)}` }),
    });
  }

  #clock(): number {
    return this.#options.now().getTime();
  }
}
