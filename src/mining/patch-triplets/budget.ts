import { ptsToSeconds, sha256, type Random, type Shot, type VideoSource } from '../../core/index.js';
import type { PatchTripletsConfig } from './config.js';

/** Where in a shot tracks may start, and how many pairs it may give. */
export interface ShotPlan {
  readonly pairs: number;
  /** Ticks, rising: a track may start from each of these on, before the next. */
  readonly windows: readonly { readonly startPts: number; readonly endPts: number }[];
}

/**
 * The plan of a shot; null where it is too short for a track. Its share of the video's budget goes by length, remainders to the
 * largest and of equals to the lower hash, so it depends on the manifest alone. The shot is cut into windows as long as a
 * track, from a random phase on; of more than `tracksPerPair` for each pair a random choice is looked through.
 */
export function planShot(
  source: VideoSource,
  shot: Shot,
  config: PatchTripletsConfig,
  random: Random,
): ShotPlan | null {
  const { timeBase } = source.video;
  const pairs = shareOf(source, shot, config);
  if (pairs === null) return null;
  const ticks = (seconds: number): number => (seconds * timeBase[1]) / timeBase[0];
  const length = ticks(config.trackSeconds);
  const latest = shot.endPts - length; // a track that starts later would not end
  const spare = Math.max(0, latest - shot.startPts) % length;
  const step = ticks(1 / config.startsPerSecond);
  const first = shot.startPts + step * random.fork('phase').int(Math.floor(spare / step) + 1);
  const count = Math.ceil((latest - first) / length);
  const all = Array.from({ length: count }, (_, i) => {
    const startPts = first + i * length;
    return { startPts, endPts: Math.min(startPts + length, latest) };
  });
  const looked = Math.max(1, pairs * config.tracksPerPair);
  if (all.length <= looked) return { pairs, windows: all };
  const chosen = random.fork('windows').shuffle(all).slice(0, looked);
  return { pairs, windows: chosen.sort((a, b) => a.startPts - b.startPts) };
}

function shareOf(source: VideoSource, shot: Shot, config: PatchTripletsConfig): number | null {
  const { timeBase, averageRate } = source.video;
  const eligible = source.shots
    .map(({ index, startPts, endPts }) => ({ index, seconds: ptsToSeconds(endPts - startPts, timeBase) }))
    .filter(({ seconds }) => seconds >= config.trackSeconds + 1 / averageRate);
  const total = eligible.reduce((sum, { seconds }) => sum + seconds, 0);
  const shares = eligible.map(({ index, seconds }) => {
    const exact = (config.pairsPerVideo * seconds) / total;
    const whole = Math.floor(exact);
    return { index, whole, rest: exact - whole, hash: sha256(`${source.id}/${index}`) };
  });
  const spare = config.pairsPerVideo - shares.reduce((sum, { whole }) => sum + whole, 0);
  const inLine = [...shares].sort((a, b) => b.rest - a.rest || (a.hash < b.hash ? -1 : 1));
  const place = inLine.findIndex(({ index }) => index === shot.index);
  return place < 0 ? null : inLine[place]!.whole + (place < spare ? 1 : 0);
}
