import type { z } from 'zod';
import type {
  Metric,
  MetricCurve,
  ProgressEvent,
  Random,
  Rival,
  Sample,
  SampleBatch,
  VideoSource,
  View,
  WarningEvent,
} from '../core/index.js';
import type { Encoder, Predictor, Segmenter, StereoModel, Trainer } from '../engine/index.js';
import type { OpenVideo } from '../ingest/index.js';

/** The abilities of a trainer, by name. */
export interface Abilities {
  readonly encoder: Encoder;
  readonly predictor: Predictor;
  readonly segmenter: Segmenter;
  readonly stereo: StereoModel;
  readonly trainer: Trainer;
}

/** Data an evaluator works on: probed sources with their official entries, and a way to open each. */
export interface EvaluationData {
  readonly benchmark: string;
  readonly sources: readonly VideoSource[];
  readonly classNames: readonly string[];
  /** Entries of the official list that are not here. */
  readonly absent: number;
  /** Entries that each official split trains and tests on, those that are not here among them; where the corpus knows. */
  readonly listed?: readonly { readonly train: number; readonly test: number }[];
  /** Opens a source with the pictures that the evaluator asks for; the evaluator closes it. */
  open(source: VideoSource, views: Readonly<Record<string, View>>): Promise<OpenVideo>;
}

/** Held-out samples of a signal, for evaluators that score a task on its own question. */
export interface EvaluationDataset {
  readonly signal: string;
  readonly digest: string;
  readonly samples: number;
  /** Ids of the sources that the samples are from. */
  readonly sources: readonly string[];
  /** What it was mined with, where that is known. */
  readonly config?: unknown;
  /** Whether it is the very dataset that the model was trained on. */
  readonly isTrainedOn?: boolean;
  /** One pass in key order, prepared by the task in mode `evaluate`; the last batch may be smaller. */
  batches(): AsyncIterable<SampleBatch>;
  /** The stored samples in the same order: place i is ordinal i. */
  stored(): AsyncIterable<Sample>;
}

/** What an evaluator is handed besides the model. */
export interface EvaluateContext<A extends keyof Abilities> {
  readonly data: EvaluationData;
  /** There where the evaluator's `input` is `samples`. */
  readonly dataset?: EvaluationDataset;
  /** Official split, from 1. */
  readonly split: number;
  readonly seeds: number;
  readonly random: Random;
  /** What `random` was made from. */
  readonly seed?: number;
  /** Whether only what is here is asked about, where the official list names more. */
  readonly partial?: boolean;
  readonly signal: AbortSignal;
  readonly emit: (event: ProgressEvent | WarningEvent) => void;
  /** The same network with untrained weights: the rival every evaluator reports. Call once per seed. */
  readonly untrained: (seed: number) => Promise<Abilities[A] & { dispose(): void }>;
  /** What is evaluated, as result files name it. */
  readonly evaluated?: EvaluatedModel;
  /** Opens the encoder of another run, for evaluators that measure by features; there where a run can be loaded. */
  readonly openEncoder?: (run: string) => Promise<OpenedEncoder>;
}

/** What is evaluated, as the result names it. */
export interface EvaluatedModel {
  readonly task: string;
  /** The run's folder; null for untrained weights. */
  readonly run: string | null;
  readonly step: number | null;
  /** Of `weights.safetensors`. */
  readonly weightsSha256: string | null;
}

/** A frozen encoder and what tells it from others. */
export interface OpenedEncoder {
  readonly encoder: Encoder;
  /** Of its weights; null: untrained. */
  readonly weightsSha256: string | null;
  dispose(): void;
}

/** What an evaluation would cost. */
export interface EvaluationPlan {
  /** What is counted: `predicted frames`, …. */
  readonly unit: string;
  readonly units: number;
  /** From a small measured share of the work, on this machine. */
  readonly seconds: number;
  /** By what they are for. */
  readonly bytes?: {
    /** Of the files that are read. */
    readonly media: number;
    /** In the folder for temporary files, at most. */
    readonly scratch: number;
    /** Of features, in memory. */
    readonly features: number;
  };
  /** Lines for people. */
  readonly notes: readonly string[];
}

/** What an evaluator yields: its metrics, rivals, and rows for files beside the result. */
export type EvaluationOutput =
  | { readonly kind: 'metric'; readonly metric: Metric }
  | { readonly kind: 'curve'; readonly curve: MetricCurve }
  /** A line of `<file>` beside the result, such as `curves.jsonl`. */
  | { readonly kind: 'row'; readonly file: string; readonly row: Readonly<Record<string, unknown>> }
  | { readonly kind: 'rival'; readonly rival: Rival }
  | { readonly kind: 'prediction'; readonly row: Readonly<Record<string, unknown>> };

/** What an evaluator declares. */
export interface EvaluatorDefinition<A extends keyof Abilities = keyof Abilities, C = unknown> {
  readonly name: string;
  readonly version: number;
  /** The trainer's ability that it scores. */
  readonly needs: A;
  /** `videos` (default): labelled sources, `context.data`; `samples`: held-out samples of a signal, `context.dataset`. */
  readonly input?: 'videos' | 'samples';
  readonly config: z.ZodType<C>;
  evaluate(model: Abilities[A], config: C, context: EvaluateContext<A>): AsyncIterable<EvaluationOutput>;
  /** Says what `evaluate` would cost, where that may be much. */
  plan?(model: Abilities[A], config: C, context: EvaluateContext<A>): Promise<EvaluationPlan>;
}

/** An evaluator of any ability and configuration, as registries hold it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- config and model are contravariant
export type AnyEvaluator = EvaluatorDefinition<any, any>;

/** Declares an evaluator; the default export of its folder. */
export function defineEvaluator<A extends keyof Abilities, C>(
  evaluator: EvaluatorDefinition<A, C>,
): EvaluatorDefinition<A, C> {
  return evaluator;
}
