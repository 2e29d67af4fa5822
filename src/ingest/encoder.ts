import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import type { CodecContext, FormatContext, Frame as AvFrame } from 'node-av/lib';
import { drainPackets } from './encoder-packets.js';
import { openAacEncoder, type SoundEncoder } from './encoder-sound.js';
import { loadNodeAv, type NodeAv } from './decoders/node-av.js';

/** What `encodeVideo` is told. */
export interface EncodeOptions {
  /** uint8 [height, width, 3] each, RGB. */
  readonly frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly width: number;
  readonly height: number;
  /** Frames per second, or an exact fraction. */
  readonly fps: number | readonly [number, number];
  /** Ticks of 1/90000 s at which a frame is shown, for variable rates; must rise. Default: constant rate. */
  readonly ptsOf?: (index: number) => number;
  /** float32 mono, -1–1. */
  readonly audio?: { readonly data: Float32Array; readonly sampleRateHz: number };
  /** A node-av encoder's name. */
  readonly codec?: 'libx264' | 'mpeg4' | 'libx265' | 'libvpx-vp9';
  /** Constant rate factor of x264 and its like; `mpeg4` takes it as a quantiser. */
  readonly quality?: number;
  readonly preset?: string;
  /** Frames between key frames. */
  readonly gop?: number;
  readonly bFrames?: number;
  /** Degrees clockwise by which players shall turn the picture. */
  readonly rotation?: 0 | 90 | 180 | 270;
  readonly sampleAspect?: readonly [number, number];
  /** Puts MP4's index first, so that a file that is cut off can still be opened. */
  readonly fastStart?: boolean;
}

/**
 * Writes frames and sound as a video file, by the path's extension (`.mp4`, `.mkv`, `.avi`, …). One thread and no metadata of the
 * moment: the same input gives the same bytes. The file appears whole or not at all.
 *
 * @throws RangeError if a frame has not width × height × 3 bytes, or there is none.
 */
export async function encodeVideo(path: string, options: EncodeOptions): Promise<void> {
  const av = await loadNodeAv();
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.part${extname(path)}`;
  const muxer = new av.lib.FormatContext();
  const check = (code: number, what: string) => av.lib.FFmpegError.throwIfError(code, what);
  let picture: PictureEncoder | null = null;
  let sound: SoundEncoder | null = null;
  try {
    check(muxer.allocOutputContext2(null, null, beside), 'muxer');
    muxer.setFlags(av.constants.AVFMT_FLAG_BITEXACT);
    picture = openPictureEncoder(av, muxer, options);
    if (options.audio) sound = openAacEncoder(av, muxer, options.audio);
    check(muxer.openOutputSync(), 'open output');
    if (options.fastStart) setOption(av, muxer, 'movflags', '+faststart');
    check(muxer.writeHeaderSync(null), 'header');
    let count = 0;
    for await (const pixels of options.frames) {
      picture.write(pixels, count);
      sound?.writeUntil(picture.secondsOf(count));
      count++;
    }
    if (count === 0) throw new RangeError('A video needs at least one frame.');
    picture.write(null, count);
    sound?.writeUntil(Infinity);
    check(muxer.writeTrailerSync(), 'trailer');
    muxer.closeOutputSync();
    renameSync(beside, path);
  } finally {
    picture?.free();
    sound?.free();
    muxer.freeContext();
    rmSync(beside, { force: true });
  }
}

interface PictureEncoder {
  /** Null: no more frames. */
  write(pixels: Uint8Array | null, index: number): void;
  secondsOf(index: number): number;
  free(): void;
}

function openPictureEncoder(av: NodeAv, muxer: FormatContext, options: EncodeOptions): PictureEncoder {
  const { lib, constants } = av;
  const { width, height, codec: name = 'libx264', ptsOf } = options;
  const context = openCodec(av, muxer, options, name);
  const stream = muxer.newStream(null);
  stream.timeBase = context.timeBase;
  stream.codecpar.fromContext(context);
  if (options.sampleAspect) stream.sampleAspectRatio = context.sampleAspectRatio;
  if (options.rotation) {
    const matrix = rotationMatrix(options.rotation);
    stream.codecpar.addCodedSideData(constants.AV_PKT_DATA_DISPLAYMATRIX, matrix);
  }
  const scaler = new lib.SoftwareScaleContext();
  scaler.allocContext();
  scaler.setOption('sws_flags', 'bicubic+accurate_rnd+full_chroma_inp+bitexact');
  const target = new lib.Frame();
  target.alloc();
  const packet = new lib.Packet();
  packet.alloc();
  // Without it the last frame lasts no time, and players cut it off.
  const frameTicks = BigInt(
    Math.max(
      1,
      Math.round((context.framerate.den * context.timeBase.den) / (context.framerate.num * context.timeBase.num)),
    ),
  );
  return {
    write(pixels, index) {
      if (pixels === null) lib.FFmpegError.throwIfError(context.sendFrameSync(null), 'encode');
      else {
        if (pixels.byteLength !== width * height * 3) {
          throw new RangeError(
            `A frame of ${width}×${height} has ${width * height * 3} bytes, got ${pixels.byteLength}.`,
          );
        }
        fillFrame(av, target, pixels, context, scaler);
        target.pts = BigInt(ptsOf ? ptsOf(index) : index);
        target.duration = frameTicks;
        lib.FFmpegError.throwIfError(context.sendFrameSync(target), 'encode');
        target.unref();
      }
      drainPackets(av, context, packet, muxer, stream, frameTicks);
    },
    secondsOf: (index) => ((ptsOf ? ptsOf(index) : index) * context.timeBase.num) / context.timeBase.den,
    free() {
      target.free();
      packet.free();
      scaler.freeContext();
      context.freeContext();
    },
  };
}

function openCodec(
  av: NodeAv,
  muxer: FormatContext,
  options: EncodeOptions,
  name: NonNullable<EncodeOptions['codec']>,
): CodecContext {
  const { lib, constants } = av;
  const codec = lib.Codec.findEncoderByName(name as Parameters<typeof lib.Codec.findEncoderByName>[0]);
  if (!codec) throw new Error(`This build of node-av has no encoder ${name}.`);
  const [rateNum, rateDen] = typeof options.fps === 'number' ? toFraction(options.fps) : options.fps;
  const context = new lib.CodecContext();
  context.allocContext3(codec);
  context.width = options.width;
  context.height = options.height;
  // 4:2:0 has no odd sizes.
  const odd = options.width % 2 === 1 || options.height % 2 === 1;
  context.pixelFormat = odd && name !== 'mpeg4' ? constants.AV_PIX_FMT_YUV444P : constants.AV_PIX_FMT_YUV420P;
  context.timeBase = options.ptsOf ? new lib.Rational(1, 90_000) : new lib.Rational(rateDen, rateNum);
  context.framerate = new lib.Rational(rateNum, rateDen);
  context.colorRange = constants.AVCOL_RANGE_MPEG;
  context.colorSpace = constants.AVCOL_SPC_SMPTE170M;
  if (options.sampleAspect) context.sampleAspectRatio = new lib.Rational(...options.sampleAspect);
  context.gopSize = options.gop ?? 48;
  context.maxBFrames = options.bFrames ?? 0;
  context.threadCount = 1;
  context.setFlags(constants.AV_CODEC_FLAG_BITEXACT);
  if (muxer.oformat?.hasFlags(constants.AVFMT_GLOBALHEADER)) context.setFlags(constants.AV_CODEC_FLAG_GLOBAL_HEADER);
  const quality = options.quality ?? 18;
  if (name === 'mpeg4') context.qMin = context.qMax = Math.min(31, Math.max(1, Math.round(quality)));
  if (name !== 'mpeg4') setOption(av, context, 'crf', String(quality));
  if (name === 'libvpx-vp9') setOption(av, context, 'cpu-used', '8');
  else if (name !== 'mpeg4') setOption(av, context, 'preset', options.preset ?? 'veryfast');
  // With B-frames the macroblock tree gives other bytes now and then for the same pictures (5 of 60 encodings).
  if (name === 'libx264') setOption(av, context, 'x264-params', 'mbtree=0');
  lib.FFmpegError.throwIfError(context.open2Sync(codec, null), `open ${name}`);
  return context;
}

/** Never by a Dictionary: opening frees it, and node-av's finalizer then frees it again. */
function setOption(
  { lib, constants }: NodeAv,
  target: CodecContext | FormatContext,
  name: string,
  value: string,
): void {
  lib.FFmpegError.throwIfError(
    target.setOption(name, value, constants.AV_OPT_TYPE_STRING, constants.AV_OPT_SEARCH_CHILDREN),
    `option ${name}`,
  );
}

function fillFrame(
  { lib, constants }: NodeAv,
  target: AvFrame,
  pixels: Uint8Array,
  context: CodecContext,
  scaler: InstanceType<NodeAv['lib']['SoftwareScaleContext']>,
): void {
  const { width, height } = context;
  const bytes = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const source = lib.Frame.fromVideoBuffer(bytes, { width, height, format: constants.AV_PIX_FMT_RGB24 });
  target.width = width;
  target.height = height;
  target.format = context.pixelFormat;
  target.colorRange = constants.AVCOL_RANGE_MPEG;
  target.colorSpace = constants.AVCOL_SPC_SMPTE170M;
  try {
    lib.FFmpegError.throwIfError(scaler.scaleFrameSync(target, source), 'scale');
  } finally {
    source.free();
  }
}

/** A container's display matrix: 16.16 fixed point, row by row; the last element is 2.30. */
function rotationMatrix(clockwise: 0 | 90 | 180 | 270): Buffer {
  const [cos, sin] = { 0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1] }[clockwise] as [number, number];
  const matrix = Buffer.alloc(36);
  [cos, sin, 0, -sin, cos, 0, 0, 0, 16384].forEach((value, i) => matrix.writeInt32LE(value * 65536, i * 4));
  return matrix;
}

function toFraction(fps: number): readonly [number, number] {
  return Number.isInteger(fps) ? [fps, 1] : [Math.round(fps * 1001), 1001];
}
