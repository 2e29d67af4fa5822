import type { z } from 'zod';
import type {
  Box,
  DatasetStage,
  Fields,
  Random,
  RejectionCode,
  Sample,
  SampleSpec,
  Shot,
  TimeSpan,
  View,
} from '../core/index.js';
import type { OpenVideo } from '../ingest/index.js';
import type { DrawSample, Estimator } from './abilities.js';

/** One sample as a miner gives it; key and provenance are added by the machinery. */
export interface MinedSample<S extends SampleSpec> {
  readonly span: TimeSpan;
  /** Presentation times of what it shows; default: the span's two ends. */
  readonly pts?: readonly number[];
  readonly fields: Fields<S>;
}

/** What `mineShot` is handed besides the shot. */
export interface MineContext<F> {
  /** What `surveySource` found; undefined where the miner has none. */
  readonly facts: F;
  /** Forked for this signal, source and shot. */
  readonly random: Random;
  /** Forked for this signal and source: what is drawn over a whole video, equally in all of its shots. */
  readonly sourceRandom: Random;
  /** Counts a refused candidate; up to 4 places per code are kept. A box is in display pixels of the source. */
  readonly reject: (code: RejectionCode, span: TimeSpan, box?: Box) => void;
  readonly signal: AbortSignal;
}

/** What a miner declares. Most need only `views` and `mineShot`. */
export interface MinerDefinition<S extends SampleSpec = SampleSpec, C = unknown, F = undefined> {
  readonly name: string;
  /** Raised when the same input would give other samples. */
  readonly version: number;
  readonly sample: S;
  /** A strict object whose every key has a default and a description. */
  readonly config: z.ZodType<C>;
  /** The pictures it needs; signals mined together share one decoding. */
  views(config: C): Readonly<Record<string, View>>;
  /** Frozen facts about one video, from its manifest line and at most 12 seeked frames. */
  surveySource?(video: OpenVideo, config: C): Promise<F>;
  mineShot(video: OpenVideo, shot: Shot, config: C, context: MineContext<F>): AsyncIterable<MinedSample<S>>;
  /** Labels and artefacts over the whole dataset; samples come in key order. */
  finishDataset?(
    samples: AsyncIterable<Sample<S>>,
    config: C,
    context: { readonly random: Random },
  ): Promise<DatasetStage>;
  /** What `inspect --html` lays out for one sample; an ability. */
  draw?: DrawSample<S, C>;
  /** What `eval mining` scores, at most one of each kind; an ability. */
  readonly estimate?: readonly Estimator<C>[];
}

/** A miner of any sample and configuration, as registries hold it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- config and facts are contravariant; the registry checks config by schema
export type AnyMiner = MinerDefinition<any, any, any>;

/** Declares a miner; the default export of its folder. */
export function defineMiner<S extends SampleSpec, C, F = undefined>(
  miner: MinerDefinition<S, C, F>,
): MinerDefinition<S, C, F> {
  return miner;
}
