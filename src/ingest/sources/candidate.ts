import type { BenchmarkEntry } from '../../core/index.js';

/** One file to probe, and what is known of it beforehand. */
export interface Candidate {
  /** Absolute. */
  readonly path: string;
  /** The path that stands for it in shares of the work: the same wherever the corpus and its sources lie. */
  readonly key: string;
  readonly licence: string | null;
  readonly origin: string | null;
  readonly benchmarks: Readonly<Record<string, readonly BenchmarkEntry[]>>;
  /** Set where the file is made from a seed before it is probed. */
  readonly synthetic?: { readonly seed: number; readonly name: string };
}

/** An official list, whether its clips are here or not. */
export interface BenchmarkFacts {
  /** Class names in the order of their labels. */
  readonly classNames: readonly string[];
  /** Clips that the list names. */
  readonly listed: number;
}

/** What sources come to. */
export interface ExpandedSources {
  readonly candidates: readonly Candidate[];
  /** Files that are no videos. */
  readonly ignored: number;
  /** Entries of official lists that are not here. */
  readonly absent: number;
  /** Official lists that were read, by benchmark. */
  readonly benchmarks?: Readonly<Record<string, BenchmarkFacts>>;
  readonly warnings: readonly string[];
}
