import { join } from 'node:path';
import { openLedger, StoreError } from '../core/index.js';
import { readCorpus } from '../ingest/index.js';
import { datasetExporters, openDataset } from '../store/index.js';
import type { AnyExportFormat, ExportFormat } from './exchange.js';

/** The format of `reelmine export` that one of the store's exporters writes. */
export async function datasetFormat(name: string): Promise<{ readonly default: AnyExportFormat }> {
  const exporter = await datasetExporters.load(name);
  const format: ExportFormat = {
    name,
    config: exporter.config,
    async write({ dir, out, corpus, limit = Infinity }, config, { emit, signal }) {
      const dataset = await openDataset(dir);
      try {
        const licences = corpus === undefined ? null : await countLicences(corpus, dataset.sources);
        const failures: { readonly key: string; readonly message: string }[] = [];
        const total = Math.min(limit, dataset.summary.samples);
        const writing = exporter.write(config, {
          dataset,
          out,
          limit,
          licences,
          signal,
          onProgress: (done) => emit({ kind: 'progress', stage: 'export', done, total, unit: 'samples' }),
          onFailure: (key, { message }) => failures.push({ key, message }),
          onWarning: (message) => emit({ kind: 'warning', stage: 'export', message }),
        });
        const written = await writing.catch((error: unknown) => {
          throw explainDisk(out, error);
        });
        saveFailures(out, failures, written.failed);
        const { samples, kept, failed, files, bytes, leftOut } = written;
        const left = Object.keys(leftOut);
        return {
          counts: { done: samples, skipped: kept, failed, files: files.length, bytes },
          outputs: [out],
          text:
            `${samples} samples in ${files.length} ${files.length === 1 ? 'file' : 'files'} of ${(bytes / 1e6).toFixed(1)} MB, in ${out}` +
            (left.length > 0 ? `; left out: ${left.join(', ')}` : ''),
        };
      } finally {
        await dataset.close();
      }
    },
  };
  return { default: format };
}

/** What the system refused, such as a full disk, as an error that users can meet. */
function explainDisk(out: string, error: unknown): unknown {
  const isRefused = error instanceof Error && 'syscall' in error && 'code' in error;
  if (!isRefused) return error;
  return new StoreError(
    'cannot-write',
    `${out} cannot be written: ${error.message}. Files that are whole stay; the same command goes on.`,
    { context: { out, code: error.code }, cause: error },
  );
}

/** How many of the sources are under each licence. */
async function countLicences(corpusDir: string, sources: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const used = new Set(sources);
  const counts = new Map<string, number>();
  for (const { id, licence } of (await readCorpus(corpusDir)).sources) {
    if (!used.delete(id)) continue;
    const name = licence ?? 'not stated';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  if (used.size > 0) counts.set('not in this corpus', used.size);
  return counts;
}

/** The ledger of an export: the samples that could not be read; one that is whole ends it. */
function saveFailures(
  out: string,
  failures: readonly { readonly key: string; readonly message: string }[],
  failed: number,
): void {
  const ledger = openLedger(join(out, 'failures.jsonl'), () => new Date());
  if (failures.length === 0 && ledger.entries.length === 0) return;
  if (failed === 0) for (const { path, stage } of ledger.entries) ledger.clear(path, stage);
  for (const { key, message } of failures) {
    const source = key.includes('/') ? key.slice(0, key.indexOf('/')) : null;
    ledger.record({ source, path: key, stage: 'export', code: 'decode-error', message });
  }
  ledger.save();
}
