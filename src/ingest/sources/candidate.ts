import type { BenchmarkEntry, FailureCode } from '../../core/index.js';
import type { MediaDescription } from '../open-media.js';

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
  readonly synthetic?: { readonly kind: string; readonly seed: number; readonly name: string };
  /** Set where the path is a folder of numbered pictures: frames per second as a fraction. */
  readonly rate?: readonly [number, number];
  /** Set where the path is of a description, which is written before it is probed. */
  readonly described?: DescribedMedia;
  /** Set where the file has to be fetched first. */
  readonly fetch?: Download;
  /** Set where a plan has left it in its archive: bytes of the file that it will be. */
  readonly packedBytes?: number;
  /** What the ledger calls it where that is not its path: an address, or a file and its span. */
  readonly given?: string;
  /** What a list or an info file says of it besides. */
  readonly metadata?: Metadata;
}

/** Columns of a list or members of an info file, by name. */
export type Metadata = Readonly<Record<string, string | number | boolean>>;

/** A file to fetch. */
export interface Download {
  readonly url: string;
  /** Absolute: where it is put. */
  readonly file: string;
}

/** Something that a source names and that cannot become a candidate. */
export interface SourceFailure {
  readonly path: string;
  readonly code: FailureCode;
  readonly message: string;
}

/** A description to write, and what must lie beside it. */
export interface DescribedMedia {
  readonly description: MediaDescription;
  /** Files to copy first, where they are not there yet. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
}

/** An official list, whether its clips are here or not. */
export interface BenchmarkFacts {
  /** Class names in the order of their labels. */
  readonly classNames: readonly string[];
  /** Clips that the list names. */
  readonly listed: number;
  /** Set where a listed file has an entry for each class in it, all of one group: files are then counted by group. */
  readonly listedBy?: 'group';
  /** How many of them each official split trains and tests on; absent in corpora of older versions. */
  readonly splits?: readonly SplitSizes[];
}

/** Entries of an official list in each role of one split; where a list is counted by group, groups. */
export interface SplitSizes {
  readonly train: number;
  readonly test: number;
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
  /** Lines and members that are no candidates; each is a failure of the run. */
  readonly failures?: readonly SourceFailure[];
}

/** What the ledger calls a candidate. */
export function ledgerPath({ path, given }: Candidate): string {
  return given ?? path;
}
