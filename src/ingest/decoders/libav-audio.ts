import type { CodecContext, Frame as AvFrame, Packet, SoftwareResampleContext } from 'node-av/lib';
import { openCodec, openContainer, type Container } from './libav-container.js';
import type { NodeAv } from './node-av.js';

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
 * Gives nothing for a file without sound. The first blocks may lie before `fromSeconds`.
 *
 * @param fromSeconds null: from the start.
 */
export function* readAudioBlocks(
  av: NodeAv,
  path: string,
  { fromSeconds, sampleRateHz }: { readonly fromSeconds: number | null; readonly sampleRateHz: number },
): Generator<AudioBlock> {
  const container = openContainer(av, path);
  let codec: CodecContext | null = null;
  const packet = new av.lib.Packet();
  const frame = new av.lib.Frame();
  packet.alloc();
  frame.alloc();
  const resampler = new Resampler(av, sampleRateHz);
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

/** Resamples to mono float32; keeps each run of sound at its own time. */
class Resampler {
  readonly #av: NodeAv;
  readonly #rate: number;
  #context: SoftwareResampleContext | null = null;
  #format = '';
  #runStart = 0;
  #given = 0;
  #expected = 0;

  constructor(av: NodeAv, rate: number) {
    this.#av = av;
    this.#rate = rate;
  }

  *push(frame: AvFrame, seconds: number | null): Generator<AudioBlock> {
    const format = `${frame.sampleRate}/${frame.format}/${frame.channels}`;
    const time = seconds ?? this.#expected;
    if (this.#context && (format !== this.#format || Math.abs(time - this.#expected) > gapSeconds)) yield* this.flush();
    if (!this.#context) this.#start(frame, format, time);
    this.#expected = time + frame.nbSamples / frame.sampleRate;
    yield* this.#convert(frame.extendedData, frame.nbSamples);
  }

  /** What the filter still holds; the next push starts a run of its own. */
  *flush(): Generator<AudioBlock> {
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
    const layout = frame.channelLayout;
    lib.FFmpegError.throwIfError(
      context.allocSetOpts2(
        constants.AV_CHANNEL_LAYOUT_MONO,
        constants.AV_SAMPLE_FMT_FLT,
        this.#rate,
        layout.mask === 0n ? lib.avChannelLayoutDefault(layout.nbChannels) : layout,
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

  *#convert(input: Buffer[] | null, samples: number): Generator<AudioBlock> {
    const capacity = this.#context!.getOutSamples(samples) + 32;
    const out = Buffer.alloc(capacity * 4);
    const got = this.#context!.convertSync([out], capacity, input, samples);
    this.#av.lib.FFmpegError.throwIfError(got, 'resample');
    if (got === 0) return;
    const data = new Float32Array(got);
    for (let i = 0; i < got; i++) data[i] = out.readFloatLE(i * 4);
    const seconds = this.#runStart + this.#given / this.#rate;
    this.#given += got;
    yield { seconds, data };
  }
}
