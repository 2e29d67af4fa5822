import type { AudioClip, Frame, Shot, TimeSpan, VideoSource } from '../core/index.js';

/** A source and its shots, ready to decode: what a miner and an evaluator hold. */
export interface OpenVideo {
  readonly source: VideoSource;
  /** Replays one of the views it was opened with; several readers share one decoding. */
  frames(shot: Shot, view: string): AsyncIterable<Frame>;
  /** The frame shown at each time, in the given view; times must rise. At most 12 when surveying. */
  framesAt(pts: readonly number[], view: string): Promise<readonly Frame[]>;
  /** Mono float32 sound; silence where there is none, null where the source has no sound stream. */
  audio(span: TimeSpan, sampleRateHz: number): Promise<AudioClip | null>;
  close(): Promise<void>;
}
