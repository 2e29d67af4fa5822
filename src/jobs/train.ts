import { join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  canonicalJson,
  createJob,
  createRandom,
  runJob,
  StoreError,
  writeFileWhole,
  type JobEvent,
  type SampleBatch,
} from '../core/index.js';
import {
  readCheckpointState,
  scheduleOf,
  selectBackend,
  startFromWeights,
  train as runTraining,
  type TrainResult,
} from '../engine/index.js';
import { resolveTaskConfig, tasks, type AnyPretextTask, type TaskConfig } from '../models/index.js';
import { openDataset, type Dataset } from '../store/index.js';
import { beginEarly } from './early-batches.js';
import { describeLongTraining } from './long-training.js';
import { openTrainingBatches, splitByGroup } from './training-data.js';

/** What `train` takes. */
export interface TrainOptions {
  readonly task: string;
  /** Folder of the dataset. */
  readonly data: string;
  /** Folder of the run. */
  readonly out: string;
  /** Dataset to validate on; else `validationShare` of the groups is held out from 10 sources up. */
  readonly val?: string | undefined;
  /** `tensorflow`, `wasm`, `cpu` or `auto`. */
  readonly engine?: string;
  readonly file?: string | undefined;
  readonly set?: readonly string[];
  readonly seed?: number;
  /** Loader threads. */
  readonly workers?: number;
  /** This trainer's share of each batch, one of several side by side; `index` from 0. The setting `part`. */
  readonly part?: { readonly index: number; readonly count: number } | undefined;
  readonly resume?: boolean;
  /** A run, of this task or another, or a safetensors file, whose matching weights to start from. */
  readonly init?: string | undefined;
  /** Told which engine runs and what was passed over. */
  readonly onBackend?: (line: string) => void;
}

/** What was trained. */
export interface TrainSummary extends TrainResult {
  readonly engine: string;
  readonly dataDigest: string;
}

/** File of a run that names what it was trained on, for leak checks. */
export interface TrainingSources {
  readonly schema: 1;
  readonly digest: string;
  readonly sources: readonly string[];
  readonly groups: readonly string[];
}

/** Trains a pretext task on a dataset; `resume` goes on exactly. */
export function train(options: TrainOptions, stop?: AbortSignal): Observable<JobEvent<TrainSummary>> {
  return createJob(async ({ emit, signal }) => {
    const {
      task: name,
      data,
      out,
      val,
      engine = 'auto',
      seed = 1,
      workers = 1,
      resume = false,
      init,
      onBackend,
    } = options;
    const task = await tasks.load(name);
    const config = resolveTraining(task, options);
    const dataset = await openChecked(data, task);
    const held = val === undefined ? null : await openChecked(val, task);
    const closers: (() => Promise<void>)[] = [() => dataset.close(), ...(held ? [() => held.close()] : [])];
    try {
      const share = held === null ? config.validationShare : 0;
      const { training, validation } = await splitByGroup(dataset, { share, seed });
      const loader = openTrainingBatches(dataset, { task, config, seed, workers, ordinals: training.ordinals });
      closers.push(() => loader.close());
      const saved = readCheckpointState(out);
      const source = await beginEarly(loader, saved?.cursor ?? { epoch: 0, batch: 0 });
      const backend = await selectBackend(engine, { threads: config.engineThreads });
      onBackend?.(describeBackend(backend));
      const random = createRandom(seed);
      const trainer = task.createTrainer(config, random.fork('init'));
      closers.push(async () => trainer.dispose());
      const left = config.steps - (saved?.step ?? 0);
      const message = backend.device === 'CPU' ? describeLongTraining(trainer, config, left) : null;
      if (message !== null) emit({ kind: 'warning', stage: 'train', message });
      const shared = { prepare: task.prepare, config, batchSize: config.batchSize, seed };
      const validate = held ?? (validation.ordinals.length > 0 ? dataset : null);
      const validator = validate?.batchSource({
        ...shared,
        workers: 0,
        mode: 'evaluate',
        ...(held ? {} : { ordinals: validation.ordinals }),
      });
      if (validator) closers.push(() => validator.close());
      const sources: TrainingSources = {
        schema: 1,
        digest: dataset.digest,
        sources: training.sources,
        groups: training.groups,
      };
      // A run that is there keeps its own; the loop refuses to go on with other data.
      if (saved === null) {
        writeFileWhole(join(out, 'training-sources.json'), `${JSON.stringify(sources)}\n`);
      }
      const result = await runJob(
        runTraining(
          {
            task: name,
            trainer,
            config,
            learningRate: scheduleOf(config, (step) => task.learningRate(config, step)),
            out,
            source,
            ...(validator ? { validation: (): AsyncIterable<SampleBatch> => validator.epoch() } : {}),
            resume,
            seed,
            engine: `${backend.name} ${backend.version}`,
            ...(init === undefined
              ? {}
              : { initialize: () => startFromWeights(trainer, init, task.publishedWeights?.(config)) }),
            extra: {
              taskVersion: task.version,
              data: dataset.digest,
              engine: backend.name,
              device: backend.device,
              engineVersion: backend.version,
            },
            now: () => new Date(),
          },
          signal,
        ),
        emit,
      );
      return { ...result, engine: describeBackend(backend), dataDigest: dataset.digest };
    } finally {
      for (const close of closers.reverse()) await close();
    }
  }, stop);
}

/** The checked settings of a training. @throws ConfigError for a setting that is unknown or wrong. */
export function resolveTraining(task: AnyPretextTask, { file, set = [], part }: TrainOptions): TaskConfig {
  const ofPart = part ? [`part=${part.index + 1}/${part.count}`] : [];
  return resolveTaskConfig(task, { file, set: [...set, ...ofPart] }).config;
}

/** `tensorflow 2.21.0 on cpu (passed over …)`. */
export function describeBackend(backend: Awaited<ReturnType<typeof selectBackend>>): string {
  const passed = backend.passedOver.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  return `${backend.name} ${backend.version} on ${backend.device}${passed === '' ? '' : ` (passed over ${passed})`}`;
}

/**
 * Opens a dataset that a task can eat.
 *
 * @throws StoreError `wrong-signal` or `other-spec`.
 */
export async function openChecked(dir: string, task: AnyPretextTask): Promise<Dataset> {
  const dataset = await openDataset(dir);
  const { header } = dataset;
  const problem =
    header.signal !== task.signal
      ? new StoreError('wrong-signal', `${dir} holds ${header.signal}; ${task.name} eats ${task.signal}.`, {
          context: { dir },
        })
      : canonicalJson(header.spec) !== canonicalJson(task.sample)
        ? new StoreError('other-spec', `${dir} was mined with other fields than ${task.name} expects: mine it again.`, {
            context: { dir },
          })
        : dataset.size === 0
          ? new StoreError(
              'empty',
              `${dir} holds no sample: nothing to train on. See its rejections with reelmine inspect.`,
              { context: { dir } },
            )
          : null;
  if (!problem) return dataset;
  await dataset.close();
  throw problem;
}
