import { join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  canonicalJson,
  ConfigError,
  createJob,
  createRandom,
  runJob,
  sha256,
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
  sumLayers,
  train as runTraining,
  type LayerSummary,
  type TrainResult,
} from '../engine/index.js';
import { resolveTaskConfig, tasks, type AnyPretextTask, type TaskConfig } from '../models/index.js';
import { openDataset, type Dataset } from '../store/index.js';

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
    const { config } = resolveTaskConfig(task, { file: options.file, set: options.set ?? [] });
    const dataset = await openChecked(data, task);
    const held = val === undefined ? null : await openChecked(val, task);
    const closers: (() => Promise<void>)[] = [() => dataset.close(), ...(held ? [() => held.close()] : [])];
    try {
      const backend = await selectBackend(engine, { threads: config.engineThreads });
      onBackend?.(describeBackend(backend));
      const share = held === null ? config.validationShare : 0;
      const { training, validation } = await splitByGroup(dataset, { share, seed });
      const random = createRandom(seed);
      const trainer = task.createTrainer(config, random.fork('init'));
      closers.push(async () => trainer.dispose());
      const shared = { prepare: task.prepare, config, batchSize: config.batchSize, seed };
      const source = dataset.batchSource({ ...shared, workers, mode: 'train', ordinals: training.ordinals });
      closers.push(() => source.close());
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
      if (readCheckpointState(out) === null) {
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

/** What `train` would do. */
export interface TrainPlan {
  readonly config: TaskConfig;
  readonly parameters: number;
  readonly samples: number;
  readonly epochs: number;
  /** Of the dataset. */
  readonly digest: string;
  /** The layers, where the task lists them. */
  readonly network: readonly LayerSummary[] | null;
  /** Floating-point operations of one sample's forward pass. */
  readonly flops: number | null;
}

/** Parameters, samples, steps and epochs of a training, without a step of it. */
export async function planTraining(options: TrainOptions): Promise<TrainPlan> {
  const task = await tasks.load(options.task);
  const { config } = resolveTaskConfig(task, { file: options.file, set: options.set ?? [] });
  const dataset = await openChecked(options.data, task);
  try {
    await selectBackend(options.engine ?? 'auto');
    const trainer = task.createTrainer(config, createRandom(options.seed ?? 1).fork('init'));
    const { parameters, network = null } = trainer;
    trainer.dispose();
    const samples = dataset.size;
    const epochs = (config.steps * config.batchSize * config.accumulateSteps) / samples;
    const flops = network && sumLayers(network).flops;
    return { config, parameters, samples, epochs, digest: dataset.digest, network, flops };
  } finally {
    await dataset.close();
  }
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

/** The group of each source, read from its first sample; a source without one is its own group. */
export async function groupsOf(dataset: Dataset): Promise<ReadonlyMap<string, string>> {
  const groups = new Map<string, string>();
  for (const { source, first } of dataset.sourceRanges()) {
    const { group } = (await dataset.sample(first)).fields as { readonly group?: unknown };
    groups.set(source, typeof group === 'string' ? group : source);
  }
  return groups;
}

/** The source id at the head of a sample key. */
export function sourceOfKey(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

interface GroupSplit {
  readonly training: {
    readonly ordinals: readonly number[];
    readonly sources: readonly string[];
    readonly groups: readonly string[];
  };
  readonly validation: { readonly ordinals: readonly number[] };
}

/** Holds out a share of the groups, chosen by the hash of their names, where there are 10 sources and 2 groups or more. */
async function splitByGroup(
  dataset: Dataset,
  { share, seed }: { readonly share: number; readonly seed: number },
): Promise<GroupSplit> {
  const groups = await groupsOf(dataset);
  const names = [...new Set(groups.values())]
    .map((name) => ({ name, hash: sha256(`${seed}/${name}`) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const isEnough = share > 0 && groups.size >= 10 && names.length >= 2;
  const count = isEnough ? Math.max(1, Math.floor(names.length * share)) : 0;
  const held = new Set(names.slice(0, count).map(({ name }) => name));
  const isHeld = (source: string) => held.has(groups.get(source) ?? '');
  const training: number[] = [];
  const validation: number[] = [];
  for (const { source, first, count } of dataset.sourceRanges()) {
    const ordinals = isHeld(source) ? validation : training;
    for (let ordinal = first; ordinal < first + count; ordinal++) ordinals.push(ordinal);
  }
  if (training.length === 0) throw new ConfigError(`Nothing is left to train on after ${count} groups were held out.`);
  return {
    training: {
      ordinals: training,
      sources: [...groups.keys()].filter((source) => !isHeld(source)).sort(),
      groups: names
        .map(({ name }) => name)
        .filter((name) => !held.has(name))
        .sort(),
    },
    validation: { ordinals: validation },
  };
}
