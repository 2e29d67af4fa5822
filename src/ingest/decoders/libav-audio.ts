import type { CodecContext, Frame as AvFrame, Packet, SoftwareResampleContext } from 'node-av/lib';
import { openCodec, openContainer, type Container } from './libav-container.js';
import { mediaError } from './media-error.js';
import type { NodeAv } from './node-av.js';
import type { SoundBlock } from './decoder.js';

/** Some consecutive samples of resampled sound. */
export interface AudioBlock {
  /** Seconds on the source's own clock at which the first sample sounds. */
  readonly seconds: number;
  /** float32 [samples], mono. */
  readonly data: Float32Array;
}

/** Sound decoders need what came before to start cleanly; and a packet may start before the wanted second. */
const prerollSeconds = 0.25;
/** A jump of the clock by more than this is a gap to be kept, not rounding. */
const gapSeconds = 0.05;

/**
 * Sound of a file as mono float32 blocks in order, pulled: nothing is decoded ahead of the reader. Leaving early frees everything.
 * Gives nothing for a file without sound. The first blocks may lie before `fromSeconds`; null: from the start.
 *
 * @throws MediaError `decode-error` for sound that cannot be resampled, and what opening the file throws.
 */
export function* readAudioBlocks(av: NodeAv, path: string, request: AudioRequest): Generator<AudioBlock> {
  for (const { seconds, channels } of readBlocks(av, path, request, true)) yield { seconds, data: channels[0]! };
}

/** As `readAudioBlocks`, every channel by itself. */
export function readSoundBlocks(av: NodeAv, path: string, request: AudioRequest): Generator<SoundBlock> {
  return readBlocks(av, path, request, false);
}

interface AudioRequest {
  readonly fromSeconds: number | null;
  readonly sampleRateHz: number;
}

function* readBlocks(
  av: NodeAv,
  path: string,
  { fromSeconds, sampleRateHz }: AudioRequest,
  isMono: boolean,
): Generator<SoundBlock> {
  const container = openContainer(av, path);
  let codec: CodecContext | null = null;
  const packet = new av.lib.Packet();
  const frame = new av.lib.Frame();
  packet.alloc();
  frame.alloc();
  const resampler = new Resampler(av, { rate: sampleRateHz, origin: fromSeconds, isMono });
  try {
    if (!container.audio) return;
    codec = openCodec(av, container.audio, path);
    if (fromSeconds !== null) seekAudio(av, container, fromSeconds - prerollSeconds);
    const timeBase = container.audio.timeBase.num / container.audio.timeBase.den;
    for (const decoded of decodeAudio(container, codec, packet, frame)) {
      const time = decoded.bestEffortTimestamp;
      yield* resampler.push(decoded, time === av.constants.AV_NOPTS_VALUE ? null : Number(time) * timeBase);
    }
    yield* resampler.flush();
  } catch (error) {
    if (!(error instanceof av.lib.FFmpegError)) throw error;
    throw mediaError('decode-error', path, `its sound cannot be resampled (${error.message})`, error);
  } finally {
    resampler.free();
    packet.free();
    frame.free();
    codec?.freeContext();
    container.close();
  }
}

function seekAudio({ constants }: NodeAv, { format, audio }: Container, seconds: number): void {
  const { num, den } = audio!.timeBase;
  const ticks = Math.floor((seconds * den) / num);
  if (audio!.startTime !== constants.AV_NOPTS_VALUE && BigInt(ticks) <= audio!.startTime) return;
  format.seekFrameSync(audio!.index, BigInt(ticks), constants.AVSEEK_FLAG_BACKWARD);
}

function* decodeAudio(container: Container, codec: CodecContext, packet: Packet, frame: AvFrame): Generator<AvFrame> {
  const drain = function* () {
    while (codec.receiveFrameSync(frame) >= 0) {
      yield frame;
      frame.unref();
    }
  };
  while (container.format.readFrameSync(packet) >= 0) {
    const ours = packet.streamIndex === container.audio!.index;
    if (ours) codec.sendPacketSync(packet);
    packet.unref();
    if (ours) yield* drain();
  }
  codec.sendPacketSync(null);
  yield* drain();
}

/** Resamples to float32, mixed to one channel or not; keeps each run of sound at its own time. */
class Resampler {
  readonly #av: NodeAv;
  readonly #rate: number;
  readonly #origin: number | null;
  readonly #isMono: boolean;
  #channels = 1;
  #context: SoftwareResampleContext | null = null;
  #format = '';
  #runStart = 0;
  #given = 0;
  #expected = 0;

  /** A sample shall fall on the second `origin`; null: wherever the sound starts. */
  constructor(
    av: NodeAv,
    { rate, origin, isMono }: { readonly rate: number; readonly origin: number | null; readonly isMono: boolean },
  ) {
    this.#av = av;
    this.#rate = rate;
    this.#origin = origin;
    this.#isMono = isMono;
  }

  *push(frame: AvFrame, seconds: number | null): Generator<SoundBlock> {
    const format = `${frame.sampleRate}/${frame.format}/${frame.channels}`;
    const time = seconds ?? this.#expected;
    if (this.#context && (format !== this.#format || Math.abs(time - this.#expected) > gapSeconds)) yield* this.flush();
    const skip = this.#context ? 0 : this.#alignment(frame, time);
    if (!this.#context) this.#start(frame, format, time + skip / frame.sampleRate);
    this.#expected = time + frame.nbSamples / frame.sampleRate;
    const { lib } = this.#av;
    const sampleFormat = frame.format as Parameters<typeof lib.avGetBytesPerSample>[0];
    const bytes =
      skip * lib.avGetBytesPerSample(sampleFormat) * (lib.avSampleFmtIsPlanar(sampleFormat) ? 1 : frame.channels);
    const planes = frame.extendedData?.map((plane) => plane.subarray(bytes)) ?? null;
    yield* this.#convert(planes, frame.nbSamples - skip);
  }

  /** How many samples to leave out so that the first resampled one falls on the grid of the wanted clip: no shift by a part of a sample. */
  #alignment(frame: AvFrame, seconds: number): number {
    if (this.#origin === null) return 0;
    let best = { skip: 0, off: Infinity };
    for (let skip = 0; skip < Math.min(frame.nbSamples, 512) && best.off > 1e-4; skip++) {
      const place = (seconds + skip / frame.sampleRate - this.#origin) * this.#rate;
      const off = Math.abs(place - Math.round(place));
      if (off < best.off - 1e-9) best = { skip, off };
    }
    return best.skip;
  }

  /** What the filter still holds; the next push starts a run of its own. */
  *flush(): Generator<SoundBlock> {
    if (!this.#context) return;
    yield* this.#convert(null, 0);
    this.free();
  }

  free(): void {
    this.#context?.free();
    this.#context = null;
  }

  #start(frame: AvFrame, format: string, seconds: number): void {
    const { lib, constants } = this.#av;
    const context = new lib.SoftwareResampleContext();
    const layout =
      frame.channelLayout.mask === 0n
        ? lib.avChannelLayoutDefault(frame.channelLayout.nbChannels)
        : frame.channelLayout;
    this.#channels = this.#isMono ? 1 : layout.nbChannels;
    lib.FFmpegError.throwIfError(
      context.allocSetOpts2(
        this.#isMono ? constants.AV_CHANNEL_LAYOUT_MONO : layout,
        constants.AV_SAMPLE_FMT_FLTP,
        this.#rate,
        layout,
        frame.format as Parameters<SoftwareResampleContext['allocSetOpts2']>[4],
        frame.sampleRate,
      ),
      'resample',
    );
    lib.FFmpegError.throwIfError(context.init(), 'resample');
    this.#context = context;
    this.#format = format;
    this.#runStart = seconds;
    this.#given = 0;
  }

  *#convert(input: Buffer[] | null, samples: number): Generator<SoundBlock> {
    const capacity = this.#context!.getOutSamples(samples) + 32;
    const out = Array.from({ length: this.#channels }, () => new Float32Array(capacity));
    const got = this.#context!.convertSync(
      out.map(({ buffer }) => Buffer.from(buffer)),
      capacity,
      input,
      samples,
    );
    this.#av.lib.FFmpegError.throwIfError(got, 'resample');
    if (got === 0) return;
    const seconds = this.#runStart + this.#given / this.#rate;
    this.#given += got;
    yield { seconds, channels: out.map((channel) => channel.subarray(0, got)) };
  }
}
