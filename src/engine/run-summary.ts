import { join } from 'node:path';
import { writeFileWhole } from '../core/index.js';
import type { TrainingState } from './checkpoint.js';
import type { InitialWeights } from './initial-weights.js';
import { sumLayers } from './layer-summary.js';
import type { StepProfile } from './profile.js';
import { isOver } from './run-state.js';
import type { Stopwatch } from './stopwatch.js';
import type { TrainLoopOptions, TrainResult } from './train.js';

/** What one try of a training has to tell. */
export interface TryReport {
  readonly state: TrainingState;
  readonly samples: number;
  readonly loss: number | null;
  readonly time: ReturnType<Stopwatch['totals']>;
  /** How steps were computed, and why not better; null where none was. */
  readonly update: { readonly mode: string; readonly reason: string | null } | null;
  readonly slowestCheckpointSeconds: number;
  readonly profile: StepProfile | null;
  readonly initialWeights: InitialWeights | null;
}

/**
 * A try's result, also written to `summary.json`; a finished run that is asked to go on keeps the summary of the try that did
 * the work.
 */
export function summarizeRun(options: TrainLoopOptions, report: TryReport): TrainResult {
  const { out, task, trainer, extra, source, config } = options;
  const { state, samples, loss, time, update, slowestCheckpointSeconds, profile, initialWeights } = report;
  const seconds = Math.max(1e-9, time.total);
  const flops = trainer.network ? sumLayers(trainer.network).flops : null;
  const samplesPerSecond = samples / seconds;
  const result: TrainResult = {
    steps: state.step,
    finished: isOver(state, config.steps),
    stoppedEarly: state.stoppedEarly === true,
    loss,
    best: state.best,
    parameters: trainer.parameters,
    flops,
    flopsPerSecond: flops === null ? null : 3 * flops * samplesPerSecond,
    mode: update?.mode ?? null,
    modeReason: update?.reason ?? null,
    samplesPerSecond,
    dataWaitShare: time.dataWait / seconds,
    time,
    slowestCheckpointSeconds,
    profile,
    initialWeights,
    trainingSeconds: state.seconds,
  };
  if (samples > 0) {
    const facts = { dataDigest: source.digest, samples: source.samples, network: trainer.network ?? null };
    const summary = { schema: 1, task, ...extra, ...facts, ...result };
    writeFileWhole(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  }
  return result;
}
