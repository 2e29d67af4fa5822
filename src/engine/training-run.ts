import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { stringify } from 'yaml';
import {
  ConfigError,
  createRandom,
  writeFileWhole,
  type JobContext,
  type Random,
  type SampleBatch,
} from '../core/index.js';
import { createAveragedWeights, type AveragedWeights } from './averaged-weights.js';
import { readCheckpointState, restoreCheckpoint, saveCheckpoint, type TrainingState } from './checkpoint.js';
import { describeInitialWeights, type InitialWeights } from './initial-weights.js';
import { completeSettings, type LoopConfig, type LoopSettings } from './loop-settings.js';
import { profileStep, type StepProfile } from './profile.js';
import { assertSameRun, firstState, isOver, withScore } from './run-state.js';
import { summarizeRun } from './run-summary.js';
import { createStopwatch, type Stopwatch } from './stopwatch.js';
import { tf } from './tf.js';
import type { TrainLoopOptions, TrainResult } from './train.js';
import type { StepResult, TensorBatch } from './trainer.js';
import { TrainingLog, type WindowTotals } from './training-log.js';
import { createUpdateStep, disposeInput, toStepInput, type StepInput, type UpdateStep } from './update-step.js';
import { validate } from './validate.js';

const checkpointEveryMs = 600_000;
/** At this step of a try the parts of a step are timed: by then caches are warm. */
const profiledStep = 10;

/** One training from its start or last checkpoint to its end: what `train` runs. */
export class TrainingRun {
  readonly #options: TrainLoopOptions;
  readonly #settings: LoopSettings & LoopConfig;
  readonly #context: JobContext;
  readonly #average: AveragedWeights | null;
  readonly #watch: Stopwatch;
  #state: TrainingState;
  #update: UpdateStep | null = null;
  #log: TrainingLog | null = null;
  #savedAtMs: number;
  #savedStep = 0;
  #slowestSaveMs = 0;
  #samples = 0;
  #updates = 0;
  #hasWarned = false;
  #profile: StepProfile | null = null;
  #initial: InitialWeights | null = null;

  constructor(options: TrainLoopOptions, context: JobContext) {
    this.#options = options;
    this.#settings = completeSettings(options.config);
    this.#context = context;
    this.#average = this.#settings.emaDecay > 0 ? createAveragedWeights(options.trainer.variables) : null;
    this.#watch = createStopwatch(() => this.#clock());
    this.#savedAtMs = this.#clock();
    this.#state = firstState(options);
  }

  async run(): Promise<TrainResult> {
    try {
      return await this.#train();
    } finally {
      this.#log?.dispose();
      this.#update?.dispose();
      this.#average?.dispose();
    }
  }

  async #train(): Promise<TrainResult> {
    const { out, resume, task, seed, extra, initialize, config, trainer } = this.#options;
    const saved = readCheckpointState(out);
    if (saved && !resume) {
      throw new ConfigError(
        `${out} already holds a run at step ${saved.step}. Go on with --resume, or name another folder.`,
        { context: { out } },
      );
    }
    if (saved) this.#restore(saved);
    else this.#start(initialize);
    if (this.#isOver()) return this.#summarize();
    writeFileWhole(join(out, 'config.yaml'), stringify({ schema: 1, task, seed, ...extra, config }));
    this.#log = new TrainingLog({
      out,
      step: this.#state.step,
      config,
      settings: this.#settings,
      trainer,
      group: this.#state.configHash,
      now: this.#options.now,
    });
    this.#tell();
    for await (const inputs of this.#groups(saved !== null)) {
      await this.#afterUpdate(inputs.results, inputs.last);
      await setImmediate(); // signals and the loader's messages come in here
      if (this.#context.signal.aborted) await this.#save(inputs.results);
      if (this.#isOver() || this.#context.signal.aborted) break;
    }
    this.#log.end(this.#state.step, this.#isOver());
    return this.#summarize();
  }

  /** Updates the weights from as many batches as one update takes, again and again. */
  async *#groups(
    isResumed: boolean,
  ): AsyncGenerator<{ readonly results: readonly StepResult[]; readonly last: TensorBatch }> {
    const { accumulateSteps } = this.#settings;
    let results: StepResult[] = [];
    let random: Random | null = null;
    let askedMs = this.#clock();
    for await (const batch of this.#options.source.batches(this.#state.cursor)) {
      this.#log?.waited(this.#clock() - askedMs);
      this.#watch.add('dataWait', (this.#clock() - askedMs) / 1000);
      random ??= createRandom(this.#options.seed).fork('step', this.#state.step);
      const isLast = results.length === accumulateSteps - 1;
      const input = this.#upload(batch, random);
      try {
        this.#update ??= this.#watch.measure('capture', () => this.#createUpdate(input, isResumed));
        if (isLast) this.#measureOnce(input);
        const update = this.#update;
        results.push(this.#watch.measure('compute', () => update.add(input, isLast)));
        this.#log?.saw(batch.keys, results.at(-1)!);
        this.#samples += batch.keys.length;
        this.#state = { ...this.#state, cursor: batch.cursor };
        if (isLast) {
          this.#updates++;
          this.#state = { ...this.#state, step: this.#state.step + 1, epoch: batch.cursor.epoch };
          const done = results;
          [results, random] = [[], null];
          try {
            yield { results: done, last: input.batch };
          } finally {
            tf.dispose(done);
          }
        }
      } finally {
        disposeInput(input);
      }
      askedMs = this.#clock();
    }
  }

  #upload(batch: SampleBatch, random: Random): StepInput {
    const { trainer, learningRate } = this.#options;
    const { emaDecay } = this.#settings;
    const about = { trainer, step: this.#state.step, learningRate, emaDecay, random };
    return this.#watch.measure('upload', () => toStepInput(batch, about));
  }

  #createUpdate(example: StepInput, isResumed: boolean): UpdateStep {
    const update = createUpdateStep(this.#options.trainer, example, {
      settings: this.#settings,
      average: this.#average,
      mode: isResumed ? this.#state.mode : null,
    });
    this.#state = { ...this.#state, mode: update.mode };
    if (update.mode === 'eager' && update.reason !== null && tf.getBackend() === 'tensorflow')
      this.#context.emit({
        kind: 'warning',
        stage: 'train',
        message: `steps run operation by operation: ${update.reason}`,
      });
    return update;
  }

  async #afterUpdate(results: readonly StepResult[], last: TensorBatch): Promise<void> {
    const { step } = this.#state;
    const { checkpointEverySteps, logEverySteps, steps } = this.#settings;
    const isSaving = step % checkpointEverySteps === 0 || step >= steps;
    const isLogging = isSaving || step % logEverySteps === 0;
    const log = this.#log!;
    if (isLogging) {
      const values = await log.read(results, step);
      this.#warn(values);
      const window = log.closeWindow();
      const validation = isSaving ? await this.#validate() : {};
      this.#append(values, validation, window);
      if (isSaving) await log.draw(step, last);
    }
    if (isSaving || this.#clock() - this.#savedAtMs > checkpointEveryMs) await this.#save(results);
    if (isLogging) log.openWindow();
    this.#tell();
  }

  #warn(values: Readonly<Record<string, number>>): void {
    const message = this.#hasWarned ? null : (this.#options.trainer.warning?.(values) ?? null);
    if (message === null) return;
    this.#hasWarned = true;
    this.#context.emit({ kind: 'warning', stage: 'train', message: `step ${this.#state.step}: ${message}` });
  }

  #append(
    values: Readonly<Record<string, number>>,
    validation: Readonly<Record<string, number>>,
    window: WindowTotals,
  ): void {
    const { step, epoch } = this.#state;
    this.#log!.append({
      step,
      epoch,
      ...values,
      loss: values['loss']!,
      learningRate: this.#options.learningRate(step - 1),
      ...window,
      ...validation,
    });
    this.#state = withScore(this.#state, validation['validationLoss'], this.#settings.patience);
  }

  /** Scores on held-out data, with the averaged weights where there are some. */
  async #validate(): Promise<Record<string, number>> {
    const { validation, trainer } = this.#options;
    if (!validation) return {};
    const work = () => validate(trainer, validation());
    return this.#watch.measure('validation', () => (this.#average ? this.#average.within(work) : work()));
  }

  /** Writes a checkpoint of this step, once. */
  async #save(results: readonly StepResult[]): Promise<void> {
    const { step } = this.#state;
    if (this.#savedStep === step) return;
    await this.#log!.read(results, step); // never save what cannot be gone on with
    const fromMs = this.#clock();
    const { out, trainer } = this.#options;
    this.#state = { ...this.#state, seconds: this.#state.seconds + (fromMs - this.#savedAtMs) / 1000 };
    const options = { keep: this.#settings.keepCheckpoints, average: this.#average };
    await this.#watch.measure('saving', () => saveCheckpoint(out, trainer, this.#state, options));
    this.#savedStep = step;
    this.#savedAtMs = this.#clock();
    this.#slowestSaveMs = Math.max(this.#slowestSaveMs, this.#savedAtMs - fromMs);
  }

  #measureOnce(input: StepInput): void {
    if (!this.#settings.profile || this.#updates !== Math.min(profiledStep, this.#settings.steps - 1)) return;
    const { trainer } = this.#options;
    this.#profile = profileStep(trainer, input, {
      mode: this.#state.mode,
      variables: [...trainer.variables.values(), ...trainer.slots.values()],
      clock: () => performance.now(),
    });
  }

  #start(initialize: (() => InitialWeights) | undefined): void {
    if (!initialize) return;
    this.#initial = initialize();
    this.#average?.reset();
    this.#context.emit({ kind: 'warning', stage: 'train', message: describeInitialWeights(this.#initial) });
  }

  #restore(saved: TrainingState): void {
    const { out, trainer } = this.#options;
    if (!isOver(saved, this.#settings.steps)) {
      assertSameRun(saved, this.#state, out); // a finished run has nothing left that could differ
      restoreCheckpoint(out, trainer, this.#average);
    }
    this.#state = saved;
    this.#savedStep = saved.step;
  }

  #isOver(): boolean {
    return isOver(this.#state, this.#settings.steps);
  }

  #summarize(): TrainResult {
    return summarizeRun(this.#options, {
      state: this.#state,
      samples: this.#samples,
      loss: this.#log?.lastLoss ?? null,
      time: this.#watch.totals(),
      update: this.#update,
      slowestCheckpointSeconds: this.#slowestSaveMs / 1000,
      profile: this.#profile,
      initialWeights: this.#initial,
    });
  }

  #tell(): void {
    const values = this.#log?.lastRow ?? null;
    this.#context.emit({
      kind: 'progress',
      stage: 'train',
      done: this.#state.step,
      total: this.#settings.steps,
      unit: 'steps',
      ...(values ? { note: `loss ${values.loss.toPrecision(4)}`, values } : {}),
    });
  }

  #clock(): number {
    return this.#options.now().getTime();
  }
}
