import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lmdbParts, readEnvironment, scratchFolder, StoreError, writeEnvironment } from '../core/index.js';
import { readMeta } from './lmdb-meta.js';

/** One named database of an environment: byte strings in the order of their keys' bytes. */
export interface LmdbDatabase {
  /** A copy of the value, or undefined. */
  get(key: Uint8Array): Uint8Array | undefined;
  has(key: Uint8Array): boolean;
  /** Inside `transact` only. */
  put(key: Uint8Array, value: Uint8Array): void;
  /** Removes everything; inside `transact` only. */
  clear(): void;
  readonly count: number;
  /** Keys in order, read in pages so that a slow reader holds no snapshot. */
  keys(): Iterable<Uint8Array>;
}

/** An open one-file LMDB environment. */
export interface LmdbEnvironment {
  /** One of its databases, made if it is not there. */
  database(name: string): LmdbDatabase;
  /** Runs `write` and commits; all of it is on the disk (fdatasync, then the meta page) when this returns, or none of it. */
  transact(write: () => void): void;
  close(): Promise<void>;
}

/** Which LMDB is used here. */
export interface LmdbStatus {
  /** True if there is one and a file that it wrote has data format 1. */
  readonly ok: boolean;
  /** For people: build, version, data format, and what was passed over. */
  readonly detail: string;
  /** What to do; null when all is well. */
  readonly remedy: string | null;
  /** `setup`: built by `reelmine setup`; `prebuilt`: from npm; null: none can be used. */
  readonly build: 'setup' | 'prebuilt' | null;
  /** LMDB's own, such as `LMDB 0.9.29: (March 16, 2021)`. */
  readonly version: string | null;
  /** Read from the meta page of a file that it wrote. */
  readonly dataFormat: number | null;
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

interface RawStore {
  openDB(options: object): RawStore;
  getBinary(key: Uint8Array): Uint8Array | undefined;
  doesExist(key: Uint8Array): boolean;
  put(key: Uint8Array, value: Uint8Array): unknown;
  clearSync(): void;
  getKeys(options: object): Iterable<Uint8Array>;
  getStats(): { readonly entryCount: number };
  transactionSync(write: () => void): void;
  close(): Promise<void>;
}

interface LmdbModule {
  open(options: object): RawStore;
  readonly nativeAddon: {
    readonly version: { readonly versionString: string; readonly minor: number; readonly patch: number };
  };
}

interface LoadedLmdb {
  readonly module: LmdbModule | null;
  readonly build: 'setup' | 'prebuilt' | null;
  readonly name: string | null;
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

const keysPerPage = 512;
const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
let loading: Promise<LoadedLmdb> | null = null;

/**
 * Opens an environment that is one file, for its one writer; closed files are read by `openPages`.
 *
 * @param mapBytes how large the file may grow.
 * @throws StoreError `no-lmdb`, or whatever `toStoreError` makes of LMDB's error. The caller has checked the file with `readMeta`.
 */
export async function openEnvironment(path: string, mapBytes: number): Promise<LmdbEnvironment> {
  const { module, passedOver } = await loadLmdb();
  if (!module) throw noLmdb(passedOver);
  const raw = attempt(path, () =>
    module.open({
      path,
      noSubdir: true,
      maxDbs: 8,
      overlappingSync: false,
      mapSize: mapBytes,
      ...binary,
    }),
  );
  return {
    database(name) {
      const database = attempt(path, () => raw.openDB({ name, ...binary }));
      return wrapDatabase(path, database);
    },
    transact: (write) => attempt(path, () => raw.transactionSync(write)),
    close: () => raw.close(),
  };
}

/** Which LMDB `openEnvironment` uses, tried by writing a file; and why others were passed over. */
export async function lmdbStatus(): Promise<LmdbStatus> {
  const { module, build, name, passedOver } = await loadLmdb();
  const others = passedOver.map((other) => `${other.name}: ${other.reason}`).join('; ');
  if (!module) {
    return {
      ok: false,
      detail: `none (${others})`,
      remedy: 'run reelmine setup',
      build,
      version: null,
      dataFormat: null,
      passedOver,
    };
  }
  const dataFormat = await writeAndReadFormat();
  const version = module.nativeAddon.version.versionString;
  const ok = dataFormat === 1;
  const detail = `${name ?? ''} (${build ?? ''}), ${version}, data format ${dataFormat}${others === '' ? '' : `; passed over ${others}`}`;
  return { ok, detail, remedy: ok ? null : 'run reelmine setup', build, version, dataFormat, passedOver };
}

async function writeAndReadFormat(): Promise<number> {
  const folder = mkdtempSync(join(scratchFolder(), 'reelmine-lmdb-'));
  try {
    const path = join(folder, 'probe.mdb');
    const environment = await openEnvironment(path, 1 << 20);
    environment.database('probe');
    await environment.close();
    return readMeta(path).format;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What LMDB's error means to a user: `disk-full`, `map-full`, `read-only`, `corrupt` or `io`, naming the file. */
export function toStoreError(path: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const [code, text] = explain(message);
  return new StoreError(code, `${path}: ${text} (${message}).`, { context: { path }, cause });
}

/** As `toStoreError` for what the system says of a file; any other error is given back as it is. */
export function fileError(path: string, error: unknown): unknown {
  const isSystem = error instanceof Error && 'syscall' in error;
  return isSystem ? toStoreError(path, error) : error;
}

function explain(message: string): readonly [code: string, text: string] {
  if (/MDB_MAP_FULL/.test(message)) return ['map-full', 'the shard is as large as it may grow'];
  // A write that the disk takes only in part is an input/output error to LMDB.
  if (/No space left|File too large|quota|Input\/output error/i.test(message)) {
    return ['disk-full', 'the disk is full, the file may not grow, or the disk fails'];
  }
  if (/Read-only|Permission denied|not permitted/i.test(message)) return ['read-only', 'it may not be written'];
  if (/MDB_(CORRUPTED|PAGE_NOTFOUND|PANIC|INVALID|VERSION_MISMATCH|BAD_)/.test(message))
    return ['corrupt', 'the shard is damaged'];
  return ['io', 'LMDB cannot go on'];
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw toStoreError(path, cause);
  }
}

function wrapDatabase(path: string, raw: RawStore): LmdbDatabase {
  return {
    get: (key) => attempt(path, () => raw.getBinary(key)),
    has: (key) => attempt(path, () => raw.doesExist(key)),
    put: (key, value) => void raw.put(key, value),
    clear: () => raw.clearSync(),
    get count() {
      return attempt(path, () => raw.getStats().entryCount);
    },
    *keys() {
      let from: Uint8Array | undefined;
      for (;;) {
        const options = { ...(from ? { start: from } : {}), limit: keysPerPage };
        const page = attempt(path, () => Array.from(raw.getKeys(options), (key) => Uint8Array.from(key)));
        yield* page;
        const last = page.at(-1);
        if (page.length < keysPerPage || !last) return;
        from = Uint8Array.from([...last, 0]); // the smallest key after the last
      }
    },
  };
}

/** Loads the first LMDB that writes data format 1; the outcome is kept for the life of the process. */
function loadLmdb(): Promise<LoadedLmdb> {
  return (loading ??= findLmdb());
}

async function findLmdb(): Promise<LoadedLmdb> {
  const passedOver: { name: string; reason: string }[] = [];
  const given = readEnvironment('LMDB_PREBUILD');
  const folder = given ?? lmdbParts()?.prebuildFolder;
  if (folder === undefined) passedOver.push({ name: 'lmdb (built)', reason: 'not built: run reelmine setup' });
  else {
    writeEnvironment('LMDB_PREBUILD', folder);
    const module = await importFormat1('lmdb', passedOver);
    if (module) return { module, build: 'setup', name: 'lmdb', passedOver };
    writeEnvironment('LMDB_PREBUILD', '');
  }
  const major = Number(process.versions.node.split('.')[0]);
  if (major > 22) {
    // It aborts the process at exit there, once a value of some 8 KB has been read.
    passedOver.push({ name: 'lmdb-v1 (prebuilt)', reason: `not for Node ${major}, only up to 22: run reelmine setup` });
    return { module: null, build: null, name: null, passedOver };
  }
  const module = await importFormat1('lmdb-v1', passedOver);
  return { module, build: module && 'prebuilt', name: module && 'lmdb-v1', passedOver };
}

async function importFormat1(name: string, passedOver: { name: string; reason: string }[]): Promise<LmdbModule | null> {
  try {
    const module = (await import(name)) as LmdbModule;
    const { minor, patch, versionString } = module.nativeAddon.version;
    if (minor === 9 && patch < 90) return module;
    passedOver.push({ name, reason: `${versionString} writes another data format` });
  } catch (error) {
    passedOver.push({ name, reason: error instanceof Error ? error.message : String(error) });
  }
  return null;
}

function noLmdb(passedOver: LoadedLmdb['passedOver']): StoreError {
  const why = passedOver.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  return new StoreError(
    'no-lmdb',
    `No LMDB that writes data format 1 can be used here (${why}). Run reelmine setup, which builds it with a C++ compiler; without one, use Node 20 or 22.`,
    {
      context: { passedOver },
    },
  );
}
