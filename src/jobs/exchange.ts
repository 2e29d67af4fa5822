import type { Observable } from 'rxjs';
import type { z } from 'zod';
import { createJob, defineRegistry, loadConfig, type Counts, type JobContext, type JobEvent } from '../core/index.js';

/** What `exportFrom` takes. */
export interface ExportOptions {
  /** Folder of a dataset, or of a run where the format is one of weights. */
  readonly dir: string;
  readonly format: string;
  readonly out: string;
  /** Corpus that a dataset was mined from, for formats that can use it. */
  readonly corpus?: string | undefined;
  readonly seed?: number;
  /** Only the first so many samples. */
  readonly limit?: number | undefined;
  readonly workers?: number;
  readonly file?: string | undefined;
  /** `key=value` settings of the format. */
  readonly set?: readonly string[];
}

/** What `importInto` takes. */
export interface ImportOptions {
  readonly files: readonly string[];
  readonly format: string;
  readonly signal: string;
  readonly out: string;
  /** Corpus that holds the videos, for formats that name frames instead of holding them. */
  readonly corpus?: string | undefined;
  readonly decoder?: string;
  readonly seed?: number;
  readonly limit?: number | undefined;
  readonly workers?: number;
  readonly file?: string | undefined;
  readonly set?: readonly string[];
}

/** What was written. */
export interface ExchangeSummary {
  readonly counts: Counts;
  readonly outputs: readonly string[];
  /** Of the dataset that was made; absent for an export. */
  readonly digest?: string | null;
  /** One line for people. */
  readonly text: string;
}

/** A format that datasets or runs are written to. */
export interface ExportFormat<C = unknown> {
  readonly name: string;
  /** A strict object whose every key has a default and a description. */
  readonly config: z.ZodType<C>;
  write(
    options: Omit<ExportOptions, 'format' | 'file' | 'set'>,
    config: C,
    context: JobContext,
  ): Promise<ExchangeSummary>;
}

/** A format that datasets are made from. */
export interface ImportFormat<C = unknown> {
  readonly name: string;
  readonly config: z.ZodType<C>;
  read(
    options: Omit<ImportOptions, 'format' | 'file' | 'set'>,
    config: C,
    context: JobContext,
  ): Promise<ExchangeSummary>;
}

/** An export format of any configuration. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- config is contravariant
export type AnyExportFormat = ExportFormat<any>;

/** An import format of any configuration. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- config is contravariant
export type AnyImportFormat = ImportFormat<any>;

/** The formats of `reelmine export`: one line each. */
export const exportFormats = defineRegistry<AnyExportFormat>('export format', {
  authors: () => import('./export-authors.js'),
  npy: () => datasetFormat('npy'),
  onnx: async () => ({ default: (await import('./export-run.js')).onnx }),
  parquet: () => datasetFormat('parquet'),
  safetensors: async () => ({ default: (await import('./export-run.js')).safetensors }),
  tfjs: async () => ({ default: (await import('./export-run.js')).tfjs }),
  webdataset: () => datasetFormat('webdataset'),
});

/** The formats of `reelmine import`: one line each. */
export const importFormats = defineRegistry<AnyImportFormat>('import format', {
  authors: () => import('./import-authors.js'),
  npy: () => import('./import-npy.js'),
  webdataset: () => import('./import-webdataset.js'),
});

async function datasetFormat(name: string): Promise<{ readonly default: AnyExportFormat }> {
  return (await import('./export-dataset.js')).datasetFormat(name);
}

/** Writes a dataset or a run in another format. */
export function exportFrom(options: ExportOptions, stop?: AbortSignal): Observable<JobEvent<ExchangeSummary>> {
  return createJob(async (context) => {
    const { format: name, file, set = [], ...rest } = options;
    const format = await exportFormats.load(name);
    return format.write(rest, loadConfig(format.config, { file, set }).config, context);
  }, stop);
}

/** Makes a dataset from files of another format. */
export function importInto(options: ImportOptions, stop?: AbortSignal): Observable<JobEvent<ExchangeSummary>> {
  return createJob(async (context) => {
    const { format: name, file, set = [], ...rest } = options;
    const format = await importFormats.load(name);
    return format.read(rest, loadConfig(format.config, { file, set }).config, context);
  }, stop);
}
