import type { AnyFields, Dtype, DtypeArrays, Fields, SampleSpec } from './fields.js';
import type { TimeBase, TimeSpan } from './video.js';

/** An area in pixels, from the top left. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a sample comes from. */
export interface Provenance {
  /** `VideoSource.id`. */
  readonly source: string;
  readonly shot: number;
  /** Presentation times of what the sample shows, in ticks of `timeBase`; at least its first and last. */
  readonly pts: readonly number[];
  readonly timeBase: TimeBase;
}

/** One training example. */
export interface Sample<S extends SampleSpec = SampleSpec> {
  /** `sourceId/shot/n`: the same input always gives the same key. */
  readonly key: string;
  readonly fields: string extends keyof S ? AnyFields : Fields<S>;
  readonly provenance: Provenance;
}

/** A place in a video at which a miner said no. */
export interface RejectionExample {
  readonly span: TimeSpan;
  readonly box?: Box;
}

/** Rejections of one unit, by code: how many, and up to 4 examples. */
export type Rejections = Readonly<
  Record<string, { readonly count: number; readonly examples: readonly RejectionExample[] }>
>;

/** A unit of mining work, and what it gave: the samples of one shot of one source for one signal. */
export interface MinedUnit {
  readonly source: string;
  readonly shot: number;
  readonly samples: readonly Sample[];
  readonly rejections: Rejections;
}

/** What identifies a dataset before its first sample: everything its digest may depend on. */
export interface DatasetHeader {
  readonly signal: string;
  readonly signalVersion: number;
  readonly spec: SampleSpec;
  readonly config: unknown;
  readonly configHash: string;
  readonly corpusDigest: string;
  readonly decoder: { readonly name: string; readonly version: string };
  readonly toolVersion: string;
  readonly seed: number;
  /** Which of the corpus' sources were asked for (`split`, `role`, `limit`, `part`); a resumed run must ask for the same. */
  readonly selection: Readonly<Record<string, unknown>>;
}

/** What a dataset-wide stage gives: a label map per sample key, and arrays learned from the whole. */
export interface DatasetStage {
  readonly labels: ReadonlyMap<string, Readonly<Record<string, number | string>>>;
  readonly artefacts: Readonly<
    Record<string, { readonly dtype: Dtype; readonly shape: readonly number[]; readonly data: DtypeArrays[Dtype] }>
  >;
}

/** What a closed dataset holds. */
export interface DatasetSummary {
  readonly digest: string;
  readonly samples: number;
  readonly sources: number;
  readonly units: number;
  readonly bytes: number;
  readonly rejections: Readonly<Record<string, number>>;
}

/** Where mining puts what it finds; the store implements it. Units are atomic: on the disk, or not there. */
export interface SampleSink {
  /** True if this unit is already on the disk from this or an earlier run. */
  hasUnit(source: string, shot: number): boolean;
  /** Resolves when the unit and its samples are on the disk (fdatasync). */
  writeUnit(unit: MinedUnit): Promise<void>;
  /** Every sample written so far, in key order; decoded one at a time. */
  samples(): AsyncIterable<Sample>;
  /** Gives ordinals, writes labels and artefacts, closes the shards and writes `dataset.json`. */
  finish(stage: DatasetStage | null): Promise<DatasetSummary>;
  /** Closes without finishing; a later run goes on from here. Safe after `finish`. */
  close(): Promise<void>;
}

/** One array of a batch. */
export interface BatchArray {
  readonly data: Uint8Array | Uint16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;
  readonly dtype: Exclude<Dtype, 'string' | 'image'>;
  readonly shape: readonly number[];
}

/** Where a loader stands: enough to go on exactly. */
export interface Cursor {
  readonly epoch: number;
  /** Batches of this epoch already handed out. */
  readonly batch: number;
}

/** A batch of prepared samples, as typed arrays. */
export interface SampleBatch {
  readonly keys: readonly string[];
  /** Each sample's place in the dataset's key order. */
  readonly ordinals: readonly number[];
  readonly arrays: Readonly<Record<string, BatchArray>>;
  /** The loader's place after this batch. */
  readonly cursor: Cursor;
  /** Gives the buffers back to the loader; the arrays must not be read afterwards. */
  release(): void;
}
