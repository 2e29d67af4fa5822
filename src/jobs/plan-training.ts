import { createRandom } from '../core/index.js';
import {
  measureUpdates,
  scheduleOf,
  selectBackend,
  sumLayers,
  type LayerSummary,
  type Trainer,
} from '../engine/index.js';
import { tasks, type TaskConfig } from '../models/index.js';
import { openChecked, resolveTraining, type TrainOptions } from './train.js';
import { openTrainingBatches, partOf, splitByGroup } from './training-data.js';

/** What `train` would do, and how long a few updates of it took. */
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
  /** Updates that were tried to measure the time, after a first one. */
  readonly measured: number;
  readonly estimate: {
    /** Of all steps on this machine, without validation; null where nothing could be measured. */
    readonly seconds: number | null;
    readonly secondsPerStep: number | null;
  };
  readonly bytes: {
    /** Of the dataset. */
    readonly data: number;
    /** Of the checkpoints that are kept. */
    readonly checkpoints: number;
    /** Of memory, after the updates that were tried. */
    readonly resident: number;
  };
}

/** A plan tries at most so many updates, and begins none after so many seconds; the second one is always done. */
const tried = { updates: 8, seconds: 15 };

/**
 * Parameters, samples, steps, epochs, bytes and time of a training, from a few updates of it that are thrown away.
 *
 * @throws ConfigError and StoreError as `train` does.
 */
export async function planTraining(options: TrainOptions, stop?: AbortSignal): Promise<TrainPlan> {
  const { data, val, engine = 'auto', seed = 1, workers = 1 } = options;
  const task = await tasks.load(options.task);
  const config = resolveTraining(task, options);
  const { count } = partOf(config);
  const dataset = await openChecked(data, task);
  const closers: (() => Promise<void>)[] = [() => dataset.close()];
  try {
    const share = val === undefined ? config.validationShare : 0;
    const { training } = await splitByGroup(dataset, { share, seed });
    const source = openTrainingBatches(dataset, { task, config, seed, workers, ordinals: training.ordinals });
    closers.push(() => source.close());
    await selectBackend(engine, { threads: config.engineThreads });
    const trainer = task.createTrainer(config, createRandom(seed).fork('init'));
    closers.push(async () => trainer.dispose());
    const { parameters, network = null } = trainer;
    const learningRate = scheduleOf(config, (step) => task.learningRate(config, step));
    const { secondsEach, firstSeconds, residentBytes, updates } = await measureUpdates(
      { trainer, config, learningRate, source, seed },
      tried,
      stop,
    );
    const secondsPerStep = updates === 0 ? null : secondsEach;
    const samples = dataset.size;
    return {
      config,
      parameters,
      samples,
      epochs: (config.steps * config.batchSize * config.accumulateSteps * count) / samples,
      digest: dataset.digest,
      network,
      flops: network && sumLayers(network).flops,
      measured: updates,
      estimate: {
        seconds: secondsPerStep === null ? null : firstSeconds + Math.max(0, config.steps - 1) * secondsPerStep,
        secondsPerStep,
      },
      bytes: {
        data: dataset.summary.bytes,
        checkpoints: (config.keepCheckpoints + 1) * checkpointBytes(trainer, config),
        resident: residentBytes,
      },
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Weights, their average and what the optimizer keeps, in float32. */
function checkpointBytes({ variables, slots }: Trainer, { emaDecay }: TaskConfig): number {
  const numbers = (of: Trainer['variables']) => [...of.values()].reduce((sum, { size }) => sum + size, 0);
  return 4 * (numbers(variables) * (emaDecay > 0 ? 2 : 1) + numbers(slots));
}
