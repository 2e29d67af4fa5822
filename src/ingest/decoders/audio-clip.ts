import type { AudioClip } from '../../core/index.js';

/**
 * Lays blocks of sound into one clip, silence where there is none.
 *
 * @param span seconds; null: from the first block to the end of the last.
 */
export async function collectClip(
  blocks:
    | AsyncIterable<{ readonly seconds: number; readonly data: Float32Array }>
    | Iterable<{ readonly seconds: number; readonly data: Float32Array }>,
  span: { readonly startSeconds: number; readonly endSeconds: number } | null,
  sampleRateHz: number,
): Promise<AudioClip> {
  if (span) {
    const data = new Float32Array(Math.max(0, Math.round((span.endSeconds - span.startSeconds) * sampleRateHz)));
    for await (const block of blocks) {
      const at = Math.round((block.seconds - span.startSeconds) * sampleRateHz);
      if (at >= data.length) break;
      place(data, block.data, at);
    }
    return { data, sampleRateHz, startSeconds: span.startSeconds };
  }
  const kept: { readonly at: number; readonly data: Float32Array }[] = [];
  let startSeconds: number | null = null;
  let samples = 0;
  for await (const block of blocks) {
    startSeconds ??= block.seconds;
    const at = Math.round((block.seconds - startSeconds) * sampleRateHz);
    kept.push({ at, data: block.data });
    samples = Math.max(samples, at + block.data.length);
  }
  const data = new Float32Array(samples);
  for (const block of kept) place(data, block.data, block.at);
  return { data, sampleRateHz, startSeconds: startSeconds ?? 0 };
}

function place(into: Float32Array, block: Float32Array, at: number): void {
  const skip = Math.max(0, -at);
  const fits = Math.min(block.length, into.length - at);
  if (skip < fits) into.set(block.subarray(skip, fits), at + skip);
}
