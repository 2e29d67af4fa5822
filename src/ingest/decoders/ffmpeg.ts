import { statSync } from 'node:fs';
import { ptsToSeconds, runProcess, type Frame, type VideoStream } from '../../core/index.js';
import { collectClip } from './audio-clip.js';
import {
  defineDecoder,
  type DecoderSession,
  type SequentialPass,
  type SoundBlock,
  type ViewFrame,
  type ViewsRequest,
} from './decoder.js';
import { findFfmpeg } from './ffmpeg-binary.js';
import { confined, firstPictures, readOptionsFor } from './ffmpeg-options.js';
import { runFfmpeg } from './ffmpeg-process.js';
import { parseProbe } from './ffmpeg-text.js';
import { readStackedFrames, type CodedPicture, type StackedFrame } from './ffmpeg-frames.js';
import { createFramePicker } from './frame-picker.js';
import { finishFrame, planView } from './geometry.js';
import { isFlippedMp4 } from './packet-index.js';
import { assertReadable, mediaError } from './media-error.js';
import { assertPixels, assertWithin, defaultLimits, watchLimits, type MediaLimits } from './media-limits.js';
import { createSequentialPass, openCroppedPass } from './sequential-pass.js';

/** An ffmpeg program driven by fluent-ffmpeg. It decodes from the start of the file for every pass: slower than libav at late shots. */
export default defineDecoder({
  name: 'ffmpeg',
  async version() {
    const { stdout } = await runProcess(await binaryPath(), ['-version']);
    return stdout
      .split('\n', 1)[0]!
      .replace(/ Copyright.*/, '')
      .trim();
  },
  async unavailable() {
    const found = await findFfmpeg();
    if (!found)
      return 'there is no ffmpeg program; install one, set REELMINE_FFMPEG to its path, or run reelmine setup.';
    try {
      const { status, stderr } = await runProcess(found.path, ['-version'], { timeoutMs: 20_000 });
      return status === 0 ? null : `${found.path} does not run: ${stderr.trim().slice(-200)}`;
    } catch (error) {
      return `${found.path} does not run: ${error instanceof Error ? error.message : String(error)}`;
    }
  },
  async codecs() {
    const { stdout } = await runProcess(await binaryPath(), ['-hide_banner', '-codecs']);
    return [...stdout.matchAll(/^ D.V... (\S+)/gm)]
      .map((match) => match[1]!)
      .filter((name) => name !== '=')
      .sort();
  },
  async open(path, { signal, limits = defaultLimits } = {}) {
    assertReadable(path);
    assertWithin(path, 'bytes', statSync(path).size, limits.bytes);
    const readOptions = readOptionsFor(limits);
    const binary = await binaryPath();
    // Every stream's own clock, and the picture as it is coded: turning and stretching are ours, the same for all decoders.
    const args = [
      '-hide_banner',
      '-nostdin',
      ...readOptions,
      '-i',
      `file:${path}`,
      '-map',
      firstPictures,
      '-vf',
      'showinfo=checksum=0',
      '-frames:v',
      '1',
      '-f',
      'null',
      '-',
    ];
    const { stderr } = await runProcess(binary, args, signal ? { signal } : {});
    const probed = parseProbe(path, stderr, limits);
    const { width, height, index } = probed.media.video;
    assertPixels(path, limits, width, height);
    // Of a mirrored picture the program says only how it is turned.
    const flipped = isFlippedMp4(path, index) ? { flipped: true as const } : {};
    const media = { ...probed.media, video: { ...probed.media.video, ...flipped } };
    return createSession({ binary, path, limits, readOptions, chroma: probed.chroma, media });
  },
});

async function binaryPath(): Promise<string> {
  const found = await findFfmpeg();
  if (!found) throw new Error('There is no ffmpeg program.');
  return found.path;
}

interface OpenedFile {
  readonly binary: string;
  readonly path: string;
  readonly limits: MediaLimits;
  readonly readOptions: readonly string[];
  readonly media: DecoderSession['media'];
  readonly chroma: string;
}

function createSession(file: OpenedFile): DecoderSession {
  const { media } = file;
  const stats = { framesDecoded: 0, damagedPackets: 0, droppedFrames: 0, interlacedFrames: 0, lastDuration: 0 };
  const viewFrames = (request: ViewsRequest): AsyncGenerator<ViewFrame> => decodeViews(file, stats, request);
  return {
    media,
    viewFrames,
    openPass: ({ views, signal }) => openCroppedPass((crop) => openStackedPass(file, stats, { views, crop, signal })),
    async *frames({ span, view, signal }) {
      for await (const { frame } of viewFrames({ span, views: { view }, signal })) yield frame;
    },
    async framesAt(pts, view, signal) {
      const every = view && { ...view, fps: null };
      const out: Frame[] = [];
      let shown: Frame | null = null;
      for await (const { frame } of viewFrames({ span: null, views: { every }, signal })) {
        while (shown && out.length < pts.length && pts[out.length]! < frame.pts) out.push(copyOf(shown));
        shown = frame;
        if (out.length === pts.length) return out;
      }
      while (shown && out.length < pts.length) out.push(copyOf(shown));
      return out;
    },
    async audio(span, sampleRateHz, signal) {
      const range = span && {
        startSeconds: ptsToSeconds(span.startPts, media.video.timeBase),
        endSeconds: ptsToSeconds(span.endPts, media.video.timeBase),
      };
      return collectClip(
        media.audio ? readMono(file, { stream: media.audio.index, sampleRateHz, signal }) : [],
        range,
        sampleRateHz,
      );
    },
    async *sound(_fromSeconds, sampleRateHz, signal) {
      if (!media.audio) return;
      const { index: stream, channels } = media.audio;
      yield* readSound(file, { stream, sampleRateHz, channels, signal });
    },
    stats: () => ({ ...stats }),
    async close() {},
  };
}

type Stats = { -readonly [K in keyof ReturnType<DecoderSession['stats']>]: number };

async function* decodeViews(
  { binary, path, media, chroma, limits, readOptions }: OpenedFile,
  stats: Stats,
  { span, views, crop, signal }: ViewsRequest,
): AsyncGenerator<ViewFrame> {
  const outputs = Object.entries(views).map(([name, view]) => ({
    name,
    plan: planView(media.video, media.video.rotation, view, crop),
    picker: createFramePicker(view?.fps ?? null, span, media.video.timeBase),
  }));
  const pass = readStackedFrames(binary, path, {
    stream: media.video.index,
    span,
    plans: outputs.map(({ plan }) => plan),
    chroma,
    coded: codedPicture(media.video),
    readOptions,
    signal,
    stats,
  });
  let held: { readonly pts: number; readonly duration: number; readonly pictures: readonly Uint8Array[] } | null = null;
  const give = function* (nextPts: number | null): Generator<ViewFrame> {
    const { pts, duration, pictures } = held!;
    for (const [i, { name, plan, picker }] of outputs.entries()) {
      if (!picker.takes(pts, nextPts, pts + duration)) continue;
      const data = finishFrame(pictures[i]!, plan.scaledWidth * plan.channels, plan);
      yield { view: name, frame: { data, width: plan.width, height: plan.height, pts } };
    }
  };
  const watch = watchLimits(path, limits, media.video.timeBase);
  for await (const picture of pass) {
    watch(picture.pts, picture.width, picture.height);
    if (held && picture.pts <= held.pts) {
      stats.droppedFrames++;
      continue;
    }
    if (held) yield* give(picture.pts);
    held = picture;
    stats.lastDuration = picture.duration;
  }
  if (held) yield* give(null);
  else if (!span) throw mediaError('no-frames', path, 'not one picture could be decoded');
}

/** One run of the program for all spans; what lies between them is scaled for nothing. */
function openStackedPass(
  { binary, path, media, chroma, limits, readOptions }: OpenedFile,
  stats: Stats,
  { views, crop, signal }: Omit<ViewsRequest, 'span'>,
): SequentialPass {
  const outputs = Object.entries(views).map(([name, view]) => ({
    name,
    plan: planView(media.video, media.video.rotation, view, crop),
  }));
  return createSequentialPass<StackedFrame>({
    start() {
      const plans = outputs.map(({ plan }) => plan);
      const coded = codedPicture(media.video);
      const request = { stream: media.video.index, span: null, plans, chroma, coded, readOptions, signal, stats };
      const run = readStackedFrames(binary, path, request);
      const watch = watchLimits(path, limits, media.video.timeBase);
      let last = -Infinity;
      return {
        async next() {
          for (;;) {
            const step = await run.next();
            if (step.done === true) return null;
            const { pts, width, height } = step.value;
            watch(pts, width, height);
            stats.lastDuration = step.value.duration;
            if (step.value.pts > last) {
              last = step.value.pts;
              return step.value;
            }
            stats.droppedFrames++;
          }
        },
        async close() {
          await run.return(undefined);
        },
      };
    },
    show({ pts, pictures }, name) {
      const at = outputs.findIndex((output) => output.name === name);
      const { plan } = outputs[at]!;
      const data = finishFrame(pictures[at]!, plan.scaledWidth * plan.channels, plan);
      return { data, width: plan.width, height: plan.height, pts };
    },
    views,
    timeBase: media.video.timeBase,
    signal,
  });
}

interface SoundRequest {
  readonly stream: number;
  readonly sampleRateHz: number;
  readonly signal: AbortSignal | undefined;
}

async function* readMono(
  file: OpenedFile,
  request: SoundRequest,
): AsyncGenerator<{ seconds: number; data: Float32Array }> {
  for await (const { seconds, channels } of readSound(file, { ...request, channels: null }))
    yield { seconds, data: channels[0]! };
}

/** The whole sound as blocks; the first block's time is that of ffmpeg's first decoded frame. `channels` null: mixed to one. */
async function* readSound(
  { binary, path }: OpenedFile,
  { stream, sampleRateHz, channels, signal }: SoundRequest & { readonly channels: number | null },
): AsyncGenerator<SoundBlock> {
  const count = channels ?? 1;
  let start = 0;
  const run = runFfmpeg(binary, path, {
    inputOptions: ['-copyts', '-threads', '1', ...confined],
    outputOptions: [
      '-map',
      `0:${stream}`,
      '-af',
      `ashowinfo,aformat=sample_fmts=flt:sample_rates=${sampleRateHz}${channels === null ? ':channel_layouts=mono' : ''}`,
      ...(channels === null ? [] : ['-ac', String(channels)]),
    ],
    format: 'f32le',
    onLine(line) {
      const [, seconds] = /\bn:0 pts:\S+ pts_time:(-?[\d.]+)/.exec(line) ?? [];
      if (seconds !== undefined) start = Number(seconds);
    },
    signal,
  });
  let rest = Buffer.alloc(0);
  let given = 0;
  for await (const chunk of run.bytes()) {
    rest = Buffer.concat([rest, chunk]);
    const samples = Math.floor(rest.byteLength / (4 * count));
    const block = Array.from({ length: count }, () => new Float32Array(samples));
    for (let i = 0; i < samples * count; i++) block[i % count]![Math.floor(i / count)] = rest.readFloatLE(i * 4);
    rest = rest.subarray(samples * 4 * count);
    if (samples > 0) yield { seconds: start + given / sampleRateHz, channels: block };
    given += samples;
  }
}

function codedPicture({ pixelFormat, codedWidth, codedHeight }: VideoStream): CodedPicture {
  return { pixelFormat, size: { width: codedWidth, height: codedHeight } };
}

function copyOf(frame: Frame): Frame {
  return { ...frame, data: frame.data.slice() };
}
