import type { AudioClip, Box, Frame, TimeSpan, View } from '../../core/index.js';
import type { AudioStream, VideoStream } from '../../core/index.js';
import type { MediaLimits } from './media-limits.js';

/** What a container says of a file; `frames`, `endPts`, rates and interlacing are its claims until a full pass (`probeFile`) has counted. */
export interface ProbedMedia {
  readonly container: string;
  readonly video: VideoStream;
  readonly audio: AudioStream | null;
  /** Streams of the file, of whatever kind; absent where it is no file of streams. */
  readonly streams?: number;
}

/** How to decode pictures. */
export interface FrameRequest {
  /** Null: from the first to the last frame. */
  readonly span: TimeSpan | null;
  /** Null: display size, every frame, RGB. */
  readonly view: View | null;
  readonly signal?: AbortSignal | undefined;
}

/** How to decode several views in one pass. */
export interface ViewsRequest {
  /** Null: from the first to the last frame. */
  readonly span: TimeSpan | null;
  /** By name; null: display size, every frame, RGB. */
  readonly views: Readonly<Record<string, View | null>>;
  /** What views `withoutBars` show, in display pixels; default: everything. */
  readonly crop?: Box | null;
  readonly signal?: AbortSignal | undefined;
}

/** A frame of one of several views. */
export interface ViewFrame {
  readonly view: string;
  readonly frame: Frame;
}

/** What all passes of a session met. */
export interface DecodeStats {
  /** Pictures decoded, shown or not. */
  readonly framesDecoded: number;
  /** Packets that the decoder refused. */
  readonly damagedPackets: number;
  /** Pictures left out because their time does not rise. */
  readonly droppedFrames: number;
  readonly interlacedFrames: number;
  /** Where sound packets lie, in seconds on the source's own clock, as the latest pass over the whole file met them; null: none, or not known. */
  readonly sound?: { readonly startSeconds: number; readonly endSeconds: number } | null;
  /** Duration of the last picture of the latest pass as its container gives it, in ticks; 0 if unknown. */
  readonly lastDuration: number;
}

/** One decoding from the first picture on, read span by span. */
export interface SequentialPass {
  /**
   * Frames of the pass' views within a span, as `viewFrames` gives them. Spans that rise go on where the one before
   * ended, so that no picture is decoded twice; one that does not starts the pass again. One iteration at a time.
   *
   * @param crop as in `ViewsRequest`.
   */
  spanFrames(span: TimeSpan, crop?: Box | null): AsyncIterable<ViewFrame>;
  close(): Promise<void>;
}

/** Some consecutive samples of resampled sound, every channel by itself. */
export interface SoundBlock {
  /** Seconds on the source's own clock at which the first sample sounds. */
  readonly seconds: number;
  /** float32 [samples] each, nominally -1–1. */
  readonly channels: readonly Float32Array[];
}

/** One file opened for decoding; every iteration is a pass of its own. */
export interface DecoderSession {
  readonly media: ProbedMedia;
  /**
   * Frames in presentation order; a slow reader slows the decoder, and leaving early ends it and frees everything.
   * With a view of a rate: the source frame nearest to each tick of the rate (counted from the span's start, or the first
   * frame), each at most once; of two equally near the earlier.
   *
   * @throws MediaError when decoding breaks off, and `no-frames` if a pass over the whole file gives none.
   */
  frames(request: FrameRequest): AsyncIterable<Frame>;
  /** Frames of several views from one decoding, merged in presentation order. */
  viewFrames(request: ViewsRequest): AsyncIterable<ViewFrame>;
  /** For reading many spans of one file, where seeking costs more than reading on; absent where it does not. */
  openPass?(request: Omit<ViewsRequest, 'span' | 'crop'>): SequentialPass;
  /** The frame shown at each of these rising times; before the first frame, the first. */
  framesAt(pts: readonly number[], view: View | null, signal?: AbortSignal): Promise<readonly Frame[]>;
  /** Mono float32 sound of a span at the wanted rate, as one clip; silence where the stream has none; null: the whole stream. */
  audio(span: TimeSpan | null, sampleRateHz: number, signal?: AbortSignal): Promise<AudioClip>;
  /**
   * The sound from a second on, block by block, all channels; nothing is decoded ahead of the reader, and leaving early ends it. The first
   * blocks may lie before `fromSeconds`; a jump of their times is a gap. Absent where there never is sound.
   */
  sound?(fromSeconds: number, sampleRateHz: number, signal?: AbortSignal): AsyncIterable<SoundBlock>;
  stats(): DecodeStats;
  close(): Promise<void>;
}

/** How to open a file. */
export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: `defaultLimits`. */
  readonly limits?: MediaLimits | undefined;
}

/** A way to read video files. */
export interface Decoder {
  readonly name: string;
  /** Name and version of the library that decodes: datasets record it. */
  version(): Promise<string>;
  /** Null when it works here, else what is missing and the remedy. */
  unavailable(): Promise<string | null>;
  /** Names of the picture codecs it can decode. */
  codecs(): Promise<readonly string[]>;
  /**
   * Opens a file; nothing is decoded but what probing needs. Its pictures are those of the first picture stream that is no cover.
   * Only formats that stand for themselves are opened: no content makes it read another file or a network.
   *
   * @throws MediaError `file-missing`, `cannot-open`, `no-video`, `unsupported-codec` or `over-limit`; a session throws `over-limit`,
   * too, once a picture is beyond the limits.
   */
  open(path: string, options?: OpenOptions): Promise<DecoderSession>;
}

/** Declares a decoder; the default export of its file. */
export function defineDecoder(decoder: Decoder): Decoder {
  return decoder;
}
