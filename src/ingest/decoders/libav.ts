import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { Box, Frame, TimeSpan, View } from '../../core/index.js';
import { ptsToSeconds } from '../../core/index.js';
import { collectClip } from './audio-clip.js';
import { defineDecoder, type DecoderSession, type ViewFrame, type ViewsRequest } from './decoder.js';
import { createFramePicker } from './frame-picker.js';
import { planView, type ViewPlan } from './geometry.js';
import { readAudioBlocks, readSoundBlocks } from './libav-audio.js';
import { describeContainer, openCodec, openContainer, type Container } from './libav-container.js';
import { PictureReader, type PassCounters, type Picture, type PictureFile } from './libav-pictures.js';
import { createScaler, type Scaler } from './libav-scaler.js';
import { mediaError } from './media-error.js';
import { assertPixels, defaultLimits, type MediaLimits } from './media-limits.js';
import { loadNodeAv, type NodeAv } from './node-av.js';
import { createSequentialPass } from './sequential-pass.js';

/** node-av in process, one thread a decoder. */
export default defineDecoder({
  name: 'libav',
  async version() {
    const { lib } = await loadNodeAv();
    const info = lib.getFFmpegInfo();
    return `node-av ${info.version}, libavcodec ${info.libraries.avcodec}`;
  },
  async unavailable() {
    try {
      await loadNodeAv();
      return null;
    } catch (error) {
      return `node-av cannot be loaded here (${error instanceof Error ? error.message : String(error)}); use the ffmpeg decoder.`;
    }
  },
  async codecs() {
    const { lib, constants } = await loadNodeAv();
    const names = lib.Codec.getCodecList()
      .filter((codec) => codec.isDecoder() && codec.type === constants.AVMEDIA_TYPE_VIDEO)
      .map((codec) => lib.avGetCodecName(codec.id) ?? '');
    return [...new Set(names)].filter((name) => name !== '').sort();
  },
  async open(path, { limits = defaultLimits } = {}) {
    const av = await loadNodeAv();
    const container = openContainer(av, path, limits);
    try {
      const media = describeContainer(av, container, path);
      assertPixels(path, limits, media.video.width, media.video.height);
      openCodec(av, container.video!, path, limits).freeContext();
      return createSession(av, { path, limits, container, media });
    } catch (error) {
      container.close();
      throw error;
    }
  },
});

interface OpenedFile {
  readonly path: string;
  readonly limits: MediaLimits;
  /** Not read from yet: the first pass takes it. */
  readonly container: Container;
  readonly media: DecoderSession['media'];
}

function createSession(av: NodeAv, { path, limits, container, media }: OpenedFile): DecoderSession {
  let unread: Container | null = container;
  const file: PictureFile = {
    path,
    limits,
    openContainer() {
      const taken = unread;
      unread = null;
      return taken ?? openContainer(av, path, limits);
    },
  };
  const counters: PassCounters = {
    framesDecoded: 0,
    damagedPackets: 0,
    droppedFrames: 0,
    interlacedFrames: 0,
    lastDuration: 0,
    sound: null,
  };
  const seconds = (span: TimeSpan) => ({
    startSeconds: ptsToSeconds(span.startPts, media.video.timeBase),
    endSeconds: ptsToSeconds(span.endPts, media.video.timeBase),
  });
  return {
    media,
    async *frames({ span, view, signal }) {
      for await (const { frame } of decodeViews(av, file, media, counters, { span, views: { view }, signal }))
        yield frame;
    },
    viewFrames: (request) => decodeViews(av, file, media, counters, request),
    openPass({ views, signal }) {
      const outputs = createOutputs(av, path, media, views);
      const pass = createSequentialPass<Picture>({
        start: () => new PictureReader(av, file, counters),
        show({ frame, pts }, name) {
          const { plan, scaler } = outputs.of(name);
          return { data: scaler.scale(frame), width: plan.width, height: plan.height, pts };
        },
        views,
        timeBase: media.video.timeBase,
        signal,
        onCrop: (crop) => outputs.show(crop),
      });
      return {
        spanFrames: (span, crop) => pass.spanFrames(span, crop),
        async close() {
          await pass.close();
          outputs.free();
        },
      };
    },
    framesAt: (pts, view, signal) => framesAt(av, file, media, counters, { pts, view, signal }),
    audio(span, sampleRateHz, signal) {
      signal?.throwIfAborted();
      const range = span && seconds(span);
      return collectClip(
        readAudioBlocks(av, path, { fromSeconds: range?.startSeconds ?? null, sampleRateHz }),
        range,
        sampleRateHz,
      );
    },
    async *sound(fromSeconds, sampleRateHz, signal) {
      let turn = 0;
      for (const block of readSoundBlocks(av, path, { fromSeconds, sampleRateHz })) {
        if (++turn % soundBlocksPerTurn === 0) await yieldToEvents();
        signal?.throwIfAborted();
        yield block;
      }
    },
    stats: () => ({ ...counters }),
    async close() {
      unread?.close();
      unread = null;
    },
  };
}

/** Scalers of several views, made anew when another part of the picture is to be shown. */
function createOutputs(av: NodeAv, path: string, { video }: DecoderSession['media'], views: ViewsRequest['views']) {
  let shown: string | null = null;
  let made = new Map<string, { readonly plan: ViewPlan; readonly scaler: Scaler }>();
  const free = (): void => {
    for (const { scaler } of made.values()) scaler.free();
    made = new Map();
    shown = null;
  };
  return {
    of: (name: string) => made.get(name)!,
    show(crop: Box | null): void {
      if (JSON.stringify(crop) === shown) return;
      free();
      shown = JSON.stringify(crop);
      for (const [name, view] of Object.entries(views)) {
        const plan = planView(video, video.rotation, view, crop);
        made.set(name, { plan, scaler: createScaler(av, plan, path) });
      }
    },
    free,
  };
}

const soundBlocksPerTurn = 64;

/** Decoding is synchronous: after this many pictures timers and signals get their turn. */
const picturesPerTurn = 16;

async function* decodeViews(
  av: NodeAv,
  file: PictureFile,
  media: DecoderSession['media'],
  counters: PassCounters,
  { span, views, crop, signal }: ViewsRequest,
): AsyncGenerator<ViewFrame> {
  const outputs = Object.entries(views).map(([name, view]) => {
    const plan = planView(media.video, media.video.rotation, view, crop);
    return {
      name,
      plan,
      scaler: createScaler(av, plan, file.path),
      picker: createFramePicker(view?.fps ?? null, span, media.video.timeBase),
    };
  });
  // Memory of earlier passes is given back between turns of the event loop.
  await yieldToEvents();
  const reader = new PictureReader(av, file, counters, span === null);
  try {
    const within = (picture: Picture | null) => (picture && span && picture.pts >= span.endPts ? null : picture);
    // A rate is met by knowing when the next picture comes; without one it is decoded only when it is asked for.
    const looksAhead = Object.values(views).some((view) => view !== null && view.fps !== null);
    let picture = firstPicture(reader, span, media.video.startPts);
    if (!picture && !span) throw mediaError('no-frames', file.path, 'not one picture could be decoded');
    picture = within(picture);
    for (let turn = 1; picture; turn++) {
      if (turn % picturesPerTurn === 0) await yieldToEvents();
      signal?.throwIfAborted();
      const next: Picture | null = looksAhead ? within(reader.next()) : null;
      for (const { name, plan, scaler, picker } of outputs) {
        if (!picker.takes(picture.pts, next?.pts ?? null, picture.pts + picture.duration)) continue;
        yield {
          view: name,
          frame: { data: scaler.scale(picture.frame), width: plan.width, height: plan.height, pts: picture.pts },
        };
      }
      picture = looksAhead ? next : within(reader.next());
    }
  } finally {
    reader.close();
    for (const { scaler } of outputs) scaler.free();
  }
}

/** The first picture at or after the span's start; where seeking overshoots, from the beginning. */
function firstPicture(reader: PictureReader, span: TimeSpan | null, firstPts: number): Picture | null {
  if (!span || span.startPts <= firstPts) return skipTo(reader, reader.next(), span?.startPts ?? null);
  reader.seek(span.startPts);
  let first = reader.next();
  if (!first || first.pts > span.startPts) {
    reader.rewind();
    first = reader.next();
  }
  return skipTo(reader, first, span.startPts);
}

function skipTo(reader: PictureReader, first: Picture | null, pts: number | null): Picture | null {
  let picture = first;
  while (picture && pts !== null && picture.pts < pts) picture = reader.next();
  return picture;
}

async function framesAt(
  av: NodeAv,
  file: PictureFile,
  media: DecoderSession['media'],
  counters: PassCounters,
  {
    pts,
    view,
    signal,
  }: { readonly pts: readonly number[]; readonly view: View | null; readonly signal: AbortSignal | undefined },
): Promise<readonly Frame[]> {
  if (pts.length === 0) return [];
  const plan = planView(media.video, media.video.rotation, view);
  const scaler = createScaler(av, plan, file.path);
  const reader = new PictureReader(av, file, counters);
  try {
    const out: Frame[] = [];
    for (const time of pts) {
      signal?.throwIfAborted();
      await yieldToEvents();
      const shown = shownAt(reader, time, media.video.startPts);
      if (!shown) throw mediaError('no-frames', file.path, 'not one picture could be decoded');
      out.push({ data: scaler.scale(shown.frame), width: plan.width, height: plan.height, pts: shown.pts });
    }
    return out;
  } finally {
    reader.close();
    scaler.free();
  }
}

/** The last picture that starts at or before `time`, else the first of all. */
function shownAt(reader: PictureReader, time: number, firstPts: number): Picture | null {
  if (time <= firstPts) reader.rewind();
  else reader.seek(time);
  let shown = reader.next();
  if (time > firstPts && (!shown || shown.pts > time)) {
    reader.rewind();
    shown = reader.next();
  }
  for (let next = shown && reader.next(); shown && next && next.pts <= time; next = reader.next()) shown = next;
  return shown;
}
