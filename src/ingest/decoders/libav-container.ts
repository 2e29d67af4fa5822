import type { CodecContext, FormatContext, Rational, Stream } from 'node-av/lib';
import type { AudioStream, VideoStream } from '../../core/index.js';
import type { ProbedMedia } from './decoder.js';
import { displaySize, matrixRotation } from './geometry.js';
import { assertReadable, mediaError } from './media-error.js';
import type { NodeAv } from './node-av.js';

/** An open container; `close` frees it. */
export interface Container {
  readonly format: FormatContext;
  readonly video: Stream | null;
  readonly audio: Stream | null;
  close(): void;
}

/**
 * Opens a file and finds its best picture and sound streams; cover pictures do not count as pictures.
 *
 * @throws MediaError `file-missing` or `cannot-open`.
 */
export function openContainer({ lib, constants }: NodeAv, path: string): Container {
  assertReadable(path);
  const format = new lib.FormatContext();
  const opened = format.openInputSync(path);
  if (opened < 0) throw mediaError('cannot-open', path, lib.FFmpegError.strerror(opened));
  const close = () => format.closeInputSync();
  const found = format.findStreamInfoSync();
  if (found < 0) {
    close();
    throw mediaError('cannot-open', path, lib.FFmpegError.strerror(found));
  }
  const best = (type: Parameters<FormatContext['findBestStream']>[0]) =>
    format.streams[format.findBestStream(type)] ?? null;
  const picture = best(constants.AVMEDIA_TYPE_VIDEO);
  const isCover =
    picture !== null && (Number(picture.disposition) & Number(constants.AV_DISPOSITION_ATTACHED_PIC)) !== 0;
  return { format, video: isCover ? null : picture, audio: best(constants.AVMEDIA_TYPE_AUDIO), close };
}

/**
 * A decoder of one stream, ready to take packets, with one thread.
 *
 * @throws MediaError `unsupported-codec`.
 */
export function openCodec({ lib }: NodeAv, stream: Stream, path: string): CodecContext {
  const name = lib.avGetCodecName(stream.codecpar.codecId) ?? 'unknown';
  const codec = lib.Codec.findDecoder(stream.codecpar.codecId);
  if (!codec) throw mediaError('unsupported-codec', path, `no decoder for ${name}`);
  const context = new lib.CodecContext();
  context.allocContext3(codec);
  context.parametersToContext(stream.codecpar);
  context.threadCount = 1;
  context.pktTimebase = stream.timeBase;
  const opened = context.open2Sync(codec, null);
  if (opened < 0) {
    context.freeContext();
    throw mediaError('unsupported-codec', path, `${name}: ${lib.FFmpegError.strerror(opened)}`);
  }
  return context;
}

/** What an open container says; `no-video` if it has no pictures. */
export function describeContainer(nodeAv: NodeAv, container: Container, path: string): ProbedMedia {
  if (!container.video) throw mediaError('no-video', path, 'it has no picture stream');
  return {
    container: container.format.iformat?.name ?? 'unknown',
    video: describeVideo(nodeAv, container, container.video),
    audio: container.audio ? describeAudio(nodeAv, container, container.audio) : null,
  };
}

function describeVideo({ lib, constants }: NodeAv, container: Container, stream: Stream): VideoStream {
  const parameters = stream.codecpar;
  const { num, den } = stream.timeBase;
  const rotation = matrixRotation(parameters.getCodedSideData(constants.AV_PKT_DATA_DISPLAYMATRIX));
  const sampleAspect = ratio(stream.sampleAspectRatio) ?? ratio(parameters.sampleAspectRatio) ?? ([1, 1] as const);
  const startPts = finite(stream.startTime, constants.AV_NOPTS_VALUE) ?? 0;
  const rate = ratio(stream.avgFrameRate) ?? ratio(stream.rFrameRate);
  const seconds = containerSeconds(container, stream, constants.AV_NOPTS_VALUE);
  return {
    index: stream.index,
    codec: lib.avGetCodecName(parameters.codecId) ?? 'unknown',
    pixelFormat: lib.avGetPixFmtName(parameters.format as Parameters<typeof lib.avGetPixFmtName>[0]) ?? 'unknown',
    codedWidth: parameters.width,
    codedHeight: parameters.height,
    ...displaySize(parameters.width, parameters.height, sampleAspect, rotation),
    rotation,
    sampleAspect,
    timeBase: [num, den],
    startPts,
    endPts: startPts + Math.round((seconds * den) / num),
    durationSeconds: seconds,
    frames: Number(stream.nbFrames),
    averageRate: rate ? rate[0] / rate[1] : 0,
    variableRate: false,
    interlaced: false,
    colorRange:
      parameters.colorRange === constants.AVCOL_RANGE_MPEG
        ? 'limited'
        : parameters.colorRange === constants.AVCOL_RANGE_JPEG
          ? 'full'
          : 'unknown',
  };
}

function describeAudio({ lib, constants }: NodeAv, container: Container, stream: Stream): AudioStream {
  const start = finite(stream.startTime, constants.AV_NOPTS_VALUE) ?? 0;
  return {
    index: stream.index,
    codec: lib.avGetCodecName(stream.codecpar.codecId) ?? 'unknown',
    sampleRateHz: stream.codecpar.sampleRate,
    channels: stream.codecpar.channelLayout.nbChannels,
    startSeconds: (start * stream.timeBase.num) / stream.timeBase.den,
    durationSeconds: containerSeconds(container, stream, constants.AV_NOPTS_VALUE),
  };
}

/** Microseconds are the container's unit of duration. */
function containerSeconds({ format }: Container, stream: Stream, missing: bigint): number {
  const own = finite(stream.duration, missing);
  if (own !== null) return Math.max(0, (own * stream.timeBase.num) / stream.timeBase.den);
  return Math.max(0, (finite(format.duration, missing) ?? 0) / 1e6);
}

function finite(value: bigint, missing: bigint): number | null {
  return value === missing ? null : Number(value);
}

function ratio(value: Rational): readonly [number, number] | null {
  return value.num > 0 && value.den > 0 ? [value.num, value.den] : null;
}
