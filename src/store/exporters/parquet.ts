import { fsyncSync, closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { z } from 'zod';
import { syncFolder, writeFileWhole, type Sample } from '../../core/index.js';
import { hashFile } from '../digest.js';
import { datasetCard } from './dataset-card.js';
import { defineExporter } from './define-exporter.js';
import { copyArtefacts, openExport } from './export-file.js';
import { exportShards, type SampleLabels, type ShardFile } from './export-shards.js';
import { tableColumns, type Feature, type TableColumn } from './parquet-columns.js';
import { splitName, summarize } from './split.js';

const config = z.strictObject({
  split: splitName,
  pictures: z
    .boolean()
    .default(false)
    .describe('Also writes the pictures, compressed as they are, so that the folder is a whole Hugging Face dataset.'),
  arrays: z
    .enum(['small', 'all', 'none'])
    .default('small')
    .describe('Which arrays of numbers are written: those of a fixed size up to 256 values, all, or none.'),
  shardBytes: z
    .int()
    .min(1000)
    .default(500_000_000)
    .describe('Size of a file from which the next one is begun, in bytes.'),
  rowGroupBytes: z
    .int()
    .min(1000)
    .default(32_000_000)
    .describe('Size of the values that are held in memory and written together, in bytes.'),
});

/** Parquet files in the layout of a Hugging Face dataset: provenance, plain values, labels as JSON, and by wish arrays and pictures. */
export default defineExporter({
  name: 'parquet',
  config,
  async write(settings, context) {
    const { split, shardBytes, rowGroupBytes, ...options } = settings;
    const { dataset, out, limit } = context;
    const journal = openExport(out, { format: 'parquet', config: settings, dataset, limit });
    const kept = journal.files.reduce((sum, { samples }) => sum + samples, 0);
    const { columns, leftOut } = tableColumns(dataset.header.spec, options);
    await exportShards(context, {
      journal,
      shardBytes,
      fileName: (shard) => `${split}-${String(shard).padStart(5, '0')}.parquet`,
      open: (path) => openTable(path, { columns, rowGroupBytes, metadata: { reelmine: dataset.digest } }),
    });
    const hasArtefacts = copyArtefacts(dataset, out);
    const features = columns.map(({ name, feature }) => ({ name, ...cardFeature(feature) }));
    const layout = { format: 'Parquet', split, pattern: `${split}-*.parquet`, features, leftOut };
    writeFileWhole(join(out, 'README.md'), datasetCard(context, journal.files, layout));
    if (!journal.isComplete) journal.complete({ leftOut, more: { hasArtefacts } });
    return summarize(out, journal.files, kept, leftOut);
  },
});

function openTable(
  path: string,
  {
    columns,
    rowGroupBytes,
    metadata,
  }: {
    readonly columns: readonly TableColumn[];
    readonly rowGroupBytes: number;
    readonly metadata: Readonly<Record<string, string>>;
  },
): ShardFile {
  const beside = `${path}.${process.pid}.tmp`;
  const hub = {
    info: { features: Object.fromEntries(columns.map(({ name, feature }) => [name, hubFeature(feature)])) },
  };
  const texts = Object.entries({ ...metadata, huggingface: JSON.stringify(hub) });
  const file = fileWriter(beside);
  const writer = new ParquetWriter({
    writer: file,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(({ elements }) => elements)],
    kvMetadata: texts.map(([key, value]) => ({ key, value })),
    createdBy: 'reelmine',
  });
  let rows: unknown[][] = columns.map(() => []);
  let held = 0;
  let bytes = 0;
  const flush = async () => {
    const count = rows[0]?.length ?? 0;
    if (count === 0) return;
    const columnData = columns.map(({ name, isPicture }, i) => ({
      name,
      data: rows[i]!,
      ...(isPicture ? { encoding: 'PLAIN' as const, codec: 'UNCOMPRESSED' as const, statistics: false } : {}),
    }));
    await writer.write({ columnData, rowGroupSize: count });
    bytes += held;
    held = 0;
    rows = columns.map(() => []);
  };
  let isDone = false;
  return {
    get bytes() {
      return bytes + held;
    },
    async add(sample: Sample, labels: SampleLabels) {
      columns.forEach((column, i) => {
        const value = column.valueOf(sample, labels);
        rows[i]!.push(value);
        held += sizeOf(value);
      });
      if (held >= rowGroupBytes) await flush();
    },
    async finish() {
      await flush();
      await writer.finish();
      const handle = openSync(beside, 'r+');
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      const sha256 = await hashFile(beside);
      renameSync(beside, path);
      syncFolder(dirname(path));
      isDone = true;
      return { bytes: file.offset, sha256 };
    },
    async discard() {
      if (!isDone) rmSync(beside, { force: true });
    },
  };
}

/** About how many bytes a value takes in the file. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 4);
  if (typeof value === 'object' && value !== null && 'bytes' in value) return sizeOf(value.bytes) + 8;
  return 8;
}

/** A type as the head of a dataset card writes it. */
function cardFeature(feature: Feature): Readonly<Record<string, unknown>> {
  if (feature.kind === 'image') return { dtype: 'image' };
  if (feature.kind === 'value') return { dtype: feature.dtype };
  const { of } = feature;
  return { sequence: of.kind === 'list' ? cardFeature(of) : of.kind === 'image' ? 'image' : of.dtype };
}

/** A type as `datasets` writes it into the footer. */
function hubFeature(feature: Feature): Readonly<Record<string, unknown>> {
  if (feature.kind === 'image') return { _type: 'Image' };
  if (feature.kind === 'value') return { dtype: feature.dtype, _type: 'Value' };
  return { feature: hubFeature(feature.of), _type: 'Sequence' };
}
