import { resolve } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import type { BenchmarkFacts, Candidate, ExpandedSources } from './candidate.js';
import { expandGlob, expandPath, isPattern } from './files.js';
import { existsSync } from 'node:fs';
import { expandFrames } from './frames.js';
import { expandKitti } from './kitti.js';
import { expandList, isListFile } from './list.js';
import { expandMovingMnist } from './moving-mnist.js';
import { expandNpy } from './npy.js';
import { expandSynthetic } from './synthetic.js';
import { expandUcf101 } from './ucf101.js';

/**
 * The files that sources come to, each once, in the order of their paths.
 *
 * @param sources as the contract lists them: files, folders, globs, list files, `frames:DIR@FPS`, `npy:FILE`, `moving-mnist:svg@SEED`,
 *   `synthetic:SEED`, `ucf101:DIR`, `kitti:DIR`.
 * @param corpus folder in which generated media are put.
 * @throws ConfigError for a source that is not there or of a kind that is not known.
 */
export async function expandSources(sources: readonly string[], corpus: string): Promise<ExpandedSources> {
  const all: ExpandedSources[] = [];
  for (const source of sources) all.push(await expandSource(source, corpus));
  const byPath = new Map<string, Candidate>();
  for (const candidate of all.flatMap((it) => it.candidates)) {
    const before = byPath.get(candidate.path);
    byPath.set(candidate.path, before ? unite(before, candidate) : candidate);
  }
  return {
    candidates: [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    ignored: all.reduce((sum, it) => sum + it.ignored, 0),
    absent: all.reduce((sum, it) => sum + it.absent, 0),
    benchmarks: Object.assign({}, ...all.map((it) => it.benchmarks ?? {})) as Readonly<Record<string, BenchmarkFacts>>,
    warnings: all.flatMap((it) => it.warnings),
  };
}

async function expandSource(source: string, corpus: string): Promise<ExpandedSources> {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9-]+):(.*)$/s.exec(source) ?? [];
  if (scheme === undefined || existsSync(source)) {
    if (isListFile(source) && existsSync(source)) return expandList(source);
    return !existsSync(source) && isPattern(source) ? expandGlob(source) : expandPath(source);
  }
  if (scheme === 'ucf101') return expandUcf101(rest);
  if (scheme === 'synthetic') return expandSynthetic(rest, resolve(corpus));
  if (scheme === 'moving-mnist') return expandMovingMnist(rest, resolve(corpus));
  if (scheme === 'frames') return expandFrames(rest);
  if (scheme === 'npy') return expandNpy(rest, resolve(corpus));
  if (scheme === 'kitti') return expandKitti(rest);
  throw new ConfigError(
    `Source ${source}: this version reads files, folders, globs, lists, frames:DIR@FPS, npy:FILE, moving-mnist:svg|srvp|srivastava@SEED, synthetic:SEED, ucf101:DIR and kitti:DIR.`,
    {
      code: 'unknown-source',
      context: { source },
    },
  );
}

/** What two mentions of one file say of it together. */
function unite(a: Candidate, b: Candidate): Candidate {
  return {
    ...a,
    licence: a.licence ?? b.licence,
    origin: a.origin ?? b.origin,
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
