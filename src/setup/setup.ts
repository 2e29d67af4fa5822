import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Observable } from 'rxjs';
import {
  BackendError,
  cacheFolder,
  createJob,
  lmdbParts,
  nativeFolder,
  tensorflowParts,
  type JobContext,
  type JobEvent,
} from '../core/index.js';
import { findFfmpeg, installFfmpeg } from './ffmpeg.js';
import { installLmdb } from './lmdb.js';
import { withLock } from './lock.js';
import { fetchSources, findSources, lmdbPackage, type Sources } from './packages.js';
import {
  defaultTensorflow,
  installTensorflow,
  tensorflowFingerprint,
  tensorflowObstacle,
  type TensorflowWish,
} from './tensorflow.js';
import { findCompiler, findPip, installRemedy, type PipTool } from './tools.js';

/** What setup is asked for. */
export interface SetupOptions {
  /** TensorFlow's CUDA build and CUDA's libraries. */
  readonly gpu?: boolean;
  /** TensorFlow's version. */
  readonly tensorflow?: string;
  /** A TensorFlow wheel, or a folder with an installed one, which is used in place. */
  readonly from?: string;
  /** Takes everything away again. */
  readonly remove?: boolean;
  /** What cannot be had is said, and is no error. */
  readonly optional?: boolean;
  readonly now: () => Date;
}

/** How one part ended. */
export interface SetupPart {
  readonly name: 'tensorflow' | 'lmdb' | 'ffmpeg';
  /** `ready`: was there; `installed`: is there now; `missing`: see `detail` and `remedy`. */
  readonly state: 'ready' | 'installed' | 'missing' | 'removed';
  readonly detail: string;
  readonly remedy: string | null;
}

/** What setup reached. */
export interface SetupResult {
  readonly parts: readonly SetupPart[];
  /** One line for people where something is missing, else null. */
  readonly missing: string | null;
}

const stage = 'setup';
const tryAgain = 'run reelmine setup again; with --verbose it says more';

/**
 * Brings the native parts: TensorFlow and its addon, LMDB in data format 1, an ffmpeg program. What is there is left as it is,
 * without starting a process. Safe when run twice at once; what a killed run left behind is never picked up.
 *
 * @throws BackendError (through the Observable) if a part cannot be had, unless `optional`.
 */
export function setup(options: SetupOptions, stop?: AbortSignal): Observable<JobEvent<SetupResult>> {
  return createJob(async (context) => {
    if (options.remove) return removeAll();
    const wish = toWish(options);
    const wanted = partsToDo(wish);
    const ready = (['tensorflow', 'lmdb', 'ffmpeg'] as const).filter((name) => !wanted.includes(name)).map(readyPart);
    if (wanted.length === 0) return { parts: ready, missing: null };
    const lock = {
      now: options.now,
      signal: context.signal,
      onWait: () => say(context, 'waiting for another setup', 0, wanted.length),
    };
    // another process may have done some of it while this one waited
    const made = await withLock(join(nativeFolder(), 'lock'), lock, () => {
      removeLeftovers();
      return install(wish, partsToDo(wish), context);
    });
    const parts = [...ready, ...wanted.map((name) => made.find((part) => part.name === name) ?? readyPart(name))];
    const missing = missingLine(parts);
    if (missing !== null && !options.optional) throw new BackendError(missing, { context: { parts } });
    return { parts, missing };
  }, stop);
}

function toWish({ gpu = false, tensorflow, from }: SetupOptions): TensorflowWish {
  const kept = from === undefined && tensorflow === undefined && !gpu ? recordedWish() : null;
  return kept ?? { version: tensorflow ?? defaultTensorflow, gpu, from: from === undefined ? null : resolve(from) };
}

/** Asked for nothing special, setup keeps to what it was last asked for. */
function recordedWish(): TensorflowWish | null {
  if (!tensorflowParts()) return null;
  return (readTensorflowRecord() as { wish?: TensorflowWish }).wish ?? null;
}

function readTensorflowRecord(): unknown {
  return JSON.parse(readFileSync(join(nativeFolder(), 'tensorflow.json'), 'utf8'));
}

function partsToDo(wish: TensorflowWish): SetupPart['name'][] {
  const sources = findSources();
  const record = tensorflowParts() && (readTensorflowRecord() as { fingerprint: string });
  const tensorflow = sources !== null && record?.fingerprint === tensorflowFingerprint(wish, sources);
  return [
    ...(tensorflow ? [] : ['tensorflow' as const]),
    ...(lmdbParts()?.version === lmdbPackage().version ? [] : ['lmdb' as const]),
    ...(findFfmpeg() ? [] : ['ffmpeg' as const]),
  ];
}

function readyPart(name: SetupPart['name']): SetupPart {
  const detail = {
    tensorflow: () => `TensorFlow ${tensorflowParts()?.version} (${tensorflowParts()?.variant})`,
    lmdb: () => `LMDB ${lmdbParts()?.version}, data format 1`,
    ffmpeg: () => `${findFfmpeg()?.path} (${findFfmpeg()?.from})`,
  }[name]();
  return { name, state: 'ready', detail, remedy: null };
}

async function install(
  wish: TensorflowWish,
  wanted: readonly SetupPart['name'][],
  context: JobContext,
): Promise<SetupPart[]> {
  const { signal } = context;
  const compiler = findCompiler();
  const pip = await findPip();
  const lacks = [...(pip ? [] : ['pip' as const]), ...(compiler ? [] : ['compiler' as const])];
  let found: Sources | null = findSources();
  const sources = async () => (found ??= await fetchSources(signal));
  const parts: SetupPart[] = [];
  for (const [i, name] of wanted.entries()) {
    const note = (text: string) => say(context, text, i, wanted.length);
    const installers: Record<
      SetupPart['name'],
      { needs: readonly ('pip' | 'compiler')[]; run: () => Promise<string> }
    > = {
      tensorflow: {
        needs: wish.from === null ? ['pip', 'compiler'] : ['compiler'],
        run: async () => {
          const obstacle = tensorflowObstacle();
          if (obstacle !== null) throw new BackendError(obstacle);
          const trial = await installTensorflow(wish, {
            sources: await sources(),
            compiler: compiler as string,
            pip,
            signal,
            note,
          });
          return `TensorFlow ${trial.version} on ${trial.devices.map(({ type }) => type).join(', ')}`;
        },
      },
      lmdb: {
        needs: ['compiler'],
        run: async () => {
          await installLmdb({ sources: await sources(), compiler: compiler as string, signal, note });
          return `LMDB ${lmdbPackage().version}, data format 1`;
        },
      },
      ffmpeg: { needs: ['pip'], run: () => installFfmpeg({ pip: pip as PipTool, signal, note }) },
    };
    parts.push(await tryPart(name, installers[name], lacks, signal));
  }
  return parts;
}

async function tryPart(
  name: SetupPart['name'],
  { needs, run }: { readonly needs: readonly ('pip' | 'compiler')[]; readonly run: () => Promise<string> },
  lacks: readonly ('pip' | 'compiler')[],
  signal: AbortSignal,
): Promise<SetupPart> {
  const lacking = needs.filter((need) => lacks.includes(need));
  if (lacking.length > 0) {
    const what = lacking.map((need) => (need === 'pip' ? 'Python with pip' : 'a C++ compiler')).join(' and ');
    return { name, state: 'missing', detail: `needs ${what}`, remedy: installRemedy(lacking) };
  }
  try {
    return { name, state: 'installed', detail: await run(), remedy: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof BackendError)) throw error;
    return { name, state: 'missing', detail: error.message, remedy: tryAgain };
  }
}

/** One line that says what is missing, what is used instead, and the one command that would mend it. */
function missingLine(parts: readonly SetupPart[]): string | null {
  const missing = parts.filter(({ state }) => state === 'missing');
  if (missing.length === 0) return null;
  const instead = {
    tensorflow: 'the slower wasm engine is used',
    lmdb: 'npm’s prebuilt LMDB is used',
    ffmpeg: 'only the libav decoder is there',
  };
  const said = missing.map(({ name, detail }) => `${name} ${detail} (${instead[name]})`);
  const remedies = [...new Set(missing.map(({ remedy }) => remedy).filter((remedy) => remedy !== null))];
  return `Not set up: ${said.join('; ')}. Remedy: ${remedies.join('; ')}`;
}

function removeAll(): SetupResult {
  const names = ['tensorflow', 'lmdb', 'ffmpeg'] as const;
  const there = {
    tensorflow: tensorflowParts() !== null,
    lmdb: lmdbParts() !== null,
    ffmpeg: existsSync(join(cacheFolder(), 'ffmpeg')),
  };
  rmSync(nativeFolder(), { recursive: true, force: true });
  rmSync(join(cacheFolder(), 'ffmpeg'), { recursive: true, force: true });
  const parts = names.map((name) => ({
    name,
    state: 'removed' as const,
    detail: there[name] ? 'removed' : 'was not there',
    remedy: null,
  }));
  return { parts, missing: null };
}

/** Under the lock nobody else builds, so every unfinished folder is a dead run's. */
function removeLeftovers(): void {
  mkdirSync(nativeFolder(), { recursive: true });
  for (const folder of [nativeFolder(), cacheFolder()]) {
    for (const name of readdirSync(folder))
      if (name.endsWith('.tmp')) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function say({ emit }: JobContext, note: string, done: number, total: number): void {
  emit({ kind: 'progress', stage, done, total, unit: 'parts', note });
}
