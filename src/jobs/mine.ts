import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  ConfigError,
  coreCount,
  createJob,
  didYouMean,
  hashJson,
  loadConfig,
  openLedger,
  runJob,
  scratchFolder,
  toolVersion,
  type DatasetHeader,
  type JobEvent,
  type SampleSink,
  type VideoSource,
} from '../core/index.js';
import { readCorpus, selectDecoder, type Corpus } from '../ingest/index.js';
import { mine as runMining, miners, selectSources, type AnyMiner, type MineResult } from '../mining/index.js';
import { openSink } from '../store/index.js';

/** What `mine` takes. */
export interface MineOptions {
  readonly signals: readonly string[];
  /** Folder of the corpus. */
  readonly corpus: string;
  /** Folder of the dataset; with several signals, of a folder for each. */
  readonly out: string;
  /** YAML settings and `key=value` overrides; with several signals each key starts with the signal's name. */
  readonly file?: string | undefined;
  readonly set?: readonly string[];
  readonly decoder?: string;
  readonly workers?: number;
  readonly seed?: number;
  /** The first N sources by id. */
  readonly limit?: number | undefined;
  readonly part?: { readonly index: number; readonly count: number } | undefined;
  /** Official split, from 1: only sources of `role` in it. */
  readonly split?: number | undefined;
  readonly role?: 'train' | 'test' | undefined;
  /** Only these source ids. */
  readonly only?: readonly string[];
}

/** What was mined. */
export interface MineSummary extends MineResult {
  readonly outputs: readonly string[];
}

interface PlannedSignal {
  readonly name: string;
  readonly miner: AnyMiner;
  readonly config: unknown;
  readonly configHash: string;
  readonly dir: string;
}

/** Mines signals from a corpus into datasets, every video decoded once; running again goes on where it stopped. */
export function mine(options: MineOptions, stop?: AbortSignal): Observable<JobEvent<MineSummary>> {
  return createJob(async ({ emit, signal }) => {
    const { decoder: wanted = 'auto', workers = coreCount(), seed = 1, limit, part, split, role, only } = options;
    const corpus = await readCorpus(options.corpus);
    const signals = await planSignals(options);
    const { decoder } = await selectDecoder(wanted);
    const decoderVersion = { name: decoder.name, version: await decoder.version() };
    const sinks: Record<string, SampleSink> = {};
    try {
      for (const planned of signals) {
        const header = makeHeader(planned, { corpus, options, seed, decoder: decoderVersion });
        sinks[planned.name] = await openSink({ dir: planned.dir, header });
      }
      const result = await runJob(
        runMining(
          {
            signals: signals.map(({ miner, name, config }) => ({ miner, name, config })),
            corpus,
            decoder: decoder.name,
            sinks,
            workers,
            seed,
            now: () => new Date(),
            limit,
            part,
            split,
            role,
            only,
          },
          signal,
        ),
        emit,
      );
      for (const { dir } of signals) saveFailures(dir, result, corpus);
      return { ...result, outputs: signals.map(({ dir }) => dir) };
    } finally {
      for (const sink of Object.values(sinks)) await sink.close();
    }
  }, stop);
}

/** What `mine` would do, from a few sources that are really mined into a scratch folder and thrown away. */
export interface MinePlan {
  /** `units`: shots to mine; samples and bytes are extrapolated. */
  readonly signals: readonly {
    readonly name: string;
    readonly configHash: string;
    readonly units: number;
    readonly samples: number;
    readonly bytes: number;
  }[];
  readonly sources: number;
  readonly shots: number;
  /** Of video. */
  readonly videoSeconds: number;
  /** How many sources were measured; 0: the corpus is empty. */
  readonly measured: number;
  /** Extrapolated by the length of the videos. */
  readonly estimate: { readonly seconds: number; readonly samples: number; readonly bytes: number };
}

/** Measures `mine` on up to `measured` sources, chosen by the hash of their ids, and extrapolates. */
export async function planMining(
  options: MineOptions,
  { measured = 4 }: { readonly measured?: number } = {},
): Promise<MinePlan> {
  const { sources } = selectSources((await readCorpus(options.corpus)).sources, options);
  const signals = await planSignals(options);
  const chosen = [...sources].sort((a, b) => (hashJson(a.id) < hashJson(b.id) ? -1 : 1)).slice(0, measured);
  const lengthOf = (list: readonly VideoSource[]) => list.reduce((sum, { video }) => sum + video.durationSeconds, 0);
  const scratch = mkdtempSync(join(scratchFolder(), 'reelmine-plan-'));
  try {
    const started = performance.now();
    const only = chosen.map(({ id }) => id);
    const whole = { split: undefined, role: undefined, limit: undefined, part: undefined } as const;
    const result = chosen.length === 0 ? null : await runJob(mine({ ...options, ...whole, out: scratch, only }));
    const seconds = (performance.now() - started) / 1000;
    const share = chosen.length === 0 ? 0 : lengthOf(sources) / lengthOf(chosen);
    const shots = sources.reduce((sum, source) => sum + source.shots.length, 0);
    const each = signals.map(({ name, configHash }) => {
      const summary = result?.signals[name]?.summary;
      const estimate = (measure: number | undefined) => Math.round(share * (measure ?? 0));
      return {
        name,
        configHash,
        units: shots,
        samples: estimate(summary?.samples),
        bytes: estimate(summary?.bytes),
      };
    });
    return {
      signals: each,
      sources: sources.length,
      shots,
      videoSeconds: lengthOf(sources),
      measured: chosen.length,
      estimate: {
        seconds: share * seconds,
        samples: each.reduce((sum, { samples }) => sum + samples, 0),
        bytes: each.reduce((sum, { bytes }) => sum + bytes, 0),
      },
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function planSignals({ signals, out, file, set = [] }: MineOptions): Promise<readonly PlannedSignal[]> {
  const single = signals.length === 1;
  for (const assignment of single ? [] : set) {
    const [name = ''] = assignment.split('.', 1);
    if (!signals.includes(name)) {
      throw new ConfigError(
        `With several signals --set starts with the signal's name, as in ${signals[0] ?? ''}.key=value; got ${JSON.stringify(assignment)}${didYouMean(name, signals)}`,
      );
    }
  }
  return Promise.all(
    signals.map(async (name) => {
      const miner = await miners.load(name);
      const own = single
        ? set
        : set.filter((text) => text.startsWith(`${name}.`)).map((text) => text.slice(name.length + 1));
      const { config, hash } = loadConfig(miner.config, { file, set: own });
      return { name, miner, config, configHash: hash, dir: single ? out : join(out, name) };
    }),
  );
}

function makeHeader(
  { name, miner, config, configHash }: PlannedSignal,
  {
    corpus,
    options,
    seed,
    decoder,
  }: { corpus: Corpus; options: MineOptions; seed: number; decoder: DatasetHeader['decoder'] },
): DatasetHeader {
  const { split, role, only, limit, part } = options;
  const selection = {
    ...(split === undefined ? {} : { split, role: role ?? 'train' }),
    ...(only ? { only: hashJson([...only].sort()) } : {}),
    ...(limit === undefined ? {} : { limit }),
    ...(part ? { part: `${part.index + 1}/${part.count}` } : {}),
  };
  return {
    signal: name,
    signalVersion: miner.version,
    spec: miner.sample as DatasetHeader['spec'],
    config,
    configHash,
    corpusDigest: corpus.digest,
    decoder,
    toolVersion: toolVersion(),
    seed,
    selection,
  };
}

/** The dataset's ledger: this run's failures, and an end to those of units that have now succeeded. */
function saveFailures(dir: string, result: MineResult, corpus: Corpus): void {
  const ledger = openLedger(join(dir, 'failures.jsonl'), () => new Date());
  const failed = new Set(result.failures.map((failure) => failure.path));
  if (!result.stopped) {
    for (const source of corpus.sources)
      for (const path of source.paths) if (!failed.has(path)) ledger.clear(path, 'mine');
  }
  for (const { source, path, stage, code, message } of result.failures)
    ledger.record({ source, path, stage, code, message });
  ledger.save();
}
