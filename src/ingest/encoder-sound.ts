import type { FormatContext } from 'node-av/lib';
import type { NodeAv } from './decoders/node-av.js';
import { drainPackets } from './encoder-packets.js';

/** Encodes one sound track beside the pictures. */
export interface SoundEncoder {
  /** Writes what sounds before this second; Infinity: the rest, and ends the track. */
  writeUntil(seconds: number): void;
  free(): void;
}

/** Adds an AAC track to a muxer whose header is not written yet. */
export function openAacEncoder(
  av: NodeAv,
  muxer: FormatContext,
  { data, sampleRateHz }: { readonly data: Float32Array; readonly sampleRateHz: number },
): SoundEncoder {
  const { lib, constants } = av;
  const codec = lib.Codec.findEncoder(constants.AV_CODEC_ID_AAC);
  if (!codec) throw new Error('This build of node-av has no AAC encoder.');
  const context = new lib.CodecContext();
  context.allocContext3(codec);
  context.sampleRate = sampleRateHz;
  context.sampleFormat = constants.AV_SAMPLE_FMT_FLTP;
  context.channelLayout = constants.AV_CHANNEL_LAYOUT_MONO;
  context.timeBase = new lib.Rational(1, sampleRateHz);
  context.bitRate = 96_000n;
  context.threadCount = 1;
  context.setFlags(constants.AV_CODEC_FLAG_BITEXACT);
  if (muxer.oformat?.hasFlags(constants.AVFMT_GLOBALHEADER)) context.setFlags(constants.AV_CODEC_FLAG_GLOBAL_HEADER);
  lib.FFmpegError.throwIfError(context.open2Sync(codec, null), 'open aac');
  const stream = muxer.newStream(null);
  stream.timeBase = context.timeBase;
  stream.codecpar.fromContext(context);
  const packet = new lib.Packet();
  packet.alloc();
  let at = 0;
  let ended = false;
  return {
    writeUntil(seconds) {
      while (at < data.length && at < seconds * sampleRateHz) {
        const part = data.slice(at, at + context.frameSize);
        const frame = lib.Frame.fromAudioBuffer(Buffer.from(part.buffer), {
          nbSamples: part.length,
          format: constants.AV_SAMPLE_FMT_FLTP,
          sampleRate: sampleRateHz,
          channelLayout: constants.AV_CHANNEL_LAYOUT_MONO,
          pts: BigInt(at),
        });
        try {
          lib.FFmpegError.throwIfError(context.sendFrameSync(frame), 'encode sound');
        } finally {
          frame.free();
        }
        at += part.length;
        drainPackets(av, context, packet, muxer, stream);
      }
      if (seconds !== Infinity || ended) return;
      ended = true;
      lib.FFmpegError.throwIfError(context.sendFrameSync(null), 'encode sound');
      drainPackets(av, context, packet, muxer, stream);
    },
    free() {
      packet.free();
      context.freeContext();
    },
  };
}
