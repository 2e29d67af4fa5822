import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { Frame } from '../../core/index.js';
import { ptsToSeconds } from '../../core/index.js';
import { resample, toLuma } from '../../vision/index.js';
import type { DecoderSession, ProbedMedia, ViewFrame, ViewsRequest } from './decoder.js';
import { createFramePicker } from './frame-picker.js';
import { finishFrame, planView, type ViewPlan } from './geometry.js';
import { mediaError } from './media-error.js';

/** A picture as it is: uint8 [height, width, channels], luma or RGB. */
export interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Pictures with times, of which any can be read by its number: a folder, a generator, an array file. */
export interface PictureList {
  /** Where it lies, for messages. */
  readonly path: string;
  readonly media: ProbedMedia;
  readonly count: number;
  /** Rises with the number. */
  ptsOf(index: number): number;
  /** Null where the picture is damaged: it is left out, as if it were not there. */
  read(index: number): Promise<Picture | null>;
  close?(): Promise<void>;
}

/** The facts of a list of pictures, one tick a frame; `rate` is frames per second as a fraction. */
export function describeList(
  container: string,
  codec: string,
  {
    width,
    height,
    channels,
    rate,
    count,
    lastPts,
  }: {
    readonly width: number;
    readonly height: number;
    readonly channels: 1 | 3;
    readonly rate: readonly [number, number];
    readonly count: number;
    readonly lastPts: number;
  },
): ProbedMedia {
  const seconds = ((lastPts + 1) * rate[1]) / rate[0];
  return {
    container,
    video: {
      index: 0,
      codec,
      pixelFormat: channels === 1 ? 'gray' : 'rgb24',
      codedWidth: width,
      codedHeight: height,
      width,
      height,
      rotation: 0,
      sampleAspect: [1, 1],
      timeBase: [rate[1], rate[0]],
      startPts: 0,
      endPts: lastPts + 1,
      durationSeconds: seconds,
      frames: count,
      averageRate: count / seconds,
      variableRate: false,
      interlaced: false,
      colorRange: 'full',
    },
    audio: null,
  };
}

/**
 * A session over a list of pictures. One picture is held at a time, and the one after it. A view of the picture's own
 * size holds its very bytes; any other is scaled as Pillow scales.
 */
export function createPictureSession(list: PictureList): DecoderSession {
  const counters = { framesDecoded: 0, damagedPackets: 0 };
  const read = async (index: number): Promise<Picture | null> => {
    const picture = await list.read(index);
    if (picture) counters.framesDecoded++;
    else counters.damagedPackets++;
    return picture;
  };
  const { media } = list;
  const session: DecoderSession = {
    media,
    async *frames({ span, view, signal }) {
      for await (const { frame } of viewsOf(list, read, { span, views: { view }, signal })) yield frame;
    },
    viewFrames: (request) => viewsOf(list, read, request),
    async framesAt(times, view, signal) {
      const plan = planView(media.video, 0, view);
      const out: Frame[] = [];
      for (const time of times) {
        signal?.throwIfAborted();
        out.push(await shownAt(list, read, time, plan));
      }
      return out;
    },
    audio: async (span, sampleRateHz) => {
      const { startPts, endPts } = span ?? media.video;
      const startSeconds = ptsToSeconds(startPts, media.video.timeBase);
      const samples = Math.round((ptsToSeconds(endPts, media.video.timeBase) - startSeconds) * sampleRateHz);
      return { data: new Float32Array(Math.max(0, samples)), sampleRateHz, startSeconds };
    },
    stats: () => ({ ...counters, droppedFrames: 0, interlacedFrames: 0, lastDuration: 1 }),
    close: async () => list.close?.(),
  };
  return session;
}

type Reader = (index: number) => Promise<Picture | null>;

async function* viewsOf(
  list: PictureList,
  read: Reader,
  { span, views, crop, signal }: ViewsRequest,
): AsyncGenerator<ViewFrame> {
  const { timeBase } = list.media.video;
  const outputs = Object.entries(views).map(([name, view]) => ({
    name,
    plan: planView(list.media.video, 0, view, crop),
    picker: createFramePicker(view?.fps ?? null, span, timeBase),
  }));
  let at = span ? firstFrom(list, span.startPts) : 0;
  const next = async (): Promise<{ readonly picture: Picture; readonly pts: number } | null> => {
    for (; at < list.count; at++) {
      const pts = list.ptsOf(at);
      if (span && pts >= span.endPts) return null;
      const picture = await read(at);
      if (!picture) continue;
      at++;
      return { picture, pts };
    }
    return null;
  };
  let current = await next();
  if (!current && !span) throw mediaError('no-frames', list.path, 'not one picture can be read');
  while (current) {
    await yieldToEvents(); // a generator never waits for anything else
    signal?.throwIfAborted();
    const after = await next();
    const { picture, pts } = current;
    for (const { name, plan, picker } of outputs) {
      if (picker.takes(pts, after?.pts ?? null, pts + 1)) yield { view: name, frame: toFrame(picture, plan, pts) };
    }
    current = after;
  }
}

/** The last sound picture shown at or before `time`, else the first of all. */
async function shownAt(list: PictureList, read: Reader, time: number, plan: ViewPlan): Promise<Frame> {
  const start = Math.max(0, firstFrom(list, Math.floor(time) + 1) - 1);
  for (let i = start; i >= 0; i--) {
    const picture = await read(i);
    if (picture) return toFrame(picture, plan, list.ptsOf(i));
  }
  for (let i = start + 1; i < list.count; i++) {
    const picture = await read(i);
    if (picture) return toFrame(picture, plan, list.ptsOf(i));
  }
  throw mediaError('no-frames', list.path, 'not one picture can be read');
}

/** Number of the first picture at or after a time; `count` if there is none. */
function firstFrom(list: PictureList, pts: number): number {
  let low = 0;
  let high = list.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list.ptsOf(middle) < pts) low = middle + 1;
    else high = middle;
  }
  return low;
}

function toFrame(picture: Picture, plan: ViewPlan, pts: number): Frame {
  const { width, height } = picture;
  const data = picture.channels === 3 && plan.channels === 1 ? toLuma(picture.data) : picture.data;
  const channels = picture.channels === 3 && plan.channels === 3 ? 3 : 1;
  const size = { width, height, channels, toWidth: plan.scaledWidth, toHeight: plan.scaledHeight };
  const filter = plan.filter === 'area' ? 'bilinear' : plan.filter; // both are means over the covered area where it shrinks
  const scaled = resample({ data, ...size, filter });
  const cut = finishFrame(scaled, plan.scaledWidth * channels, { ...plan, channels });
  const finished = channels === plan.channels ? cut : toRgb(cut);
  return { data: finished, width: plan.width, height: plan.height, pts };
}

function toRgb(luma: Uint8Array): Uint8Array {
  const out = new Uint8Array(luma.length * 3);
  for (let i = 0; i < luma.length; i++) out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = luma[i]!;
  return out;
}
