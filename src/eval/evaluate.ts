import { join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  ConfigError,
  createJob,
  createRandom,
  PipelineError,
  StoppedError,
  toolVersion,
  writeFileWhole,
  type JobEvent,
  type Metric,
  type MetricCurve,
  type Rival,
} from '../core/index.js';
import { splitSources } from './benchmarks/roles.js';
import { publishedFigures } from './published.js';
import type {
  Abilities,
  AnyEvaluator,
  EvaluateContext,
  EvaluatedModel,
  EvaluationData,
  EvaluationDataset,
  EvaluationPlan,
} from './define-evaluator.js';

/** What an evaluation takes. */
export interface EvaluateOptions {
  readonly evaluator: AnyEvaluator;
  /** Checked by the evaluator's schema. */
  readonly config: unknown;
  readonly model: Abilities[keyof Abilities];
  /** The same network with untrained weights. */
  readonly untrained: (seed: number) => Promise<Abilities[keyof Abilities] & { dispose(): void }>;
  readonly evaluated: EvaluatedModel;
  /** For evaluators of videos. */
  readonly data?: EvaluationData;
  /** For evaluators of samples. */
  readonly dataset?: EvaluationDataset;
  readonly split?: number;
  /** Splits that are evaluated after this one: one that does not exist, or whose test data was trained on, is an error before anything is measured. */
  readonly later?: readonly number[];
  /** Repetitions: each draws other held-out groups to choose the probe on, and other untrained weights for the rival. */
  readonly seeds?: number;
  readonly seed: number;
  /** Sources and groups that the model was trained on. */
  readonly trainedOn?: { readonly sources: readonly string[]; readonly groups: readonly string[] };
  /** Goes on where test data overlaps `trainedOn`, and stamps the result. */
  readonly allowLeak?: boolean;
  /** Goes on where entries of the official list are absent. */
  readonly partial?: boolean;
  readonly openEncoder?: NonNullable<EvaluateContext<keyof Abilities>['openEncoder']>;
  /** Folder for `result.json`, `predictions.jsonl` and what other files the protocol has. */
  readonly out?: string;
}

/** What `result.json` holds. */
export interface EvaluationResult {
  readonly schema: 1;
  readonly protocol: string;
  readonly version: number;
  readonly toolVersion: string;
  readonly evaluated: EvaluatedModel;
  readonly config: unknown;
  readonly data: {
    readonly name: string;
    readonly examples: number;
    /** Entries of the official list that are not here. */
    readonly absent: number;
    readonly digest: string | null;
  };
  /** Of several official splits the first. */
  readonly split: number;
  /** Official splits that the metrics are the mean of, where there are several. */
  readonly splits?: readonly number[];
  readonly seed: number;
  readonly seeds: number;
  /** How many test videos or groups the model was trained on; null: none, or not known. */
  readonly leak: number | null;
  readonly metrics: readonly Metric[];
  readonly rivals: readonly Rival[];
  /** Metrics step by step, where the protocol has steps. */
  readonly curves?: readonly MetricCurve[];
}

/**
 * Runs one evaluation protocol on one model; writes `result.json` and `predictions.jsonl` where `out` is given.
 * Equal options give equal files, byte by byte, on one engine.
 *
 * @throws ConfigError if the data is not of the kind that the protocol takes, or entries are absent without `partial`.
 * @throws PipelineError `leak` if test data was trained on and `allowLeak` is not set.
 */
export function evaluate(options: EvaluateOptions, stop?: AbortSignal): Observable<JobEvent<EvaluationResult>> {
  return createJob(async ({ emit, signal }) => {
    const { evaluator, dataset, split = defaults.split, seeds = defaults.seeds, seed } = options;
    const data = options.data ?? noVideos;
    assertInput(options);
    const leak = countLeaks(options, split);
    for (const each of options.later ?? []) {
      if (options.data) splitSources(options.data, each, { needsTraining: false });
      countLeaks(options, each);
    }
    const context = contextOf(options, { emit, signal });
    const metrics: Metric[] = [];
    const rivals: Rival[] = [];
    const curves: MetricCurve[] = [];
    const files = new Map<string, string[]>([['predictions.jsonl', []]]);
    const addRow = (file: string, row: Readonly<Record<string, unknown>>) => {
      const rows = files.get(file) ?? [];
      rows.push(`${JSON.stringify(row)}\n`);
      files.set(file, rows);
    };
    try {
      for await (const output of evaluator.evaluate(options.model, options.config, context)) {
        signal.throwIfAborted();
        if (output.kind === 'metric') metrics.push(output.metric);
        else if (output.kind === 'rival') rivals.push(output.rival);
        else if (output.kind === 'curve') curves.push(output.curve);
        else addRow(output.kind === 'row' ? output.file : 'predictions.jsonl', output.row);
      }
    } catch (error) {
      if (signal.aborted) throw new StoppedError('Stopped before there was a result; nothing was written.');
      throw error;
    }
    const result: EvaluationResult = {
      schema: 1,
      protocol: evaluator.name,
      version: evaluator.version,
      toolVersion: toolVersion(),
      evaluated: options.evaluated,
      config: options.config,
      data: {
        name: dataset ? dataset.signal : data.benchmark,
        examples: metrics[0]?.examples ?? 0,
        absent: data.absent,
        digest: dataset?.digest ?? null,
      },
      split,
      seed,
      seeds,
      leak: leak === 0 ? null : leak,
      metrics,
      rivals: [
        ...rivals,
        ...publishedFigures({
          protocol: evaluator.name,
          config: options.config,
          benchmark: data.benchmark,
          splits: [split],
          absent: data.absent,
          leak: leak === 0 ? null : leak,
        }),
      ],
      ...(curves.length > 0 ? { curves } : {}),
    };
    if (options.out !== undefined) {
      for (const [file, rows] of files) writeFileWhole(join(options.out, file), rows.join(''));
      writeFileWhole(join(options.out, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
    }
    return result;
  }, stop);
}

/**
 * What an evaluation would cost, from a small measured share of it.
 *
 * @throws ConfigError where the protocol has no plan.
 */
export async function planEvaluation(options: EvaluateOptions, job: EvaluationJob): Promise<EvaluationPlan> {
  const { evaluator } = options;
  if (!evaluator.plan) throw new ConfigError(`eval ${evaluator.name} has no --plan.`);
  assertInput({ ...options, partial: true }); // what is not here can be planned
  return evaluator.plan(options.model, options.config, contextOf(options, job));
}

/** What a running evaluation is told by its job. */
export type EvaluationJob = Pick<EvaluateContext<keyof Abilities>, 'emit' | 'signal'>;

const defaults = { split: 1, seeds: 3 };

function contextOf(options: EvaluateOptions, { emit, signal }: EvaluationJob): EvaluateContext<keyof Abilities> {
  const { evaluator, dataset, split = defaults.split, seeds = defaults.seeds, openEncoder } = options;
  return {
    data: options.data ?? noVideos,
    ...(dataset ? { dataset } : {}),
    split,
    seeds,
    random: createRandom(options.seed).fork('evaluate', evaluator.name),
    seed: options.seed,
    signal,
    emit,
    partial: options.partial ?? false,
    untrained: options.untrained,
    evaluated: options.evaluated,
    ...(openEncoder ? { openEncoder } : {}),
  };
}

const noVideos: EvaluationData = {
  benchmark: 'none',
  sources: [],
  classNames: [],
  absent: 0,
  open: () => Promise.reject(new Error('This evaluation has no videos.')),
};

function assertInput({ evaluator, data, dataset, partial = false }: EvaluateOptions): void {
  const wanted = evaluator.input ?? 'videos';
  if (wanted === 'videos' && !data)
    throw new ConfigError(`Protocol ${evaluator.name} takes labelled videos, such as ucf101:DIR.`);
  if (wanted === 'samples' && !dataset)
    throw new ConfigError(`Protocol ${evaluator.name} takes a dataset folder of held-out samples.`);
  if (data && data.absent > 0 && !partial) {
    throw new ConfigError(
      `${data.absent} clips of the official list of ${data.benchmark} are not here; --partial evaluates on the others.`,
      {
        code: 'partial',
        context: { benchmark: data.benchmark, absent: data.absent },
      },
    );
  }
}

/** How many test videos and groups the model was trained on. */
function countLeaks({ data, dataset, trainedOn, allowLeak = false }: EvaluateOptions, split: number): number {
  if (!trainedOn) return 0;
  const sources = new Set(trainedOn.sources);
  const groups = new Set(trainedOn.groups);
  const videos = data ? splitSources(data, split, { needsTraining: false }).test : [];
  const leaks =
    new Set(videos.filter(({ source }) => sources.has(source.id)).map(({ source }) => source.id)).size +
    new Set(videos.filter(({ entry }) => groups.has(entry.group)).map(({ entry }) => entry.group)).size +
    (dataset?.sources.filter((source) => sources.has(source)).length ?? 0);
  if (leaks > 0 && !allowLeak) {
    throw new PipelineError(
      'leak',
      `The model was trained on ${leaks} of the test videos or groups; --allow-leak goes on and stamps the result.`,
      {
        context: { leaks },
      },
    );
  }
  return leaks;
}
