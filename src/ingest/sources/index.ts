import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError, didYouMean, type BenchmarkEntry } from '../../core/index.js';
import { isAddress } from '../fetch/place.js';
import type { BenchmarkFacts, Candidate, ExpandedSources } from './candidate.js';
import { expandDavis } from './davis.js';
import { filesOf, namedByPlace } from './described.js';
import { expandGlob, expandPath, isPattern } from './files.js';
import { expandFrames } from './frames.js';
import { expandHmdb51 } from './hmdb51.js';
import { expandKitti } from './kitti.js';
import { expandList, isListFile, urlCandidate } from './list.js';
import { expandMovingMnist } from './moving-mnist.js';
import { expandNpy } from './npy.js';
import { expandPairs } from './pairs.js';
import { expandSynthetic } from './synthetic.js';
import { expandTar, isTarFile } from './tar.js';
import { expandUcf101 } from './ucf101.js';
import { expandVoc } from './voc.js';

type Expand = (rest: string, corpus: string) => ExpandedSources | Promise<ExpandedSources>;

/** How much sources may do. */
export interface ExpandOptions {
  /** Of each archive only so many members are unpacked, by the hashes of their names: enough to plan by. Default: all. */
  readonly mostUnpacked?: number;
}

/** Sources that begin with a word and a colon: how each is written, and what reads it. */
const schemes: Readonly<Record<string, { readonly form: string; readonly expand: Expand }>> = {
  frames: { form: 'frames:DIR@FPS', expand: expandFrames },
  pairs: { form: 'pairs:LEFT,RIGHT', expand: expandPairs },
  npy: { form: 'npy:FILE', expand: expandNpy },
  'moving-mnist': { form: 'moving-mnist:svg|srvp|srivastava@SEED', expand: expandMovingMnist },
  synthetic: { form: 'synthetic:SEED or synthetic:KIND@SEED', expand: expandSynthetic },
  ucf101: { form: 'ucf101:DIR', expand: expandUcf101 },
  hmdb51: { form: 'hmdb51:DIR', expand: expandHmdb51 },
  davis: { form: 'davis:DIR', expand: expandDavis },
  kitti: { form: 'kitti:DIR', expand: expandKitti },
  voc: { form: 'voc:DIR or voc:DIR?coding=fair', expand: expandVoc },
};

/**
 * The files that sources come to, each once, in the order of their paths.
 *
 * @param sources files, folders, globs, list files, tars, addresses, and those of `schemes`.
 * @param corpus folder in which media that are made, unpacked or fetched are put.
 * @throws ConfigError for a source that is not there or of a kind that is not known.
 */
export async function expandSources(
  sources: readonly string[],
  corpus: string,
  options: ExpandOptions = {},
): Promise<ExpandedSources> {
  const all: ExpandedSources[] = [];
  for (const source of sources) all.push(await expandSource(source, corpus, options));
  const byPath = new Map<string, Candidate>();
  for (const named of all.flatMap((it) => it.candidates)) {
    const other = byPath.get(named.path);
    const isOther = other !== undefined && contentOf(other) !== contentOf(named);
    const candidate = isOther ? namedByPlace(named) : named;
    const before = byPath.get(candidate.path);
    byPath.set(candidate.path, before ? unite(before, candidate) : candidate);
  }
  return {
    candidates: [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    ignored: all.reduce((sum, it) => sum + it.ignored, 0),
    absent: all.reduce((sum, it) => sum + it.absent, 0),
    benchmarks: Object.assign({}, ...all.map((it) => it.benchmarks ?? {})) as Readonly<Record<string, BenchmarkFacts>>,
    warnings: all.flatMap((it) => it.warnings),
    failures: all.flatMap((it) => it.failures ?? []),
  };
}

async function expandSource(
  source: string,
  corpusFolder: string,
  { mostUnpacked }: ExpandOptions,
): Promise<ExpandedSources> {
  const corpus = resolve(corpusFolder);
  if (isAddress(source)) return { candidates: [urlCandidate(source, corpus)], ignored: 0, absent: 0, warnings: [] };
  const [, word, rest = ''] = /^([a-z][a-z0-9-]+):(.*)$/s.exec(source) ?? [];
  if (existsSync(source)) {
    if (isListFile(source)) return expandList(source, corpus);
    return isTarFile(source) ? expandTar(source, corpus, mostUnpacked) : expandPath(source);
  }
  if (word === undefined) return isPattern(source) ? expandGlob(source) : expandPath(source);
  const scheme = Object.hasOwn(schemes, word) ? schemes[word] : undefined;
  if (scheme) return scheme.expand(rest, corpus);
  const known = Object.values(schemes).map(({ form }) => form);
  throw new ConfigError(
    `Source ${source}: there is no file of that name, and no kind of source ${JSON.stringify(word)}${didYouMean(word, Object.keys(schemes)) || '.'} ` +
      `Sources are files, folders, globs, lists (.txt, .csv, .jsonl, .parquet), tars, http(s) addresses, ${known.join(', ')}.`,
    { code: 'unknown-source', context: { source } },
  );
}

/** What lies behind a path: two stretches or pairs of files at other places may have one name. */
function contentOf({ path, described }: Candidate): string {
  return [path, ...(described ? filesOf(described.description) : [])].join('\n');
}

/** What two mentions of one file say of it together. */
function unite(a: Candidate, b: Candidate): Candidate {
  return {
    ...a,
    licence: a.licence ?? b.licence,
    origin: a.origin ?? b.origin,
    ...((a.metadata ?? b.metadata) ? { metadata: { ...b.metadata, ...a.metadata } } : {}),
    benchmarks: uniteBenchmarks(a.benchmarks, b.benchmarks),
  };
}

/** Benchmark entries of two places of one content: by benchmark, each key once, in key order. */
export function uniteBenchmarks(
  a: Readonly<Record<string, readonly BenchmarkEntry[]>>,
  b: Readonly<Record<string, readonly BenchmarkEntry[]>>,
): Readonly<Record<string, readonly BenchmarkEntry[]>> {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return Object.fromEntries(
    names.map((name) => {
      const byKey = new Map([...(a[name] ?? []), ...(b[name] ?? [])].map((entry) => [entry.key, entry]));
      return [name, [...byKey.values()].sort((x, y) => (x.key < y.key ? -1 : 1))];
    }),
  );
}
