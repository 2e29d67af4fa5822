import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { checkConfig, ConfigError, createRandom, folderKind, readJsonFile, sha256 } from '../core/index.js';
import { loadWeights, readCheckpointState, weightsFile, type Trainer } from '../engine/index.js';
import type { EvaluatedModel } from '../eval/index.js';
import { resolveTaskConfig, tasks, type AnyPretextTask, type TaskConfig } from '../models/index.js';
import type { TrainingSources } from './train.js';

/** Whose weights a job runs on videos, and how. */
export interface RunOptions {
  /** Folder of a run, or `random:TASK` for untrained weights. */
  readonly run: string;
  readonly seed?: number;
  readonly decoder?: string;
  readonly engine?: string;
  /** Settings of the task, for untrained weights alone: a run has its own. */
  readonly file?: string | undefined;
  readonly set?: readonly string[];
  /** Told which engine runs and what was passed over. */
  readonly onBackend?: (line: string) => void;
}

/** A run as it is evaluated or encoded with. */
export interface LoadedRun {
  readonly task: AnyPretextTask;
  readonly config: TaskConfig;
  readonly evaluated: EvaluatedModel;
  readonly trainedOn: TrainingSources | null;
  /** A trainer with the run's weights, or untrained ones for a seed. */
  create(untrainedSeed?: number): Trainer;
}

/**
 * Reads the folder of a run, or `random:TASK`, which alone takes settings: a run has its own. They may be part of its name, too:
 * `random:TASK?preset=tiny&batchSize=4`.
 *
 * @throws ConfigError if it is no folder of a run, or settings are given for one.
 */
export async function loadRun(
  run: string,
  seed: number,
  settings: { readonly file?: string | undefined; readonly set?: readonly string[] } = {},
): Promise<LoadedRun> {
  const untrained = run.startsWith('random:');
  if (!untrained && folderKind(run) !== 'run')
    throw new ConfigError(`${run} is not the folder of a run.`, { context: { run } });
  if (!untrained && (settings.file !== undefined || (settings.set ?? []).length > 0))
    throw new ConfigError(`${run} has its own settings: --config and --set are for random:TASK.`, { context: { run } });
  const saved = untrained
    ? null
    : (parse(readFileSync(join(run, 'config.yaml'), 'utf8')) as { task: string; config: unknown });
  const [named = '', ...asked] = run.slice('random:'.length).split(/[?&]/);
  const task = await tasks.load(saved?.task ?? named);
  const config = saved
    ? (checkConfig(task.config, saved.config).config as TaskConfig)
    : resolveTaskConfig(task, { ...settings, set: [...asked, ...(settings.set ?? [])] }).config;
  const sources = join(run, 'training-sources.json');
  const weights = untrained ? null : readFileSync(weightsFile(run));
  return {
    task,
    config,
    evaluated: {
      task: task.name,
      run: untrained ? null : resolve(run),
      step: untrained ? null : (readCheckpointState(run)?.step ?? null),
      weightsSha256: weights && sha256(weights),
    },
    trainedOn: existsSync(sources) ? readJsonFile<TrainingSources>(sources, 1) : null,
    create(untrainedSeed) {
      const random = createRandom(seed).fork('untrained', untrainedSeed ?? 'run');
      const trainer = task.createTrainer(config, random);
      if (!untrained && untrainedSeed === undefined) loadWeights(trainer, run);
      return trainer;
    },
  };
}
