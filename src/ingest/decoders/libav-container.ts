import { statSync } from 'node:fs';
import type { CodecContext, FormatContext, Rational, Stream } from 'node-av/lib';
import type { AudioStream, VideoStream } from '../../core/index.js';
import type { ProbedMedia } from './decoder.js';
import { displaySize, matrixOrientation } from './geometry.js';
import { assertReadable, mediaError } from './media-error.js';
import {
  allowedProtocols,
  assertPixels,
  assertWithin,
  defaultLimits,
  selfContainedFormats,
  type MediaLimits,
} from './media-limits.js';
import type { NodeAv } from './node-av.js';

/** An open container; `close` frees it. */
export interface Container {
  readonly format: FormatContext;
  readonly video: Stream | null;
  readonly audio: Stream | null;
  close(): void;
}

/**
 * Opens a file and finds its first picture stream and its best sound stream; cover pictures do not count as pictures. Formats that name
 * other files are not opened.
 *
 * @throws MediaError `file-missing`, `cannot-open` or `over-limit`.
 */
export function openContainer(
  { lib, constants }: NodeAv,
  path: string,
  limits: MediaLimits = defaultLimits,
): Container {
  assertReadable(path);
  assertWithin(path, 'bytes', statSync(path).size, limits.bytes);
  const format = new lib.FormatContext();
  const options = lib.Dictionary.fromObject({
    protocol_whitelist: allowedProtocols,
    format_whitelist: selfContainedFormats,
  });
  const close = () => format.closeInputSync();
  try {
    // A leading `file:` keeps names such as `a:b.mp4` from being read as protocols.
    const opened = format.openInputSync(`file:${path}`, null, options);
    if (opened < 0) throw mediaError('cannot-open', path, lib.FFmpegError.strerror(opened));
    const found = format.findStreamInfoSync();
    if (found < 0) {
      close();
      throw mediaError('cannot-open', path, lib.FFmpegError.strerror(found));
    }
  } finally {
    options.free();
  }
  const { streams } = format;
  const covers = Number(constants.AV_DISPOSITION_ATTACHED_PIC) | Number(constants.AV_DISPOSITION_TIMED_THUMBNAILS);
  const video = streams.find(
    ({ codecpar, disposition }) =>
      codecpar.codecType === constants.AVMEDIA_TYPE_VIDEO && (Number(disposition) & covers) === 0,
  );
  const audio = streams[format.findBestStream(constants.AVMEDIA_TYPE_AUDIO)];
  // Packets of other streams are passed over without a copy.
  for (const stream of streams) if (stream !== video && stream !== audio) stream.discard = constants.AVDISCARD_ALL;
  try {
    assertWithin(path, 'streams', streams.length, limits.streams);
    if (video) assertPixels(path, limits, video.codecpar.width, video.codecpar.height);
  } catch (error) {
    close();
    throw error;
  }
  return { format, video: video ?? null, audio: audio ?? null, close };
}

/**
 * A decoder of one stream, ready to take packets, with one thread.
 *
 * @throws MediaError `unsupported-codec`.
 */
export function openCodec(
  { lib }: NodeAv,
  stream: Stream,
  path: string,
  { pixels }: MediaLimits = defaultLimits,
): CodecContext {
  const name = lib.avGetCodecName(stream.codecpar.codecId) ?? 'unknown';
  const codec = lib.Codec.findDecoder(stream.codecpar.codecId);
  if (!codec) throw mediaError('unsupported-codec', path, `no decoder for ${name}`);
  const context = new lib.CodecContext();
  context.allocContext3(codec);
  context.parametersToContext(stream.codecpar);
  context.threadCount = 1;
  context.pktTimebase = stream.timeBase;
  context.setOption('max_pixels', String(pixels)); // a dictionary given to open2 is freed twice
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
    streams: container.format.streams.length,
  };
}

function describeVideo({ lib, constants }: NodeAv, container: Container, stream: Stream): VideoStream {
  const parameters = stream.codecpar;
  const { num, den } = stream.timeBase;
  const orientation = matrixOrientation(parameters.getCodedSideData(constants.AV_PKT_DATA_DISPLAYMATRIX));
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
    ...displaySize(parameters.width, parameters.height, sampleAspect, orientation.rotation),
    ...orientation,
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
