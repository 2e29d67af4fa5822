import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { cacheFolder } from './environment.js';

/** TensorFlow and the addon that `reelmine setup` built for it. All paths are absolute. */
export interface TensorflowParts {
  /** TensorFlow's own, such as `2.21.0`. */
  readonly version: string;
  /** `cpu` or `gpu`: which wheel; `given`: a folder of the user's. */
  readonly variant: 'cpu' | 'gpu' | 'given';
  /** Folder of `libtensorflow_cc.so.2`. */
  readonly libraryFolder: string;
  /** `tfjs_binding.node`. */
  readonly addon: string;
  /** A `node_modules` folder with the whole of TensorFlow.js, where setup had to bring its own copy; else null. */
  readonly packages: string | null;
}

/** LMDB in data format 1, as `reelmine setup` built it. */
export interface LmdbParts {
  /** Version of the npm package `lmdb` whose sources were built. */
  readonly version: string;
  /** What the variable `LMDB_PREBUILD` must name before `lmdb` is imported: holds `build/Release/lmdb.node`. */
  readonly prebuildFolder: string;
}

/** The record that setup writes last, once the part it tells of has been loaded and tried. Paths are relative to `nativeFolder()`, or absolute. */
interface NativeRecord {
  readonly schema: number;
  readonly version: string;
  readonly files: readonly string[];
  readonly [name: string]: unknown;
}

/** Where setup keeps what it built for this kind of machine. */
export function nativeFolder(): string {
  return join(cacheFolder(), 'native', `${process.platform}-${process.arch}`);
}

/** TensorFlow's parts if setup finished them and every file is still there, else null. */
export function tensorflowParts(): TensorflowParts | null {
  const record = readRecord('tensorflow');
  if (!record) return null;
  const { version, variant, libraryFolder, addon, packages } = record as unknown as TensorflowParts;
  return {
    version,
    variant,
    libraryFolder: place(libraryFolder),
    addon: place(addon),
    packages: packages === null ? null : place(packages),
  };
}

/** LMDB's build if setup finished it and it is still there, else null. */
export function lmdbParts(): LmdbParts | null {
  const record = readRecord('lmdb');
  return record && { version: record.version, prebuildFolder: place(record.prebuildFolder as string) };
}

/** The ffmpeg program that setup fetched, or null. */
export function ffmpegParts(): { readonly path: string } | null {
  const path = join(cacheFolder(), 'ffmpeg', 'ffmpeg');
  return existsSync(path) ? { path } : null;
}

function place(path: string): string {
  return isAbsolute(path) ? path : join(nativeFolder(), path);
}

function readRecord(part: 'tensorflow' | 'lmdb'): NativeRecord | null {
  let record: NativeRecord;
  try {
    record = JSON.parse(readFileSync(join(nativeFolder(), `${part}.json`), 'utf8')) as NativeRecord;
  } catch {
    return null; // never set up, or not ours: setup makes it anew
  }
  return record.schema === 1 && record.files.every((file) => existsSync(place(file))) ? record : null;
}
