import type { AudioClip, Frame, TimeSpan, View } from '../../core/index.js';
import type { AudioStream, VideoStream } from '../../core/index.js';

/** What a container and a full decoding say of a file. */
export interface ProbedMedia {
  readonly container: string;
  readonly video: VideoStream;
  readonly audio: AudioStream | null;
}

/** How to decode pictures. */
export interface FrameRequest {
  /** Null: from the first to the last frame. */
  readonly span: TimeSpan | null;
  /** Null: display size, every frame, RGB. */
  readonly view: View | null;
  readonly signal?: AbortSignal;
}

/** One file opened for decoding; every iteration is a pass of its own. */
export interface DecoderSession {
  readonly media: ProbedMedia;
  /**
   * Frames in presentation order; a slow reader slows the decoder, and leaving early ends it and frees everything.
   *
   * @throws MediaError when decoding breaks off.
   */
  frames(request: FrameRequest): AsyncIterable<Frame>;
  /** Mono float32 sound of a span at the wanted rate, as one clip; silence where the stream has none. */
  audio(span: TimeSpan | null, sampleRateHz: number, signal?: AbortSignal): Promise<AudioClip>;
  close(): Promise<void>;
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
  /** @throws MediaError `file-missing`, `cannot-open`, `no-video`, `unsupported-codec` or `no-frames`. */
  open(path: string, options?: { readonly signal?: AbortSignal }): Promise<DecoderSession>;
}

/** Declares a decoder; the default export of its file. */
export function defineDecoder(decoder: Decoder): Decoder {
  return decoder;
}
