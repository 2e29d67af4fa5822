import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { syncFolder } from '../core/index.js';
import type { FeatureFile } from './feature-file.js';

/** What stands beside each row of features. */
export interface FeatureRow {
  /** The source's id; empty where the input was never ingested. */
  readonly source: string;
  readonly path: string;
  /** Presentation time, in ticks of the video. */
  readonly pts: number;
  readonly seconds: number;
}

/** Numbers that are held in memory at a time. */
const groupNumbers = 4 * 2 ** 20;

/**
 * Writes rows and their features as a Parquet file: `source`, `path`, `pts`, `seconds`, and `features` as a list of floats. Row groups are
 * read back from the feature file one at a time.
 `metadata` are texts kept in the footer.
 */
export async function writeFeatureParquet(
  path: string,
  file: FeatureFile,
  {
    row,
    metadata,
  }: { readonly row: (index: number) => FeatureRow; readonly metadata: Readonly<Record<string, string>> },
): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  const required = { repetition_type: 'REQUIRED' } as const;
  const writer = new ParquetWriter({
    writer: fileWriter(beside),
    schema: [
      { name: 'root', num_children: 5 },
      { name: 'source', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...required },
      { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...required },
      { name: 'pts', type: 'INT64', ...required },
      { name: 'seconds', type: 'DOUBLE', ...required },
      { name: 'features', converted_type: 'LIST', num_children: 1, ...required },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', ...required },
    ],
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: 'reelmine',
  });
  const step = Math.max(1, Math.floor(groupNumbers / file.features));
  for (let from = 0; from < file.rows; from += step) {
    const to = Math.min(file.rows, from + step);
    const rows = Array.from({ length: to - from }, (_, i) => row(from + i));
    const values = file.read(from, to);
    const features = rows.map((_, i) => Array.from(values.subarray(i * file.features, (i + 1) * file.features)));
    const texts = (name: 'source' | 'path') => ({ name, data: rows.map((it) => it[name]) });
    await writer.write({
      columnData: [
        texts('source'),
        texts('path'),
        { name: 'pts', data: rows.map(({ pts }) => BigInt(pts)) },
        { name: 'seconds', data: rows.map(({ seconds }) => seconds) },
        { name: 'features', data: features, encoding: 'PLAIN', codec: 'UNCOMPRESSED' },
      ],
      rowGroupSize: to - from,
    });
  }
  await writer.finish();
  renameSync(beside, path);
  syncFolder(dirname(path));
}
