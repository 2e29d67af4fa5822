import { join } from 'node:path';
import { StoppedError, StoreError, type PipelineError, type Sample } from '../../core/index.js';
import type { Dataset } from '../dataset.js';
import type { ExportContext } from './define-exporter.js';
import type { ExportJournal } from './export-file.js';

/** Labels of a sample; null: none. */
export type SampleLabels = Readonly<Record<string, number | string>> | null;

/** A file of samples on its way. */
export interface ShardFile {
  /** How large the file would be about now. */
  readonly bytes: number;
  add(sample: Sample, labels: SampleLabels): Promise<void>;
  /** Puts it on the disk under its name. */
  finish(): Promise<{ readonly bytes: number; readonly sha256: string }>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/**
 * Writes a dataset's samples, in key order, to files of about a given size, and goes on after the files that are there.
 *
 * @throws StoppedError if it was asked to end; finished files stay.
 */
export async function exportShards(
  context: ExportContext,
  {
    journal,
    shardBytes,
    fileName,
    open,
  }: {
    readonly journal: ExportJournal;
    readonly shardBytes: number;
    readonly fileName: (shard: number) => string;
    readonly open: (path: string) => ShardFile;
  },
): Promise<void> {
  if (journal.isComplete) return;
  const { dataset, out, signal, onProgress } = context;
  const end = Math.min(dataset.summary.samples, context.limit);
  const last = journal.files.at(-1);
  let first = last ? last.first + last.samples + last.failed : 0;
  let file: ShardFile | null = null;
  let tally = { samples: 0, failed: 0 };
  const close = async () => {
    if (!file) return;
    const name = fileName(journal.files.length);
    const { bytes, sha256 } = await file.finish();
    file = null;
    journal.add({ file: name, first, ...tally, bytes, sha256 });
    first += tally.samples + tally.failed;
    tally = { samples: 0, failed: 0 };
  };
  try {
    for (let ordinal = first; ordinal < end; ordinal++) {
      if (signal.aborted) throw new StoppedError('Stopped; files that are whole stay, and the same command goes on.');
      const sample = await readSample(context, ordinal);
      file ??= open(join(out, fileName(journal.files.length)));
      if (sample) {
        await file.add(sample, dataset.label(sample.key));
        tally.samples++;
      } else tally.failed++;
      onProgress(ordinal + 1);
      if (file.bytes >= shardBytes) await close();
    }
    await close();
  } finally {
    await file?.discard();
  }
}

/** One sample; null if its record is damaged, which the context is told. Anything else that fails ends the export. */
export async function readSample(
  { dataset, onFailure }: { readonly dataset: Dataset; readonly onFailure: ExportContext['onFailure'] },
  ordinal: number,
): Promise<Sample | null> {
  try {
    return await dataset.sample(ordinal);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'corrupt') throw error;
    onFailure(keyOf(error) ?? `#${ordinal}`, error);
    return null;
  }
}

function keyOf({ context }: PipelineError): string | null {
  const { key } = context;
  return typeof key === 'string' ? key : null;
}
