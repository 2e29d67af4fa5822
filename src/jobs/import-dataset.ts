import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ConfigError,
  decodeSafetensors,
  hashJson,
  openLedger,
  StoppedError,
  toolVersion,
  type DatasetHeader,
  type DatasetStage,
  type FailureCode,
  type JobContext,
  type MinedUnit,
  type Sample,
  type SampleSpec,
} from '../core/index.js';
import { miners } from '../mining/index.js';
import { openSink, type ExportFile } from '../store/index.js';
import type { ExchangeSummary } from './exchange.js';

/** Labels of a sample; null: none. */
export type SampleLabels = Readonly<Record<string, number | string>> | null;

/** A sample on its way in. */
export interface IncomingSample {
  readonly sample: Sample;
  readonly labels: SampleLabels;
}

/** One thing that could not be read, for the ledger. */
export interface ImportFailure {
  readonly path: string;
  readonly code: FailureCode;
  readonly message: string;
  /** Unit that lacks samples because of it and is not written; null: none is known. */
  readonly unit: UnitName | null;
}

/** `source/shot`. */
export type UnitName = string;

/** What a reader of files gives, in order. */
export type Incoming =
  | { readonly kind: 'sample'; readonly value: IncomingSample }
  | { readonly kind: 'failure'; readonly value: ImportFailure }
  /** Something is missing here: the unit that is held lacks its end, and the next one, unless it begins with its sample 0, its beginning. */
  | { readonly kind: 'gap' };

/** Units that go to the disk together: each turn waits for the disk. */
const togetherUnits = 64;
const togetherBytes = 8_000_000;

/**
 * Writes incoming samples to a dataset, one unit at a time: samples of a unit follow each other. A unit of which a sample is damaged is not
 * written at all, so that a later import can. Running again goes on. `total`: samples to come; null: not known.
 */
export async function writeIncoming(
  incoming: AsyncIterable<Incoming>,
  {
    out,
    header,
    artefacts,
    limit = Infinity,
    total,
  }: {
    readonly out: string;
    readonly header: DatasetHeader;
    readonly artefacts: DatasetStage['artefacts'];
    readonly limit?: number | undefined;
    readonly total: number | null;
  },
  { emit, signal }: JobContext,
): Promise<ExchangeSummary> {
  const sink = await openSink({ dir: out, header });
  const labels = new Map<string, Readonly<Record<string, number | string>>>();
  const failures: ImportFailure[] = [];
  const seen = new Set<UnitName>();
  const lost = new Set<UnitName>();
  let held: Sample[] = [];
  let isAfterGap = false;
  let counts = { done: 0, skipped: 0, duplicates: 0 };
  let waiting: MinedUnit[] = [];
  let waitingBytes = 0;
  const write = async () => {
    const units = waiting;
    waiting = [];
    waitingBytes = 0;
    await Promise.all(units.map((unit) => sink.writeUnit(unit)));
  };
  const nameOf = ({ provenance }: Sample): UnitName => `${provenance.source}/${provenance.shot}`;
  const flush = async () => {
    const [first] = held;
    const samples = held;
    held = [];
    if (!first || lost.has(nameOf(first))) return;
    const { source, shot } = first.provenance;
    if (seen.has(nameOf(first))) counts = { ...counts, duplicates: counts.duplicates + samples.length };
    else if (sink.hasUnit(source, shot)) counts = { ...counts, skipped: counts.skipped + samples.length };
    else {
      waiting.push({ source, shot, samples, rejections: {} });
      waitingBytes += samples.reduce((sum, sample) => sum + sizeOf(sample), 0);
      counts = { ...counts, done: counts.done + samples.length };
    }
    seen.add(nameOf(first));
    if (waiting.length >= togetherUnits || waitingBytes >= togetherBytes) await write();
  };
  try {
    let taken = 0;
    for await (const one of incoming) {
      if (signal.aborted) {
        await write();
        throw new StoppedError('Stopped; what was read is saved, and the same command goes on.');
      }
      if (one.kind === 'failure') {
        failures.push(one.value);
        if (one.value.unit !== null) lost.add(one.value.unit);
        continue;
      }
      if (one.kind === 'gap') {
        if (held[0]) lost.add(nameOf(held[0]));
        isAfterGap = true;
        continue;
      }
      if (taken >= limit) break;
      const { sample, labels: own } = one.value;
      if (isAfterGap && !sample.key.endsWith('/0')) lost.add(nameOf(sample));
      isAfterGap = false;
      if (held[0] && nameOf(held[0]) !== nameOf(sample)) await flush();
      if (held.some(({ key }) => key === sample.key)) counts = { ...counts, duplicates: counts.duplicates + 1 };
      else {
        held.push(sample);
        if (own && !seen.has(nameOf(sample))) labels.set(sample.key, own);
      }
      emit({ kind: 'progress', stage: 'import', done: ++taken, total, unit: 'samples' });
    }
    await flush();
    await write();
    if (seen.size === 0) throw new ConfigError('Nothing that could be imported was found.', { code: 'nothing-found' });
    for (const key of labels.keys()) if (lost.has(key.slice(0, key.lastIndexOf('/')))) labels.delete(key);
    const isStage = labels.size > 0 || Object.keys(artefacts).length > 0;
    const summary = await sink.finish(isStage ? { labels, artefacts } : null);
    saveFailures(out, failures);
    return {
      counts: { ...counts, failed: failures.length, samples: summary.samples },
      outputs: [out],
      digest: summary.digest,
      text: `${summary.samples} samples of ${summary.sources} sources in ${out}${failures.length > 0 ? `; ${failures.length} failed` : ''}${counts.duplicates > 0 ? `; ${counts.duplicates} were there already` : ''}`,
    };
  } finally {
    await sink.close();
  }
}

/** The header of a dataset that comes back from an export of ours: as it was, but for the tool. */
export function headerOfExport({ dataset }: ExportFile, limit: number | undefined): DatasetHeader {
  const { signal, signalVersion, spec, config, configHash, corpusDigest, decoder, seed } = dataset;
  const selection = limit === undefined ? dataset.selection : { ...dataset.selection, limit };
  return {
    signal,
    signalVersion,
    spec,
    config,
    configHash,
    corpusDigest,
    decoder,
    toolVersion: toolVersion(),
    seed,
    selection,
  };
}

/** The header of clips that others made; `imported` says from what and how, and `corpusDigest` of which content. */
export async function headerOfClips({
  imported,
  corpusDigest,
  limit,
}: {
  readonly imported: Readonly<Record<string, unknown>>;
  readonly corpusDigest: string;
  readonly limit: number | undefined;
}): Promise<DatasetHeader> {
  const miner = await miners.load('clips');
  return {
    signal: 'clips',
    signalVersion: miner.version,
    spec: miner.sample as SampleSpec,
    config: { imported },
    configHash: hashJson({ imported }),
    corpusDigest,
    decoder: { name: 'none', version: '1' },
    toolVersion: toolVersion(),
    seed: 0,
    selection: limit === undefined ? {} : { limit },
  };
}

/** What an export keeps beside its files of what was learned from the whole dataset. */
export function artefactsOfExport(dir: string, { more }: ExportFile): DatasetStage['artefacts'] {
  const path = join(dir, 'artefacts.safetensors');
  return more?.['hasArtefacts'] === true && existsSync(path) ? decodeSafetensors(readFileSync(path)).tensors : {};
}

/** Refuses an export that is not finished, or of another signal. */
export function assertImportable(dir: string, file: ExportFile, format: string, signal: string): void {
  if (file.format !== format) throw new ConfigError(`${dir} was exported as ${file.format}, not as ${format}.`);
  if (!file.complete) throw new ConfigError(`${dir} is an export that was not finished.`);
  if (file.dataset.signal !== signal)
    throw new ConfigError(`${dir} holds ${file.dataset.signal}, not ${signal}.`, { code: 'wrong-signal' });
}

/** About how many bytes a sample holds. */
function sizeOf({ fields }: Sample): number {
  const measure = (value: unknown): number => {
    if (ArrayBuffer.isView(value)) return value.byteLength;
    if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + measure(item), 0);
    return typeof value === 'object' && value !== null && 'data' in value ? measure(value.data) : 8;
  };
  return Object.values(fields).reduce<number>((sum, value) => sum + measure(value), 0);
}

function saveFailures(out: string, failures: readonly ImportFailure[]): void {
  const ledger = openLedger(join(out, 'failures.jsonl'), () => new Date());
  if (failures.length === 0 && ledger.entries.length === 0) return;
  const failed = new Set(failures.map(({ path }) => path));
  for (const { path, stage } of ledger.entries) if (!failed.has(path)) ledger.clear(path, stage);
  for (const { path, code, message, unit } of failures)
    ledger.record({
      source: unit === null ? null : unit.slice(0, unit.lastIndexOf('/')),
      path,
      stage: 'import',
      code,
      message,
    });
  ledger.save();
}
