import { join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  ConfigError,
  createJob,
  folderKind,
  loadConfig,
  runJob,
  writeFileWhole,
  type JobContext,
  type JobEvent,
} from '../core/index.js';
import { selectBackend, type Trainer } from '../engine/index.js';
import {
  evaluate as runEvaluation,
  evaluators,
  meanOfSplits,
  planEvaluation as planProtocol,
  planOfSplits,
  type Abilities,
  type AnyEvaluator,
  type EvaluationData,
  type EvaluationDataset,
  type EvaluationPlan,
  type EvaluationResult,
  type OpenedEncoder,
} from '../eval/index.js';
import { openVideo, readCorpus, selectDecoder, type Corpus } from '../ingest/index.js';
import type { Dataset } from '../store/index.js';
import { ingest } from './ingest.js';
import { loadRun, type LoadedRun } from './load-run.js';
import { describeBackend, openChecked, type TrainingSources } from './train.js';

/** What `evaluate` takes. */
export interface EvaluateOptions {
  readonly protocol: string;
  /** Folder of a run, or `random:TASK` for untrained weights. */
  readonly run: string;
  /** A corpus or dataset folder, or a benchmark source such as `ucf101:DIR`, which is then ingested beside the result. */
  readonly data: string;
  /** Folder of the result; default: `results/<protocol>` in the run. */
  readonly out?: string | undefined;
  /** Official split, from 1; several: the mean over them, each also in a folder `split-N` of its own. */
  readonly split?: number | readonly number[];
  readonly seeds?: number;
  readonly seed?: number;
  readonly workers?: number;
  readonly partial?: boolean | undefined;
  readonly allowLeak?: boolean | undefined;
  readonly decoder?: string;
  readonly engine?: string;
  readonly file?: string | undefined;
  readonly set?: readonly string[];
  /** Told which engine runs and what was passed over. */
  readonly onBackend?: (line: string) => void;
}

/** What was measured, and where it is written. */
export interface EvaluateSummary extends EvaluationResult {
  readonly out: string;
}

type Input = Pick<Parameters<typeof runEvaluation>[0], 'data' | 'dataset'> & { close(): Promise<void> };

/** Scores a trained model by a protocol, beside chance, untrained weights and trivial rivals; writes `result.json`. */
export function evaluate(options: EvaluateOptions, stop?: AbortSignal): Observable<JobEvent<EvaluateSummary>> {
  return createJob(async (context) => {
    const { split = 1 } = options;
    if (typeof split === 'number') return evaluateSplit(options, split, context);
    const results: EvaluateSummary[] = [];
    const out = folderOf(options);
    const splits = [...new Set(split)];
    for (const [i, one] of splits.entries())
      results.push(
        await evaluateSplit({ ...options, out: join(out, `split-${one}`) }, one, {
          ...context,
          corpus: join(out, 'corpus'),
          later: splits.slice(i + 1),
        }),
      );
    const result = meanOfSplits(results);
    writeFileWhole(join(out, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
    return { ...result, out };
  }, stop);
}

/** The job, where a corpus that has to be ingested first is put (default: beside the result), and the splits that come after this one. */
type EvaluationJobContext = JobContext & { readonly corpus?: string; readonly later?: readonly number[] };

async function evaluateSplit(
  options: EvaluateOptions,
  split: number,
  context: EvaluationJobContext,
): Promise<EvaluateSummary> {
  const opened = await openEvaluation({ ...options, split }, context);
  try {
    const result = await runJob(runEvaluation(opened.evaluation, context.signal), context.emit);
    return { ...result, out: opened.out };
  } finally {
    await opened.close();
  }
}

function folderOf({ out, run, protocol }: EvaluateOptions): string {
  if (out !== undefined) return out;
  if (run.startsWith('random:'))
    throw new ConfigError('Untrained weights have no folder of their own: name one with --out.');
  return join(run, 'results', protocol);
}

/**
 * Says what an evaluation would cost, from a small measured share of it, where its protocol can say. Nothing is ingested for it: videos are measured in a
 * corpus, which may hold a part of the official list.
 */
export function planEvaluation(options: EvaluateOptions, stop?: AbortSignal): Observable<JobEvent<EvaluationPlan>> {
  return createJob(async (context) => {
    const { input } = await evaluators.load(options.protocol);
    if (input !== 'samples' && folderKind(options.data) !== 'corpus')
      throw new ConfigError(
        `A plan is measured in a corpus: reelmine ingest ${options.data} --corpus DIR comes first, and has a --plan of its own.`,
        { context: { data: options.data } },
      );
    const plans: { split: number; plan: EvaluationPlan }[] = [];
    for (const split of new Set([options.split ?? 1].flat())) {
      const opened = await openEvaluation({ ...options, split }, context);
      try {
        plans.push({ split, plan: await planProtocol(opened.evaluation, context) });
      } finally {
        await opened.close();
      }
    }
    return planOfSplits(plans);
  }, stop);
}

async function openEvaluation(options: EvaluateOptions, context: EvaluationJobContext) {
  const { protocol, seeds = 3, seed = 1, partial = false, allowLeak = false, engine = 'auto' } = options;
  const split = typeof options.split === 'number' ? options.split : (options.split?.[0] ?? 1);
  const evaluator = await evaluators.load(protocol);
  const { config } = loadConfig(evaluator.config, { file: options.file, set: options.set ?? [] });
  const out = folderOf(options);
  const backend = await selectBackend(engine);
  options.onBackend?.(describeBackend(backend));
  const run = await loadRun(options.run, seed);
  const input = await openInput(evaluator, run, { ...options, out }, context);
  const trainer = run.create();
  const close = async () => {
    trainer.dispose();
    await input.close();
  };
  let model: Abilities[keyof Abilities];
  try {
    model = abilityOf(evaluator, trainer, run.task.name);
  } catch (error) {
    await close();
    throw error;
  }
  const evaluation: Parameters<typeof runEvaluation>[0] = {
    evaluator,
    config,
    model,
    untrained: async (each) => {
      const other = run.create(each);
      return { ...abilityOf(evaluator, other, run.task.name), dispose: () => other.dispose() };
    },
    evaluated: run.evaluated,
    openEncoder: (other) => openEncoder(other, seed),
    split,
    later: context.later ?? [],
    seeds,
    seed,
    ...(run.trainedOn ? { trainedOn: inTermsOf(run.trainedOn, input.data?.benchmark) } : {}),
    allowLeak,
    partial,
    out,
    ...(input.data ? { data: input.data } : {}),
    ...(input.dataset ? { dataset: input.dataset } : {}),
  };
  return { evaluation, out, close };
}

async function openEncoder(folder: string, seed: number): Promise<OpenedEncoder> {
  const run = await loadRun(folder, seed);
  const { task, evaluated } = run;
  const trainer = run.create();
  const { encoder } = trainer;
  if (encoder) return { encoder, weightsSha256: evaluated.weightsSha256, dispose: () => trainer.dispose() };
  trainer.dispose();
  throw new ConfigError(`${folder} is a run of ${task.name}, which has no encoder.`, { context: { run: folder } });
}

function abilityOf(evaluator: AnyEvaluator, trainer: Trainer, task: string): Abilities[keyof Abilities] {
  const needs = evaluator.needs as keyof Abilities;
  if (needs === 'trainer') return trainer;
  const ability = trainer[needs];
  if (ability && needs === 'encoder')
    return { ...trainer.encoder!, weights: [...trainer.variables.values()].filter(({ trainable }) => trainable) };
  if (ability) return ability;
  throw new ConfigError(`${task} has no ${needs}, which ${evaluator.name} needs.`);
}

/** Miners name a group `benchmark/group`; the lists of one benchmark name it without. */
function inTermsOf({ sources, groups }: TrainingSources, benchmark = ''): Pick<TrainingSources, 'sources' | 'groups'> {
  const prefix = `${benchmark}/`;
  return { sources, groups: groups.map((group) => (group.startsWith(prefix) ? group.slice(prefix.length) : group)) };
}

async function openInput(
  evaluator: AnyEvaluator,
  run: LoadedRun,
  options: EvaluateOptions & { readonly out: string },
  { emit, signal, corpus }: EvaluationJobContext,
): Promise<Input> {
  const kind = folderKind(options.data);
  if (evaluator.input === 'samples') {
    if (kind !== 'dataset')
      throw new ConfigError(`${evaluator.name} takes a dataset of held-out samples as --data, got ${options.data}.`);
    const dataset = await openChecked(options.data, run.task);
    const source = dataset.batchSource({
      prepare: run.task.prepare,
      config: run.config,
      batchSize: run.config.batchSize,
      seed: options.seed ?? 1,
      workers: 0,
      mode: 'evaluate',
    });
    const close = async () => {
      await source.close();
      await dataset.close();
    };
    return { dataset: asEvaluationDataset(dataset, run, () => source.epoch()), close };
  }
  const corpusDir = kind === 'corpus' ? options.data : (corpus ?? join(options.out, 'corpus'));
  if (kind !== 'corpus') {
    const { decoder, workers, seed } = options;
    const given = {
      ...(decoder === undefined ? {} : { decoder }),
      ...(workers === undefined ? {} : { workers }),
      ...(seed === undefined ? {} : { seed }),
    };
    await runJob(ingest({ sources: [options.data], corpus: corpusDir, ...given }, signal), emit);
  }
  return { data: await labelledData(await readCorpus(corpusDir), options), close: () => Promise.resolve() };
}

function asEvaluationDataset(
  dataset: Dataset,
  { trainedOn }: LoadedRun,
  batches: EvaluationDataset['batches'],
): EvaluationDataset {
  return {
    signal: dataset.header.signal,
    digest: dataset.digest,
    samples: dataset.size,
    sources: dataset.sources,
    config: dataset.header.config,
    isTrainedOn: trainedOn?.digest === dataset.digest,
    batches,
    stored: () => dataset.samples(),
  };
}

/** The one benchmark whose labels a corpus holds, as evaluators take it. */
async function labelledData(corpus: Corpus, { decoder: wanted = 'auto' }: EvaluateOptions): Promise<EvaluationData> {
  const benchmarks = [...new Set(corpus.sources.flatMap((source) => Object.keys(source.benchmarks)))].sort();
  const [benchmark] = benchmarks;
  if (benchmark === undefined || benchmarks.length > 1) {
    throw new ConfigError(
      benchmark === undefined
        ? `${corpus.root} holds no labelled benchmark: ingest ucf101:DIR or another benchmark source.`
        : `${corpus.root} holds several benchmarks (${benchmarks.join(', ')}): ingest the one to evaluate on by itself.`,
    );
  }
  const { decoder } = await selectDecoder(wanted);
  const facts = corpus.benchmarks[benchmark];
  const entries = corpus.sources.flatMap((source) => source.benchmarks[benchmark] ?? []);
  return {
    benchmark,
    sources: corpus.sources,
    classNames: facts?.classNames ?? [...new Set(entries.map(({ className }) => className))],
    absent: Math.max(0, (facts?.listed ?? 0) - new Set(entries.map((entry) => entry[facts?.listedBy ?? 'key'])).size),
    ...(facts?.splits ? { listed: facts.splits } : {}),
    open: (source, views) => openVideo(source, { corpusRoot: corpus.root, decoder, views }),
  };
}
