import { isAbsolute, join, dirname } from 'node:path';
import {
  ptsToSeconds,
  secondsToPts,
  sha256,
  type AudioClip,
  type TimeSpan,
  type VideoStream,
} from '../../core/index.js';
import type { DecoderSession, ProbedMedia, SequentialPass, SoundBlock, ViewFrame } from './decoder.js';
import { mediaError } from './media-error.js';

/** A stretch of a file that is a source of its own, as a description names it. */
export interface ClipDescription {
  readonly schema: 1;
  readonly kind: 'clip';
  /** Absolute, or relative to the description's folder where both lie in the corpus. */
  readonly file: string;
  /** From the file's first picture. */
  readonly startSeconds: number;
  /** Null: to the end. */
  readonly endSeconds: number | null;
}

/** Where a file lies that a description names. */
export function describedFile(description: string, file: string): string {
  return isAbsolute(file) ? file : join(dirname(description), file);
}

/** What a clip's content is: that of the file, and the span. */
export function clipHash(fileSha256: string, { startSeconds, endSeconds }: ClipDescription): string {
  return sha256(`clip ${startSeconds} ${endSeconds ?? 'end'}\n${fileSha256}\n`);
}

/**
 * A file's session that shows one stretch of it and nothing before or after: pictures keep their times, spans are cut
 * to the stretch, and sound outside it is silence.
 *
 * @param path names the stretch in messages.
 * @throws MediaError `too-short` if the file ends before the stretch begins.
 */
export function createClipSession(path: string, inner: DecoderSession, description: ClipDescription): DecoderSession {
  const span = spanOf(path, inner.media.video, description);
  let first: Promise<number> | null = null;
  const firstPts = () => (first ??= findFirst(inner, span));
  const within = (asked: TimeSpan | null): TimeSpan => intersect(asked ?? span, span);
  const frames = async function* (request: Parameters<DecoderSession['viewFrames']>[0]): AsyncGenerator<ViewFrame> {
    const wanted = within(request.span);
    if (wanted.endPts <= wanted.startPts) return;
    let any = false;
    for await (const shown of inner.viewFrames({ ...request, span: wanted })) {
      any = true;
      yield shown;
    }
    if (!any && !request.span) throw mediaError('no-frames', path, 'the file has no picture in this stretch');
  };
  return {
    media: cutMedia(inner.media, span),
    async *frames({ view, ...request }) {
      for await (const { frame } of frames({ ...request, views: { view } })) yield frame;
    },
    viewFrames: frames,
    ...(inner.openPass
      ? {
          openPass(request): SequentialPass {
            const pass = inner.openPass!(request);
            return { spanFrames: (asked, crop) => pass.spanFrames(within(asked), crop), close: () => pass.close() };
          },
        }
      : {}),
    async framesAt(pts, view, signal) {
      const [least, most] = [await firstPts(), span.endPts - 1];
      const inside = pts.map((time) => Math.min(Math.max(time, least), most));
      return inner.framesAt(inside, view, signal);
    },
    audio: (asked, sampleRateHz, signal) => cutSound(inner, { asked: asked ?? span, span, sampleRateHz, signal }),
    ...(inner.sound
      ? { sound: (fromSeconds, rate, signal) => cutBlocks(inner, { span, fromSeconds, sampleRateHz: rate, signal }) }
      : {}),
    stats: () => ({ ...inner.stats(), sound: null }),
    close: () => inner.close(),
  };
}

function spanOf(path: string, video: VideoStream, { startSeconds, endSeconds }: ClipDescription): TimeSpan {
  const { timeBase, startPts, endPts } = video;
  const ends = endPts > startPts ? endPts : Number.MAX_SAFE_INTEGER;
  const from = startPts + secondsToPts(startSeconds, timeBase);
  const to = endSeconds === null ? ends : startPts + secondsToPts(endSeconds, timeBase);
  if (from >= ends)
    throw mediaError(
      'too-short',
      path,
      `the stretch begins at ${startSeconds} s, the file ends at ${video.durationSeconds} s`,
    );
  return { startPts: from, endPts: Math.max(from + 1, Math.min(to, ends)) };
}

function intersect(a: TimeSpan, b: TimeSpan): TimeSpan {
  return { startPts: Math.max(a.startPts, b.startPts), endPts: Math.min(a.endPts, b.endPts) };
}

/** The container's claims for the stretch alone. */
function cutMedia(media: ProbedMedia, span: TimeSpan): ProbedMedia {
  const { video, audio } = media;
  const [num, den] = video.timeBase;
  const durationSeconds = ((span.endPts - span.startPts) * num) / den;
  const share = video.durationSeconds > 0 ? Math.min(1, durationSeconds / video.durationSeconds) : 1;
  return {
    ...media,
    // A stretch that begins between two pictures may have one less than its share.
    video: { ...video, ...span, durationSeconds, frames: Math.max(0, Math.floor(video.frames * share) - 1) },
    audio: audio && {
      ...audio,
      startSeconds: Math.max(audio.startSeconds, (span.startPts * num) / den),
      durationSeconds,
    },
  };
}

async function findFirst(inner: DecoderSession, span: TimeSpan): Promise<number> {
  const view = { width: 8, height: 8, fit: 'stretch', fps: null, channels: 1 } as const;
  for await (const { pts } of inner.frames({ span, view })) return pts;
  return span.startPts;
}

/** Blocks of sound as the file gives them, without what lies outside the stretch. */
async function* cutBlocks(
  inner: DecoderSession,
  {
    span,
    fromSeconds,
    sampleRateHz,
    signal,
  }: {
    readonly span: TimeSpan;
    readonly fromSeconds: number;
    readonly sampleRateHz: number;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<SoundBlock> {
  const { timeBase } = inner.media.video;
  const [start, end] = [ptsToSeconds(span.startPts, timeBase), ptsToSeconds(span.endPts, timeBase)];
  for await (const { seconds, channels } of inner.sound!(Math.max(fromSeconds, start), sampleRateHz, signal)) {
    if (seconds >= end) return;
    const length = channels[0]?.length ?? 0;
    const skipped = Math.max(0, Math.min(length, Math.ceil((start - seconds) * sampleRateHz)));
    const kept = Math.max(skipped, Math.min(length, Math.ceil((end - seconds) * sampleRateHz)));
    if (kept > skipped)
      yield {
        seconds: seconds + skipped / sampleRateHz,
        channels: channels.map((channel) => channel.subarray(skipped, kept)),
      };
  }
}

/** The sound asked for; what lies outside the stretch is silence. */
async function cutSound(
  inner: DecoderSession,
  {
    asked,
    span,
    sampleRateHz,
    signal,
  }: {
    readonly asked: TimeSpan;
    readonly span: TimeSpan;
    readonly sampleRateHz: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<AudioClip> {
  const [num, den] = inner.media.video.timeBase;
  const seconds = (pts: number) => (pts * num) / den;
  const inside = intersect(asked, span);
  if (inside.startPts === asked.startPts && inside.endPts === asked.endPts)
    return inner.audio(asked, sampleRateHz, signal);
  const startSeconds = seconds(asked.startPts);
  const length = Math.max(0, Math.round((seconds(asked.endPts) - startSeconds) * sampleRateHz));
  const data = new Float32Array(length);
  if (inside.endPts > inside.startPts) {
    const heard = await inner.audio(inside, sampleRateHz, signal);
    const at = Math.round((heard.startSeconds - startSeconds) * sampleRateHz);
    data.set(heard.data.subarray(0, length - at), at);
  }
  return { data, sampleRateHz, startSeconds };
}
