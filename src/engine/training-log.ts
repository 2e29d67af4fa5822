import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { TrainingError } from '../core/index.js';
import type { LoopConfig, LoopSettings } from './loop-settings.js';
import { openRunLog, type LogRow, type RunLog } from './run-log.js';
import { drawPictures } from './tensorboard/pictures.js';
import { openTensorBoard, type TensorBoard } from './tensorboard/writer.js';
import { tf } from './tf.js';
import type { StepResult, TensorBatch, Trainer } from './trainer.js';
import { readScalars } from './validate.js';

/** Rates since the last logged line. */
export type WindowTotals = Readonly<
  Record<'samplesPerSecond' | 'dataWaitShare' | 'residentMegabytes' | 'engineMegabytes', number>
>;

/** Where a run's log goes. */
export interface TrainingLogOptions {
  readonly out: string;
  /** Steps that are done. */
  readonly step: number;
  readonly config: LoopConfig;
  readonly settings: LoopSettings;
  readonly trainer: Pick<Trainer, 'pictures' | 'encoder'>;
  readonly group: string;
  readonly now: () => Date;
}

/** Batches whose losses are held, so that the first bad one can be named. */
const mostHeld = 2000;
const megabyte = 1_000_000;

/** What a run writes down as it goes: `metrics.jsonl`, the same for TensorBoard, and what it needs to name a bad batch. */
export class TrainingLog {
  readonly #options: TrainingLogOptions;
  readonly #lines: RunLog;
  readonly #board: TensorBoard;
  /** Since the last logged line. */
  readonly #batches: { readonly keys: readonly string[]; readonly loss: Tensor }[] = [];
  #samples = 0;
  #waitMs = 0;
  #sinceMs: number;
  /** Loss of the last logged line. */
  lastLoss: number | null = null;
  /** The last logged line. */
  lastRow: LogRow | null = null;

  constructor(options: TrainingLogOptions) {
    const { out, step, config, group, now } = options;
    this.#options = options;
    this.#lines = openRunLog(join(out, 'metrics.jsonl'), step);
    this.#board = openTensorBoard(out, { step, config: { ...config }, group, now });
    this.#sinceMs = now().getTime();
  }

  /** Counts time in which the engine waited for data. */
  waited(milliseconds: number): void {
    this.#waitMs += milliseconds;
  }

  /** Remembers a batch and its loss until the next line. */
  saw(keys: readonly string[], { loss }: StepResult): void {
    this.#samples += keys.length;
    this.#batches.push({ keys, loss: loss.clone() });
    if (this.#batches.length > mostHeld) this.#batches.shift()!.loss.dispose();
  }

  /**
   * The mean of what an update's batches gave, by name.
   *
   * @throws TrainingError naming the first batch whose loss is not finite.
   */
  async read(results: readonly StepResult[], step: number): Promise<Record<string, number>> {
    const all = await Promise.all(results.map(readScalars));
    const values: Record<string, number> = {};
    for (const one of all) {
      for (const [name, value] of Object.entries(one)) {
        const times = all.filter((other) => name in other).length;
        values[name] = (values[name] ?? 0) + value / times;
      }
    }
    if (!Object.values(values).every(Number.isFinite)) await this.#refuse(values, step);
    return values;
  }

  /** Starts the clock of the next rates. */
  openWindow(): void {
    this.#sinceMs = this.#options.now().getTime();
  }

  /** Rates since the window was opened. */
  closeWindow(): WindowTotals {
    const nowMs = this.#options.now().getTime();
    const seconds = Math.max(1e-9, (nowMs - this.#sinceMs) / 1000);
    const totals = {
      samplesPerSecond: this.#samples / seconds,
      dataWaitShare: Math.min(1, this.#waitMs / 1000 / seconds),
      residentMegabytes: process.memoryUsage.rss() / megabyte,
      engineMegabytes: tf.memory().numBytes / megabyte,
    };
    this.#forget();
    this.#samples = 0;
    this.#waitMs = 0;
    return totals;
  }

  append(row: LogRow): void {
    this.#lines.append(row);
    const { step, ...values } = row;
    this.#board.write(
      step,
      Object.entries(values).map(([tag, scalar]) => ({ tag, scalar })),
    );
    this.lastLoss = row.loss;
    this.lastRow = row;
  }

  /** Shows TensorBoard a batch, and nearest neighbours in it. */
  async draw(step: number, batch: TensorBatch): Promise<void> {
    const { trainer, settings } = this.#options;
    if (settings.pictures === 0) return;
    const values = await drawPictures(trainer, batch, settings.pictures);
    if (values.length > 0) this.#board.write(step, values);
  }

  end(step: number, isFinished: boolean): void {
    this.#board.end(step, isFinished);
  }

  dispose(): void {
    this.#forget();
  }

  async #refuse(values: Readonly<Record<string, number>>, step: number): Promise<never> {
    const { accumulateSteps } = this.#options.settings;
    const losses = await Promise.all(this.#batches.map(async ({ loss }) => (await loss.data())[0]!));
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    const updatesAgo = bad < 0 ? 0 : Math.floor((losses.length - 1 - bad) / accumulateSteps);
    const keys = (bad < 0 ? this.#batches.slice(-accumulateSteps) : [this.#batches[bad]!]).map((batch) => batch.keys);
    const all = keys.flat();
    const shown = all.slice(0, 8);
    const rest = all.length - shown.length;
    throw new TrainingError(
      `The loss is not finite at step ${step - updatesAgo}, of samples ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}. Look at these, or try a lower learningRate, or clipNorm.`,
      { context: { step: step - updatesAgo, values, keys } },
    );
  }

  #forget(): void {
    for (const { loss } of this.#batches.splice(0)) loss.dispose();
  }
}
