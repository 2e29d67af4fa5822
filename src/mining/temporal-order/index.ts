import { defineMiner, type MineContext } from '../define-miner.js';
import { shotBudget } from './budget.js';
import { compareFrames } from './checks.js';
import { temporalOrderConfig, type TemporalOrderConfig } from './config.js';
import { createFitShare, drawTimes, drawWeighted, matchFrames } from './draw.js';
import { cutEstimator, flowEstimator } from './estimate.js';
import { drawQuintuple } from './gallery.js';
import { measureMotion, type ShotMotion } from './motion.js';
import { candidateSpan, compareCandidates, toSample, type Candidate, type ChosenCandidate } from './record.js';
import { encodeWith, replay, temporalOrderViews } from './replay.js';
import { temporalOrderSample } from './sample.js';
import { findWindows, leastLength, planDistances, spanOf, windowSpan, type Distances } from './windows.js';

type Context = MineContext<undefined>;

/** Frames for temporal order verification; see README.md beside this file. */
export default defineMiner({
  name: 'temporal-order',
  version: 4,
  sample: temporalOrderSample,
  config: temporalOrderConfig,
  views: (config) => temporalOrderViews(config),
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
    const pictures = await replay({ video, shot, view: 'picture' }, chosen, motion, signal, encodeWith(config));
    if (cancelled()) return;
    for (const candidate of chosen) yield toSample(video.source, candidate, motion, pictures, { shot, config });
  },
  draw: drawQuintuple,
  estimate: [cutEstimator, flowEstimator],
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
  const fitShare = createFitShare(distances, config.exactGaps);
  const weights = windows.map((window) => window.motion * fitShare(window));
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
    else candidates.set(frames.join(), { frames, weight: weights[at]! / total });
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
