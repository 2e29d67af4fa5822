import { closeSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { scratchFolder, syncFolder } from '../core/index.js';
import { copyWhole, isStagedByDefault } from './shard-place.js';
import type { EncodedUnit } from './shard.js';
import { ShardWriter } from './shard-writer.js';

const batchBytes = 0x80_0000;

/**
 * Replaces a shard by a new file that holds these units and nothing else: no page of the old one is taken over. The new one appears whole.
 *
 * @throws StoreError as `ShardWriter` does; then the old file is still there.
 */
export async function rewriteShard(path: string, units: Iterable<EncodedUnit>): Promise<void> {
  const isStaged = isStagedByDefault(dirname(path));
  const folder = isStaged ? mkdtempSync(join(scratchFolder(), 'reelmine-rewrite-')) : dirname(path);
  const work = join(folder, `${basename(path)}.new`);
  rmSync(work, { force: true });
  try {
    await fill(work, units);
    if (isStaged) copyWhole(work, path);
    else {
      syncFile(work);
      renameSync(work, path);
      syncFolder(folder);
    }
  } finally {
    if (isStaged) rmSync(folder, { recursive: true, force: true });
    else rmSync(work, { force: true });
  }
}

async function fill(path: string, units: Iterable<EncodedUnit>): Promise<void> {
  const writer = await ShardWriter.open(path);
  try {
    let waiting: EncodedUnit[] = [];
    let bytes = 0;
    for (const unit of units) {
      waiting.push(unit);
      bytes += unit.samples.reduce((sum, { value }) => sum + value.length, unit.record.length);
      if (bytes < batchBytes) continue;
      await writer.commit(waiting);
      [waiting, bytes] = [[], 0];
    }
    await writer.commit(waiting);
  } finally {
    await writer.close();
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
