/**
 * The 25 frames of TSN's test protocol, 0-based: a whole step of ⌊(N − 1) / 24⌋ from the first frame on, so the end of a video is not
 * seen; a video of fewer than 25 frames gives its first frame 25 times.
 *
 * Source: yjxiong/temporal-segment-networks, tools/eval_net.py.
 */
export function tsn25(frameCount: number): number[] {
  assertFrameCount(frameCount);
  const step = frameCount < 25 ? 0 : Math.floor((frameCount - 1) / 24);
  return Array.from({ length: 25 }, (_, i) => i * step);
}

/** The middle frame of each of `ticks` equal segments, 0-based; frames repeat where there are fewer than `ticks`. */
export function segmentCentres(frameCount: number, ticks: number): number[] {
  assertFrameCount(frameCount);
  return Array.from({ length: ticks }, (_, i) => Math.floor(((i + 0.5) * frameCount) / ticks));
}

/**
 * The middle instants, in seconds, of equal segments of the clip of `clipSeconds` in the middle of a video. Every video gives the same number of
 * pictures over the same span of time, so neither its frame rate nor its length shows. A shorter video ends in its last instant repeated.
 */
export function clipInstants({
  startSeconds,
  durationSeconds,
  clipSeconds,
  ticks,
}: {
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly clipSeconds: number;
  readonly ticks: number;
}): number[] {
  const from = startSeconds + Math.max(0, (durationSeconds - clipSeconds) / 2);
  return Array.from({ length: ticks }, (_, i) =>
    Math.min(from + ((i + 0.5) * clipSeconds) / ticks, startSeconds + durationSeconds),
  );
}

function assertFrameCount(frameCount: number): void {
  if (!Number.isInteger(frameCount) || frameCount < 1)
    throw new RangeError(`frameCount must be a positive integer, got ${frameCount}.`);
}
