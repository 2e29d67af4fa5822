import { ptsToSeconds, type EncodedImage, type Shot } from '../../core/index.js';
import type { OpenVideo } from '../../ingest/index.js';
import { encodeImage } from '../../vision/index.js';
import { defineMiner, type MinedSample } from '../define-miner.js';
import { groupOf } from '../group.js';
import { clipsConfig, planClips, viewOf, type ClipsConfig, type ClipsPlan } from './config.js';
import { drawClip } from './gallery.js';
import { clipSample } from './sample.js';
import { findSteady, layClips, spanOf, type ClipWindow, type ShotFrames } from './windows.js';

/** Clips of a fixed rate and size for video predictors; see README.md beside this file. */
export default defineMiner({
  name: 'clips',
  version: 2,
  sample: clipSample,
  config: clipsConfig,
  views: (config) => ({ clip: viewOf(planClips(config), config.cropBars) }),
  async *mineShot(video, shot, config, { random, reject, signal }) {
    const plan = planClips(config);
    const cancelled = (): boolean => signal.aborted;
    const frames = await surveyFrames(video, shot, plan, signal);
    if (cancelled()) return;
    const clips = layClips(frames, plan, config, { random, reject });
    const group = groupOf(video.source, plan.groupPattern);
    for await (const { clip, pictures } of collect(video, shot, { plan, clips, signal })) {
      if (cancelled()) return;
      yield await toSample(clip, pictures, { frames, plan, config, group, timeBase: video.source.video.timeBase });
    }
  },
  draw: drawClip,
});

/** One frame as it is stored, before any compression: uint8 [height, width, channels]. */
type Pixels = Uint8Array;

/** Reads a shot once to learn when its frames are shown and how much they differ. */
async function surveyFrames(video: OpenVideo, shot: Shot, plan: ClipsPlan, signal: AbortSignal): Promise<ShotFrames> {
  const all: number[] = [];
  const pts: number[] = [];
  const differences: number[] = [];
  let before: Pixels | null = null;
  for await (const frame of video.frames(shot, 'clip')) {
    if (signal.aborted) break;
    if (all.push(frame.pts) % plan.frameStep !== 1 % plan.frameStep) continue;
    const pixels = keepColour(frame.data, plan);
    if (before) differences.push(meanDifference(before, pixels));
    pts.push(frame.pts);
    before = pixels;
  }
  const { timeBase } = video.source.video;
  const unit = plan.framesPerSecond === 0 ? medianStep(all) : timeBase[1] / (timeBase[0] * plan.framesPerSecond);
  const steadyUnits = findSteady(all, plan.framesPerSecond === 0 ? (all[0] ?? 0) : shot.startPts, unit);
  const { frameStep } = plan;
  const isSteady = differences.map((_, i) => !steadyUnits.slice(i * frameStep, (i + 1) * frameStep).includes(false));
  const period = unit * frameStep;
  const lastPts = pts.at(-1) ?? shot.startPts;
  const endPts = Math.min(shot.endPts, Math.round(lastPts + period));
  return { pts, endPts: Math.max(endPts, lastPts), isSteady, differences, period };
}

/** Reads a shot again and gives each clip when its last frame is there; only frames that a clip still needs are held. */
async function* collect(
  video: OpenVideo,
  shot: Shot,
  {
    plan,
    clips,
    signal,
  }: { readonly plan: ClipsPlan; readonly clips: readonly ClipWindow[]; readonly signal: AbortSignal },
): AsyncGenerator<{ readonly clip: ClipWindow; readonly pictures: readonly Pixels[] }> {
  if (clips.length === 0) return;
  const held = new Map<number, Pixels>();
  let next = 0; // the first clip that is not given yet
  let seen = 0;
  for await (const { data } of video.frames(shot, 'clip')) {
    if (signal.aborted) return;
    const at = seen++ / plan.frameStep;
    if (!Number.isInteger(at)) continue;
    const { start } = clips[next]!;
    if (at < start) continue;
    for (const old of held.keys()) if (old < start) held.delete(old);
    held.set(at, keepColour(data, plan));
    if (at < start + clips[next]!.length - 1) continue;
    const clip = clips[next]!;
    yield { clip, pictures: Array.from({ length: clip.length }, (_, i) => held.get(clip.start + i)!) };
    if (++next === clips.length) return;
  }
}

async function toSample(
  { start, length, motion }: ClipWindow,
  pictures: readonly Pixels[],
  {
    frames,
    plan,
    config,
    group,
    timeBase,
  }: {
    readonly frames: ShotFrames;
    readonly plan: ClipsPlan;
    readonly config: ClipsConfig;
    readonly group: string;
    readonly timeBase: readonly [number, number];
  },
): Promise<MinedSample<typeof clipSample>> {
  const { width, height, colour } = plan;
  const channels = colour === 'rgb' ? 3 : 1;
  const pts = frames.pts.slice(start, start + length);
  const seconds = ptsToSeconds(pts.at(-1)! - pts[0]!, timeBase);
  const size = [length, height, width, channels];
  const about = {
    size: Int32Array.from(size),
    start,
    framesPerSecond: Math.fround((length - 1) / seconds),
    motion: Math.fround(motion),
    group,
  };
  const place = { span: spanOf(frames, start, length), pts };
  if (config.storage === 'raw')
    return { ...place, fields: { ...about, frames: { data: join(pictures), shape: size } } };
  const { storage: format, quality } = config;
  const images: EncodedImage[] = [];
  for (const picture of pictures) images.push(await encodeImage(picture, width, height, channels, { format, quality }));
  return { ...place, fields: { ...about, images } };
}

function keepColour(data: Uint8Array, { colour }: ClipsPlan): Pixels {
  if (colour !== 'red') return data;
  const out = new Uint8Array(data.length / 3);
  for (let i = 0; i < out.length; i++) out[i] = data[3 * i]!;
  return out;
}

function meanDifference(a: Pixels, b: Pixels): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}

/** The usual distance of neighbouring times; 1 where there are none. */
function medianStep(pts: readonly number[]): number {
  const steps = pts.slice(1).map((time, i) => time - pts[i]!);
  return steps.sort((a, b) => a - b)[steps.length >> 1] ?? 1;
}

function join(pictures: readonly Pixels[]): Uint8Array {
  const size = pictures[0]!.length;
  const out = new Uint8Array(size * pictures.length);
  pictures.forEach((picture, i) => out.set(picture, i * size));
  return out;
}
