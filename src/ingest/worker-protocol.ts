import type { FailureCode } from '../core/index.js';
import type { IngestConfig } from './config.js';
import type { ProbedFile } from './probe.js';

/** What a probing process is asked. */
export interface ProbeRequest {
  readonly path: string;
  readonly decoder: string;
  readonly config: IngestConfig;
  /** Set where the file is to be made first. */
  readonly synthetic?: { readonly seed: number; readonly name: string };
}

/** What it answers: the probe, the video's failure, or our own bug. */
export type ProbeReply =
  | { readonly kind: 'probed'; readonly probed: ProbedFile }
  | { readonly kind: 'failed'; readonly code: FailureCode; readonly message: string }
  | { readonly kind: 'broken'; readonly message: string };
