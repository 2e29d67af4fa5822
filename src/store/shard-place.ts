import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { hashJson, readEnvironment, scratchFolder, sha256, syncFolder, type DatasetHeader } from '../core/index.js';
import { fileError } from './lmdb.js';
import { shardName } from './shard.js';

/** Where the shards of a dataset are written. */
export interface ShardPlace {
  /** True: beside the dataset, to be published; false: in its folder. */
  readonly isStaged: boolean;
  /** The file that is written. */
  path(shard: number): string;
  /** Puts a shard whose file is closed into the dataset's folder, whole. */
  publish(shard: number): void;
  /** Folders that killed runs of the same dataset left on this machine. */
  readonly leftovers: readonly string[];
  /** Removes the scratch folder. */
  remove(): void;
}

// Linux's statfs types; FUSE is among them because what lies behind it cannot be told.
const networkTypes: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB2'],
  [0xff534d42, 'CIFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x00c36400, 'Ceph'],
  [0x47504653, 'GPFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x19830326, 'BeeGFS'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x01021997, '9P'],
  [0x786f4256, 'vboxsf'],
  [0x65735546, 'FUSE'],
]);

/**
 * The network file system that a folder lies on, by name; null for a local one, and where the system does not tell. LMDB may not be
 * written there: it relies on a shared memory map.
 */
export function networkFileSystem(folder: string): string | null {
  if (platform() !== 'linux') return null;
  return networkTypes.get(statfsSync(folder).type >>> 0) ?? null;
}

/**
 * Chooses where the shards of a dataset are written: in its folder, or, where that is on a network file system, in a folder of their own
 * under `REELMINE_SCRATCH`, to which shards that are there already are copied.
 * `stage` decides which; default: `REELMINE_STAGE` (`on`, `off`), else the file system.
 */
export function choosePlace(
  dir: string,
  { header, shards, stage }: { readonly header: DatasetHeader; readonly shards: number; readonly stage?: boolean },
): ShardPlace {
  const shardIn = (folder: string, shard: number) => join(folder, `${shardName(shard)}.mdb`);
  if (!(stage ?? isStagedByDefault(dir))) {
    return {
      isStaged: false,
      path: (shard) => shardIn(dir, shard),
      publish: () => {},
      leftovers: [],
      remove: () => {},
    };
  }
  const name = `${stagePrefix(dir)}${hashJson({ ...header, toolVersion: null }).slice(0, 16)}-`;
  const scratch = scratchFolder();
  const leftovers = readdirSync(scratch).flatMap((each) => (each.startsWith(name) ? [join(scratch, each)] : []));
  const folder = mkdtempSync(join(scratch, name));
  for (let shard = 0; shard < shards; shard++)
    if (existsSync(shardIn(dir, shard))) copyWhole(shardIn(dir, shard), shardIn(folder, shard));
  return {
    isStaged: true,
    path: (shard) => shardIn(folder, shard),
    publish(shard) {
      copyWhole(shardIn(folder, shard), shardIn(dir, shard));
    },
    leftovers,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Removes what killed runs have left of a dataset in the scratch folder. */
export function removeStaged(dir: string): void {
  const scratch = scratchFolder();
  const prefix = stagePrefix(dir);
  for (const name of readdirSync(scratch))
    if (name.startsWith(prefix)) rmSync(join(scratch, name), { recursive: true, force: true });
}

/**
 * Copies a file so that it appears whole or not at all, and is on the disk when this returns.
 *
 * @throws StoreError `disk-full`, `read-only` or `io`, naming the file.
 */
export function copyWhole(from: string, to: string): void {
  const beside = join(dirname(to), `.${basename(to)}.${process.pid}.tmp`);
  try {
    copyFileSync(from, beside);
    const file = openSync(beside, 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, to);
    syncFolder(dirname(to));
  } catch (error) {
    rmSync(beside, { force: true });
    throw fileError(to, error);
  }
}

/** True if shards in this folder are written elsewhere: `REELMINE_STAGE` (`on`, `off`), else on network file systems. */
export function isStagedByDefault(dir: string): boolean {
  const wanted = readEnvironment('REELMINE_STAGE');
  return wanted === undefined ? networkFileSystem(dir) !== null : wanted === 'on';
}

function stagePrefix(dir: string): string {
  return `reelmine-shards-${sha256(realpathSync(dir)).slice(0, 16)}-`;
}
