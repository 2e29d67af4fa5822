import { lastValueFrom, type Observable } from 'rxjs';
import {
  checkConfig,
  createJob,
  MediaError,
  PipelineError,
  runPool,
  type Counts,
  type DatasetSummary,
  type FailureEntry,
  type JobContext,
  type JobEvent,
  type SampleSink,
  type VideoSource,
} from '../core/index.js';
import { selectDecoder, type Corpus } from '../ingest/index.js';
import type { AnyMiner, MinerDefinition } from './define-miner.js';
import { finishSignal } from './finish-dataset.js';
import type { UnitId } from './mine-video.js';
import { selectSources, type SourceSelection } from './select-sources.js';
import { createWorkerPool, type WorkerPool } from './worker-pool.js';

/** A signal to mine. */
export interface SignalRequest {
  readonly miner: AnyMiner;
  /** Name of its dataset: seeds its randomness, names its views and its sink. */
  readonly name: string;
  readonly config: unknown;
  /** Absolute path of a compiled module that default-exports the miner, where it is not in the registry. */
  readonly module?: string;
}

/** What to mine, from what, to where. */
export interface MineOptions extends SourceSelection {
  readonly signals: readonly SignalRequest[];
  readonly corpus: Corpus;
  /** Name of a decoder, or `auto`. */
  readonly decoder: string;
  /** One per signal, by name. They are finished here, and closed by whoever opened them. */
  readonly sinks: Readonly<Record<string, SampleSink>>;
  /** Processes; each mines one video at a time. */
  readonly workers: number;
  readonly seed: number;
  /** `stop`: the first failure ends the job with an error. Default: `skip`. */
  readonly onError?: 'stop' | 'skip';
  /** The job gives up when more videos than that have failed. Default: no limit. */
  readonly maxFailures?: number;
  /** A video in which nothing moves for that long fails with `timeout`. Default: 120,000. */
  readonly stallTimeoutMs?: number;
  readonly now: () => Date;
}

/** What mining gave. */
export interface MineResult {
  /** Pictures decoded by all workers in this run, in passes over videos. */
  readonly framesDecoded: number;
  /** Pictures decoded to show single ones that surveys sought. */
  readonly framesSought: number;
  readonly stopped: boolean;
  /** Videos: mined, already there, failed. */
  readonly counts: Counts;
  /** Units of each signal: mined in this run, already there, left out by failures; and its samples of this run. */
  readonly signals: Readonly<Record<string, { readonly summary: DatasetSummary | null; readonly counts: Counts }>>;
  readonly failures: readonly FailureEntry[];
}

/**
 * Mines signals from a corpus, every video decoded once for all of them. Units that a sink already has are not mined
 * again, and a video that lacks none is not opened. The bytes depend on corpus, configuration, seed and decoder alone.
 *
 * A broken video leaves the units before its damage, and an entry in `failures`. A worker that dies is replaced, and
 * its video tried once more.
 *
 * @param stop ends the job early: the units in hand are finished and written, the datasets stay open for a later run.
 * @throws MediaError with `onError: 'stop'`, PipelineError `too-many-failures`, ConfigError, and what a sink throws.
 */
export function mine(options: MineOptions, stop?: AbortSignal): Observable<JobEvent<MineResult>> {
  return createJob(async (context) => new MiningRun(options, context).run(), stop);
}

interface Tally {
  done: number;
  skipped: number;
  failed: number;
  samples: number;
}

class MiningRun {
  readonly #options: MineOptions;
  readonly #context: JobContext;
  /** With their configurations checked and completed. */
  readonly #signals: readonly SignalRequest[];
  readonly #sources: readonly VideoSource[];
  /** Aborts when no new unit should be begun: asked to stop, or given up. */
  readonly #ending = new AbortController();
  readonly #videos = { done: 0, skipped: 0, failed: 0 };
  readonly #units = new Map<string, Tally>();
  readonly #failures: FailureEntry[] = [];
  #error: Error | null = null;
  #framesDecoded = 0;
  #framesSought = 0;

  constructor(options: MineOptions, context: JobContext) {
    this.#options = options;
    this.#context = context;
    if (options.signals.length === 0) throw new RangeError('signals must name at least one signal.');
    if (!Number.isInteger(options.workers) || options.workers < 1) {
      throw new RangeError(`workers must be at least 1, got ${options.workers}.`);
    }
    this.#signals = options.signals.map((signal) => {
      if (!options.sinks[signal.name]) throw new TypeError(`sinks has none for the signal ${signal.name}.`);
      this.#units.set(signal.name, { done: 0, skipped: 0, failed: 0, samples: 0 });
      return { ...signal, config: checkConfig((signal.miner as MinerDefinition).config, signal.config).config };
    });
    const { sources, leakingGroups } = selectSources(options.corpus.sources, options);
    this.#sources = sources;
    if (leakingGroups.length > 0) {
      const message = `The lists of split ${String(options.split)} train and test on clips of the same groups: ${leakingGroups.join(', ')}.`;
      context.emit({ kind: 'warning', stage: 'mine', message });
    }
  }

  async run(): Promise<MineResult> {
    const { signal } = this.#context;
    const onStop = () => this.#ending.abort();
    if (signal.aborted) onStop();
    signal.addEventListener('abort', onStop, { once: true });
    this.#tell();
    try {
      await this.#mineVideos(this.#sources.filter((source) => this.#needsWork(source)));
    } finally {
      signal.removeEventListener('abort', onStop);
    }
    if (this.#error !== null) throw this.#error;
    const summaries = signal.aborted ? new Map<string, DatasetSummary>() : await this.#finish();
    return {
      framesDecoded: this.#framesDecoded,
      framesSought: this.#framesSought,
      stopped: signal.aborted && summaries.size === 0,
      counts: { ...this.#videos, units: sum(this.#units, 'done'), samples: sum(this.#units, 'samples') },
      signals: Object.fromEntries(
        [...this.#units].map(([name, counts]) => [
          name,
          { summary: summaries.get(name) ?? null, counts: { ...counts } },
        ]),
      ),
      failures: [...this.#failures].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
    };
  }

  async #mineVideos(sources: readonly VideoSource[]): Promise<void> {
    if (sources.length === 0 || this.#ending.signal.aborted) return;
    const { corpus, decoder, seed, workers, stallTimeoutMs = 120_000 } = this.#options;
    const setup = {
      signals: this.#signals.map(({ name, miner, module, config }) => ({
        name,
        miner: (miner as MinerDefinition).name,
        module,
        config,
      })),
      corpusRoot: corpus.root,
      decoder: (await selectDecoder(decoder)).decoder.name,
      seed,
    };
    const pool = createWorkerPool(setup, { stallTimeoutMs, stop: this.#ending.signal });
    try {
      const jobs = runPool(sources, (source) => this.#mineVideo(source, pool), {
        workers,
        signal: this.#ending.signal,
      });
      await lastValueFrom(jobs, { defaultValue: undefined });
    } finally {
      await pool.close();
    }
  }

  /** Counts what is already there; true if anything is missing. */
  #needsWork(source: VideoSource): boolean {
    const units = this.#unitsOf(source);
    for (const { signal, missing } of units) if (!missing) this.#tally(signal).skipped++;
    if (units.some(({ missing }) => missing)) return true;
    this.#videos.skipped++;
    return false;
  }

  #unitsOf(source: VideoSource): readonly (UnitId & { readonly missing: boolean })[] {
    return source.shots.flatMap(({ index: shot }) =>
      this.#signals.map(({ name: signal }) => ({
        shot,
        signal,
        missing: !this.#options.sinks[signal]!.hasUnit(source.id, shot),
      })),
    );
  }

  #missing(source: VideoSource): readonly UnitId[] {
    return this.#unitsOf(source).flatMap(({ shot, signal, missing }) => (missing ? [{ shot, signal }] : []));
  }

  /** Never rejects: an error that must end the job is kept until the other workers have saved what they hold. */
  async #mineVideo(source: VideoSource, pool: WorkerPool): Promise<void> {
    try {
      await this.#tryVideo(source, pool);
    } catch (error) {
      this.#error ??= error instanceof Error ? error : new Error(String(error));
      this.#ending.abort();
    }
    this.#tell();
  }

  async #tryVideo(source: VideoSource, pool: WorkerPool): Promise<void> {
    for (let attempts = 1; ; attempts++) {
      const { failure, framesDecoded, framesSought } = await pool.mine(
        source,
        this.#missing(source),
        async (signal, unit) => {
          await this.#options.sinks[signal]!.writeUnit(unit);
          const tally = this.#tally(signal);
          tally.done++;
          tally.samples += unit.samples.length;
          this.#tell();
        },
      );
      this.#framesDecoded += framesDecoded;
      this.#framesSought += framesSought;
      if (failure?.died && attempts === 1 && !this.#ending.signal.aborted) continue;
      if (failure) this.#fail(source, attempts, failure);
      else if (this.#missing(source).length === 0) this.#videos.done++;
      return;
    }
  }

  #fail(
    source: VideoSource,
    attempts: number,
    { code, message }: { readonly code: FailureEntry['code']; readonly message: string },
  ): void {
    const path = source.paths[0] ?? source.id;
    for (const { signal } of this.#missing(source)) this.#tally(signal).failed++;
    this.#videos.failed++;
    this.#failures.push({
      source: source.id,
      path,
      stage: 'mine',
      code,
      message,
      attempts,
      at: this.#options.now().toISOString(),
    });
    const { onError = 'skip', maxFailures = Infinity } = this.#options;
    if (onError === 'stop')
      throw new MediaError(code, `${path}: ${message}`, { context: { source: source.id, path, attempts } });
    if (this.#videos.failed > maxFailures) {
      throw new PipelineError(
        'too-many-failures',
        `${this.#videos.failed} videos failed; at most ${maxFailures} may.`,
        {
          context: { failures: this.#failures },
        },
      );
    }
  }

  async #finish(): Promise<ReadonlyMap<string, DatasetSummary>> {
    const summaries = new Map<string, DatasetSummary>();
    for (const { name, miner, config } of this.#signals) {
      const sink = this.#options.sinks[name]!;
      const stage = await finishSignal(sink.samples(), { miner, name, config, seed: this.#options.seed });
      summaries.set(name, await sink.finish(stage));
    }
    return summaries;
  }

  #tally(signal: string): Tally {
    return this.#units.get(signal)!;
  }

  #tell(): void {
    const { done, skipped, failed } = this.#videos;
    this.#context.emit({
      kind: 'progress',
      stage: 'mine',
      done: done + skipped + failed,
      total: this.#sources.length,
      unit: 'videos',
      counts: { failed, units: sum(this.#units, 'done'), samples: sum(this.#units, 'samples') },
    });
  }
}

function sum(units: ReadonlyMap<string, Tally>, what: keyof Tally): number {
  return [...units.values()].reduce((total, tally) => total + tally[what], 0);
}
