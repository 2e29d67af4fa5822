import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  writeFileWhole,
  type DatasetHeader,
  type DatasetStage,
  type DatasetSummary,
  type Sample,
} from '../core/index.js';
import { headerOf, summaryOf, writeDatasetFile, type DatasetFile } from './dataset-file.js';
import { shardName } from './shard.js';
import { rewritingMark } from './dataset-folder.js';
import { openRawSink } from './sink.js';

/** Runs the stage of a signal over a whole dataset; null where it has none. */
export type RunStage = (samples: AsyncIterable<Sample>, header: DatasetHeader) => Promise<DatasetStage | null>;

/** True if a finished dataset's shards were being rewritten when the process ended. */
export function isBeingRewritten(dir: string): boolean {
  return existsSync(join(dir, rewritingMark));
}

/** Makes a finished dataset an unfinished one, with a mark by which a later run knows to finish it again. */
export function beginRewriting(dir: string, file: DatasetFile): void {
  if (!summaryOf(file)) return;
  writeFileWhole(join(dir, rewritingMark), '');
  writeDatasetFile(dir, headerOf(file), file.shards, null);
  for (let shard = 0; shard < file.shards; shard++) rmSync(join(dir, `${shardName(shard)}.json`), { force: true });
}

/** Gives ordinals, labels, artefacts, stats and digest anew. */
export async function endRewriting(dir: string, header: DatasetHeader, runStage: RunStage): Promise<DatasetSummary> {
  const sink = await openRawSink({ dir, header });
  try {
    return await sink.finish(await runStage(sink.samples(), header));
  } finally {
    await sink.close();
  }
}
