import type { CodecContext, Frame as AvFrame, Packet } from 'node-av/lib';
import { openCodec, type Container } from './libav-container.js';
import { watchLimits, type MediaLimits } from './media-limits.js';
import type { NodeAv } from './node-av.js';

/** One decoded picture, still in the decoder's memory. */
export interface Picture {
  /** Valid until the second `next()` after the one that gave it. */
  readonly frame: AvFrame;
  readonly pts: number;
  /** Ticks; 0 if unknown. */
  readonly duration: number;
}

/** Counters of a session, shared by its passes. */
export interface PassCounters {
  framesDecoded: number;
  damagedPackets: number;
  droppedFrames: number;
  interlacedFrames: number;
  lastDuration: number;
  sound: { readonly startSeconds: number; readonly endSeconds: number } | null;
}

/** The file that a reader reads. */
export interface PictureFile {
  readonly path: string;
  readonly limits: MediaLimits;
  /** Gives an open container at its start, new or one that nobody has read from. */
  readonly openContainer: () => Container;
}

/** Pulls pictures out of one file, one at a time, in presentation order. */
export class PictureReader {
  readonly #av: NodeAv;
  readonly #file: PictureFile;
  readonly #counters: PassCounters;
  #container: Container;
  #codec: CodecContext;
  readonly #packet: Packet;
  /** The picture given last and the one before it stay valid; the third is decoded into. */
  readonly #frames: AvFrame[];
  #turn = 0;
  #lastPts: number | null = null;
  #lastDuration = 0;
  #draining = false;

  #watch: ReturnType<typeof watchLimits> | null = null;

  readonly #listens: boolean;

  /**
   * Opens the file at its first picture.
   *
   * @param listens notes where sound packets lie, which it otherwise passes over.
   */
  constructor(av: NodeAv, file: PictureFile, counters: PassCounters, listens = false) {
    this.#listens = listens;
    counters.sound = null;
    this.#av = av;
    this.#file = file;
    this.#counters = counters;
    [this.#container, this.#codec] = openVideo(av, file, listens);
    this.#packet = new av.lib.Packet();
    this.#packet.alloc();
    this.#frames = [0, 1, 2].map(() => {
      const frame = new av.lib.Frame();
      frame.alloc();
      return frame;
    });
  }

  /** Goes to the last key frame at or before `pts`; the next pictures may still lie before it, never after the one shown then. */
  seek(pts: number): void {
    const stream = this.#container.video!;
    const { AVSEEK_FLAG_BACKWARD } = this.#av.constants;
    const found = this.#container.format.seekFrameSync(stream.index, BigInt(pts), AVSEEK_FLAG_BACKWARD);
    if (found < 0) this.rewind();
    else {
      this.#codec.flushBuffers();
      this.#restart();
    }
  }

  /** Starts again at the first picture. */
  rewind(): void {
    this.#codec.freeContext();
    this.#container.close();
    [this.#container, this.#codec] = openVideo(this.#av, this.#file, this.#listens);
    this.#restart();
  }

  /**
   * The next picture whose time rises; null at the end. Damaged packets are skipped and counted.
   *
   * @throws MediaError `over-limit`.
   */
  next(): Picture | null {
    for (;;) {
      const frame = this.#frames[this.#turn]!;
      frame.unref();
      const got = this.#codec.receiveFrameSync(frame);
      if (got === this.#av.constants.AVERROR_EOF) return null;
      if (got < 0) {
        if (this.#draining) return null;
        this.#feed();
        continue;
      }
      this.#counters.framesDecoded++;
      const pts = this.#timeOf(frame);
      if (this.#lastPts !== null && pts <= this.#lastPts) {
        this.#counters.droppedFrames++;
        continue;
      }
      const { AV_FRAME_FLAG_INTERLACED: interlaced } = this.#av.constants;
      if (frame.hasFlags(interlaced)) {
        this.#counters.interlacedFrames++;
        frame.clearFlags(interlaced); // the scaler takes no fields; shown as they are, as ffmpeg shows them
      }
      this.#watch ??= this.#limitsOf();
      this.#watch(pts, frame.width, frame.height);
      this.#lastPts = pts;
      this.#lastDuration = this.#counters.lastDuration = Math.max(0, Number(frame.duration));
      this.#turn = (this.#turn + 1) % 3;
      return { frame, pts, duration: this.#lastDuration };
    }
  }

  close(): void {
    for (const frame of this.#frames) frame.free();
    this.#packet.free();
    this.#codec.freeContext();
    this.#container.close();
  }

  #noteSound(): void {
    const { audio } = this.#container;
    const { pts, duration, streamIndex } = this.#packet;
    if (!audio || streamIndex !== audio.index || pts === this.#av.constants.AV_NOPTS_VALUE) return;
    const tick = audio.timeBase.num / audio.timeBase.den;
    const { startSeconds = Infinity, endSeconds = -Infinity } = this.#counters.sound ?? {};
    this.#counters.sound = {
      startSeconds: Math.min(startSeconds, Number(pts) * tick),
      endSeconds: Math.max(endSeconds, Number(pts + duration) * tick),
    };
  }

  #limitsOf(): ReturnType<typeof watchLimits> {
    const { num, den } = this.#container.video!.timeBase;
    return watchLimits(this.#file.path, this.#file.limits, [num, den]);
  }

  #restart(): void {
    this.#watch = null;
    this.#lastPts = null;
    this.#lastDuration = 0;
    this.#draining = false;
  }

  #timeOf(frame: AvFrame): number {
    const missing = this.#av.constants.AV_NOPTS_VALUE;
    if (frame.bestEffortTimestamp !== missing) return Number(frame.bestEffortTimestamp);
    if (frame.pts !== missing) return Number(frame.pts);
    if (this.#lastPts !== null) return this.#lastPts + Math.max(1, this.#lastDuration);
    const start = this.#container.video!.startTime;
    return start === missing ? 0 : Number(start);
  }

  /** Gives the decoder one more packet of our stream, or tells it that there is none. */
  #feed(): void {
    const index = this.#container.video!.index;
    while (this.#container.format.readFrameSync(this.#packet) >= 0) {
      const ours = this.#packet.streamIndex === index;
      if (ours && this.#codec.sendPacketSync(this.#packet) < 0) this.#counters.damagedPackets++;
      else if (!ours) this.#noteSound();
      this.#packet.unref();
      if (ours) return;
    }
    this.#draining = true;
    this.#codec.sendPacketSync(null);
  }
}

function openVideo(
  av: NodeAv,
  { path, limits, openContainer }: PictureFile,
  listens: boolean,
): [Container, CodecContext] {
  const container = openContainer();
  try {
    if (container.audio && !listens) container.audio.discard = av.constants.AVDISCARD_ALL;
    return [container, openCodec(av, container.video!, path, limits)];
  } catch (error) {
    container.close();
    throw error;
  }
}
