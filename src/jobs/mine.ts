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
  toolVersion,
  type DatasetHeader,
  type JobEvent,
  type SampleSink,
} from '../core/index.js';
import { readCorpus, selectDecoder, type Corpus } from '../ingest/index.js';
import { mine as runMining, miners, type AnyMiner, type MineResult } from '../mining/index.js';
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

/** A signal to mine: its miner, its settings and its folder. */
export interface PlannedSignal {
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

/** The miners that are asked for, with their settings and where each writes. */
export async function planSignals({ signals, out, file, set = [] }: MineOptions): Promise<readonly PlannedSignal[]> {
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
