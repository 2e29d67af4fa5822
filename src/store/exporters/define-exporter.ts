import type { z } from 'zod';
import type { Dataset } from '../dataset.js';

/** What an exporter is given beside its settings. */
export interface ExportContext {
  readonly dataset: Dataset;
  /** Folder that is written; may hold an export of the same dataset that was interrupted. */
  readonly out: string;
  /** Only the first so many samples; Infinity: all. */
  readonly limit: number;
  /** Licences of the videos and how many are under each, where a corpus says so; null: not known. */
  readonly licences: ReadonlyMap<string, number> | null;
  readonly signal: AbortSignal;
  /** Is told how many samples are dealt with. */
  readonly onProgress: (samples: number) => void;
  /** Is told of a sample that cannot be read; the others are exported. */
  readonly onFailure: (key: string, error: Error) => void;
  readonly onWarning: (message: string) => void;
}

/** What stands in the folder at the end. */
export interface ExportedDataset {
  /** Samples in the files. */
  readonly samples: number;
  /** Of these, how many an earlier run had written. */
  readonly kept: number;
  /** Samples that could not be read. */
  readonly failed: number;
  /** Paths of the files, of the data only. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Fields that the files do not hold, and why. */
  readonly leftOut: Readonly<Record<string, string>>;
}

/** A format that datasets are written to. */
export interface DatasetExporter<C = unknown> {
  readonly name: string;
  /** A strict object whose every key has a default and a description. */
  readonly config: z.ZodType<C>;
  /**
   * Writes the dataset. Files appear whole or not at all.
   *
   * @throws StoreError `other-folder` or `other-header` if the folder holds something else, StoppedError if it was asked to end.
   */
  write(config: C, context: ExportContext): Promise<ExportedDataset>;
}

/** An exporter of any configuration. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- config is contravariant
export type AnyDatasetExporter = DatasetExporter<any>;

/** Gives an exporter back with its types checked. */
export function defineExporter<C>(exporter: DatasetExporter<C>): DatasetExporter<C> {
  return exporter;
}
