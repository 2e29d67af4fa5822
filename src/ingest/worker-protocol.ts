import type { FailureCode } from '../core/index.js';
import type { IngestConfig } from './config.js';
import type { MeasuredFile } from './probe.js';
import type { DescribedMedia } from './sources/candidate.js';

/** What a probing process is asked. */
export interface ProbeRequest {
  readonly path: string;
  readonly decoder: string;
  readonly config: IngestConfig;
  /** Set where the file is to be made first. */
  readonly synthetic?: { readonly kind: string; readonly seed: number; readonly name: string };
  /** Frames per second of a folder of pictures, as a fraction. */
  readonly rate?: readonly [number, number];
  /** Set where a description is to be written first. */
  readonly described?: DescribedMedia;
}

/** A picture of a folder that was left out, and why. */
export interface DamagedPicture {
  readonly path: string;
  readonly why: string;
}

/** What it answers: a word of progress, or at last the probe, the video's failure, or our own bug. */
export type ProbeReply =
  | { readonly kind: 'progress' }
  | ({ readonly kind: 'probed'; readonly damaged: readonly DamagedPicture[] } & MeasuredFile)
  | { readonly kind: 'failed'; readonly code: FailureCode; readonly message: string }
  | { readonly kind: 'broken'; readonly message: string };
