import type { AudioClip, Frame, Shot, TimeSpan, VideoSource, View } from '../core/index.js';
import { scratchFolder } from '../core/index.js';
import type { Decoder, DecoderSession, SequentialPass, SoundBlock } from './decoders/decoder.js';
import { createShotSpool, type ShotSpool } from './shot-spool.js';
import { sourcePath } from './manifest.js';
import { openSource } from './open-media.js';

/** A source and its shots, ready to decode: what a miner and an evaluator hold. */
export interface OpenVideo {
  readonly source: VideoSource;
  /** Replays one of the views it was opened with, as often as the view says; several readers share one decoding. */
  frames(shot: Shot, view: string): AsyncIterable<Frame>;
  /** The frame shown at each time, in the given view; times must rise. At most 12 when surveying. */
  framesAt(pts: readonly number[], view: string): Promise<readonly Frame[]>;
  /** Mono float32 sound; silence where there is none, null where the source has no sound stream. */
  audio(span: TimeSpan, sampleRateHz: number): Promise<AudioClip | null>;
  /** The sound from a second on, block by block, every channel by itself; nothing where the source has no sound stream. */
  sound(fromSeconds: number, sampleRateHz: number): AsyncIterable<SoundBlock>;
  close(): Promise<void>;
}

/** What `openVideo` is told. */
export interface OpenVideoOptions {
  /** Relative paths of the source are below it. */
  readonly corpusRoot: string;
  readonly decoder: Decoder;
  /** The pictures that will be asked for, by name. */
  readonly views: Readonly<Record<string, View>>;
  /** Folder for spooled frames; default: the system's. */
  readonly scratch?: string;
  /** Frames of a shot beyond this go to scratch. */
  readonly maxSpoolBytes?: number;
  /**
   * Decodes once from the first picture to the last and never seeks between shots: for who reads them all, in order.
   * What a shot shows is the same whichever were read before it, in damaged files as well.
   */
  readonly sequential?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Opens a source for reading shots in several views. All views of a shot come from one decoding: the first reader drives it, and what
 * the others have not read yet is kept, in memory up to `maxSpoolBytes`, then in a scratch file, and so is what may be read again.
 * The latest shot is kept; asking for another drops it.
 *
 * @throws MediaError `file-missing` and what the decoder throws.
 */
export async function openVideo(
  source: VideoSource,
  {
    corpusRoot,
    decoder,
    views,
    scratch = scratchFolder(),
    maxSpoolBytes = 256 * 2 ** 20,
    sequential = false,
    signal,
  }: OpenVideoOptions,
): Promise<OpenVideo & { readonly framesDecoded: number }> {
  const session: DecoderSession = await openSource(sourcePath(corpusRoot, source), source, { decoder, signal });
  let whole: SequentialPass | null = null;
  let spool: { readonly key: string; readonly frames: ShotSpool } | null = null;
  const viewOf = (name: string): View => {
    const view = views[name];
    if (!view)
      throw new RangeError(
        `The video was not opened with a view ${JSON.stringify(name)}; it has ${Object.keys(views).join(', ')}.`,
      );
    return view;
  };
  return {
    source,
    get framesDecoded() {
      return session.stats().framesDecoded;
    },
    async *frames(shot, view) {
      viewOf(view);
      const key = `${shot.startPts}-${shot.endPts}`;
      const before = spool;
      if (before?.key !== key) {
        const span = { startPts: shot.startPts, endPts: shot.endPts };
        // Pictures that were made, such as digits on black, have no bars though they look so.
        const crop = source.kind === 'file' ? shot.crop : null;
        if (sequential) whole ??= session.openPass?.({ views, signal }) ?? null;
        const pass = whole ? whole.spanFrames(span, crop) : session.viewFrames({ span, views, crop, signal });
        // Set before anything is awaited: readers that start together share it.
        spool = { key, frames: createShotSpool(pass, views, { scratch, maxSpoolBytes }) };
      }
      const frames = spool!.frames;
      if (before && before.frames !== frames) await before.frames.close();
      yield* frames.read(view);
    },
    framesAt: (pts, view) => session.framesAt(pts, viewOf(view), signal),
    audio: async (span, sampleRateHz) => (source.audio ? session.audio(span, sampleRateHz, signal) : null),
    async *sound(fromSeconds, sampleRateHz) {
      if (source.audio) yield* session.sound?.(fromSeconds, sampleRateHz, signal) ?? [];
    },
    async close() {
      await spool?.frames.close();
      spool = null;
      await whole?.close();
      await session.close();
    },
  };
}
