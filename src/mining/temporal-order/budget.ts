import { sha256, ptsToSeconds, type Shot, type VideoSource } from '../../core/index.js';
import type { TemporalOrderConfig } from './config.js';
import { planDistances } from './windows.js';

/**
 * How many samples one shot may give, so that its video gives at most `quintuplesPerVideo`: shares by duration among
 * the shots that are long enough, remainders to the largest, and of equals to the lower hash. It depends on the manifest
 * alone, so a shot's share is the same whatever else is mined.
 */
export function shotBudget(source: VideoSource, shot: Shot, config: TemporalOrderConfig): number {
  const { timeBase, averageRate } = source.video;
  const eligible = source.shots
    .map(({ index, startPts, endPts }) => ({ index, seconds: ptsToSeconds(endPts - startPts, timeBase) }))
    .filter(({ seconds }) => {
      const length = (seconds - 1 / averageRate) * config.tauRate; // from the first frame to the start of the last
      return planDistances(Math.floor(length + 1e-6), config) !== null;
    });
  const total = eligible.reduce((sum, { seconds }) => sum + seconds, 0);
  const shares = eligible.map(({ index, seconds }) => {
    const exact = (config.quintuplesPerVideo * seconds) / total;
    const whole = Math.floor(exact);
    return { index, whole, rest: exact - whole, hash: sha256(`${source.id}/${index}`) };
  });
  const spare = config.quintuplesPerVideo - shares.reduce((sum, { whole }) => sum + whole, 0);
  const inLine = [...shares].sort((a, b) => b.rest - a.rest || (a.hash < b.hash ? -1 : 1));
  const place = inLine.findIndex(({ index }) => index === shot.index);
  return place < 0 ? 0 : inLine[place]!.whole + (place < spare ? 1 : 0);
}
