import type { FailureCode } from '../core/index.js';
import type { IngestConfig } from './config.js';
import type { ProbedFile } from './probe.js';

/** What decoding met, beside what the manifest says. */
export interface ProbeFacts {
  /** Frames that the header claims; 0 if it claims nothing. */
  readonly framesPromised: number;
  readonly framesDecoded: number;
  /** Left out because their time does not rise. */
  readonly droppedFrames: number;
  /** Streams of the file; absent where it has none, or an older version measured it. */
  readonly streams?: number;
}

/** Why a rule refuses a file. */
export interface FileRefusal {
  readonly code: FailureCode;
  /** A part of a sentence. */
  readonly message: string;
}

/** What the corpus's rules and limits say of a file that has been measured; null: it is usable. Nothing is read for it. */
export function judgeFile(
  { probed: { video, bytes }, facts }: { readonly probed: ProbedFile; readonly facts: ProbeFacts },
  config: Pick<IngestConfig, 'limits' | 'minDecodableShare' | 'minSeconds' | 'minSide'>,
): FileRefusal | null {
  const { limits, minDecodableShare, minSeconds, minSide } = config;
  const { framesPromised, framesDecoded, droppedFrames } = facts;
  const { width, height, codedWidth, codedHeight, frames, durationSeconds } = video;
  const shown = ((video.endPts - video.startPts) * video.timeBase[0]) / video.timeBase[1];
  if (droppedFrames > frames)
    return { code: 'bad-timestamps', message: `the times of ${droppedFrames} of ${framesDecoded} frames do not rise` };
  if (frames < framesPromised * minDecodableShare)
    return { code: 'truncated', message: `${frames} of ${framesPromised} promised frames can be decoded` };
  if (durationSeconds < minSeconds)
    return { code: 'too-short', message: `${durationSeconds} s, the corpus wants ${minSeconds} s` };
  if (Math.min(width, height) < minSide)
    return { code: 'too-small', message: `${width}×${height} pixels, the corpus wants ${minSide}` };
  const beyond = (
    [
      ['pixels', Math.max(width * height, codedWidth * codedHeight), limits.pixels],
      ['seconds', shown, limits.seconds],
      ['frames', frames, limits.frames],
      ['bytes', bytes, limits.bytes],
      ['streams', facts.streams ?? 0, limits.streams],
    ] as const
  ).find(([, value, limit]) => value > limit);
  return beyond ? { code: 'over-limit', message: `${beyond[1]} ${beyond[0]}, the limit is ${beyond[2]}` } : null;
}
