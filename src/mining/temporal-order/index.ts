import type { EncodedImage, Shot } from '../../core/index.js';
import type { OpenVideo } from '../../ingest/index.js';
import { encodeImage } from '../../vision/index.js';
import { defineMiner, type MineContext } from '../define-miner.js';
import { shotBudget } from './budget.js';
import { compareFrames, thumbnailSize } from './checks.js';
import { temporalOrderConfig, type TemporalOrderConfig } from './config.js';
import { drawTimes, drawWeighted, matchFrames } from './draw.js';
import { drawQuintuple } from './gallery.js';
import { measureMotion, type ShotMotion } from './motion.js';
import { candidateSpan, compareCandidates, toSample, type Candidate, type ChosenCandidate } from './record.js';
import { temporalOrderSample } from './sample.js';
import { findWindows, leastLength, planDistances, spanOf, windowSpan, type Distances } from './windows.js';

type Context = MineContext<undefined>;

/** Frames for temporal order verification; see README.md beside this file. */
export default defineMiner({
  name: 'temporal-order',
  version: 1,
  sample: temporalOrderSample,
  config: temporalOrderConfig,
  views: ({ flowWidth, flowHeight, imageWidth, imageHeight }) => ({
    flow: { width: flowWidth, height: flowHeight, fit: 'contain', fps: null, channels: 1 },
    thumbnail: { width: thumbnailSize, height: thumbnailSize, fit: 'stretch', fps: null, channels: 3 },
    picture: { width: imageWidth, height: imageHeight, fit: 'stretch', fps: null, channels: 3 },
  }),
  async *mineShot(video, shot, config, context) {
    const { timeBase } = video.source.video;
    const { signal } = context;
    const cancelled = (): boolean => signal.aborted;
    const motion = await measureMotion(video.frames(shot, 'flow'), timeBase, config, signal);
    if (motion.frames === 0 || cancelled()) return;
    const distances = planDistances(Math.floor(motion.times[motion.frames - 1]! + 1e-6), config);
    if (!distances) {
      context.reject('too-short', spanOf(motion, 0, motion.frames - 1));
      return;
    }
    const budget = shotBudget(video.source, shot, config);
    const candidates = drawCandidates(motion, distances, budget, config, context);
    const thumbnails = await replay({ video, shot, view: 'thumbnail' }, candidates, motion, signal, (rgb) => rgb);
    if (cancelled()) return;
    const chosen = chooseCandidates(candidates, thumbnails, budget, motion, config, context);
    const encode = (rgb: Uint8Array, width: number, height: number): Promise<EncodedImage> =>
      encodeImage(rgb, width, height, 3, { format: 'jpeg', quality: config.jpegQuality });
    const pictures = await replay({ video, shot, view: 'picture' }, chosen, motion, signal, encode);
    if (cancelled()) return;
    for (const candidate of chosen) yield toSample(video.source, candidate, motion, pictures, { shot, config });
  },
  draw: drawQuintuple,
});

/** Quintuples in the order in which their windows were drawn, so many that some may be refused. */
function drawCandidates(
  motion: ShotMotion,
  distances: Distances,
  budget: number,
  config: TemporalOrderConfig,
  { random, reject }: Context,
): readonly Candidate[] {
  const windows = findWindows(motion, distances, config, reject);
  const weights = windows.map((window) => window.motion);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = drawWeighted(weights, budget * config.drawsPerQuintuple, random.fork('windows'));
  const least = leastLength(distances, config.exactGaps);
  const candidates = new Map<string, Candidate>();
  for (const at of drawn) {
    const window = windows[at]!;
    const wanted = drawTimes(window, distances, config.exactGaps, random.fork('quintuple', window.start));
    const frames = matchFrames(motion.times, wanted);
    if (!frames) reject('duplicate-frame', windowSpan(motion, window, least));
    else if (candidates.has(frames.join())) reject('budget', candidateSpan(motion, frames));
    else candidates.set(frames.join(), { frames, weight: window.motion / total });
  }
  const seen = new Set(drawn);
  windows.forEach((window, i) => {
    if (!seen.has(i)) reject('budget', windowSpan(motion, window, least));
  });
  return [...candidates.values()];
}

/** The first candidates, in drawing order, that pass all checks; given in order of time. */
function chooseCandidates(
  candidates: readonly Candidate[],
  thumbnails: ReadonlyMap<number, Uint8Array>,
  budget: number,
  motion: ShotMotion,
  config: TemporalOrderConfig,
  { reject }: Context,
): readonly ChosenCandidate[] {
  const chosen: ChosenCandidate[] = [];
  for (const candidate of candidates) {
    const span = candidateSpan(motion, candidate.frames);
    if (chosen.length >= budget) {
      reject('budget', span);
      continue;
    }
    const { refused, ...likeness } = compareFrames(
      candidate.frames.map((frame) => thumbnails.get(frame) ?? null),
      config,
    );
    if (refused) reject(refused, span);
    else chosen.push({ ...candidate, ...likeness });
  }
  return chosen.sort(compareCandidates);
}

/** Replays a view and keeps what `keep` makes of the frames that some candidate holds. */
async function replay<T>(
  { video, shot, view }: { readonly video: OpenVideo; readonly shot: Shot; readonly view: string },
  candidates: readonly Candidate[],
  motion: ShotMotion,
  signal: AbortSignal,
  keep: (picture: Uint8Array, width: number, height: number) => T | Promise<T>,
): Promise<ReadonlyMap<number, T>> {
  const kept = new Map<number, T>();
  const wanted = new Set(candidates.flatMap(({ frames }) => frames.filter((frame) => frame >= 0)));
  if (wanted.size === 0) return kept;
  let at = 0;
  for await (const { data, width, height, pts } of video.frames(shot, view)) {
    if (signal.aborted) break;
    if (pts !== motion.pts[at])
      throw new Error(`View ${view} shows ${pts} where the flow view showed ${String(motion.pts[at])}.`);
    if (wanted.has(at)) kept.set(at, await keep(data, width, height));
    if (kept.size === wanted.size) break;
    at++;
  }
  return kept;
}
