import { ptsToSeconds, type Shot } from '../../core/index.js';
import type { OpenVideo } from '../../ingest/index.js';
import { toLuma } from '../../vision/index.js';
import type { MineContext } from '../define-miner.js';
import type { AudioClustersConfig } from './config.js';
import type { PlannedFrame } from './plan.js';

/** A frame that was taken. */
export interface TakenPicture {
  readonly pts: number;
  /** Its number in the shot, from 0. */
  readonly frame: number;
  /** uint8 [height, width, 3]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * The planned frames that lie in a shot, in order of time. Refused are dark ones, those before which frames are missing, and those
 * around which the picture stands still.
 */
export async function takePictures(
  video: OpenVideo,
  shot: Shot,
  plan: readonly PlannedFrame[],
  config: AudioClustersConfig,
  { reject, signal }: Pick<MineContext<undefined>, 'reject' | 'signal'>,
): Promise<readonly TakenPicture[]> {
  const { timeBase } = video.source.video;
  const startSeconds = ptsToSeconds(shot.startPts, timeBase);
  const wanted = plan.filter(
    ({ fromSeconds }) => fromSeconds > startSeconds && fromSeconds <= ptsToSeconds(shot.endPts, timeBase),
  );
  const taken: TakenPicture[] = [];
  let [next, number] = [0, 0];
  if (wanted.length === 0) return [];
  for await (const { data, width, height, pts } of video.frames(shot, 'picture')) {
    if (signal.aborted) return [];
    const frame = number++;
    const seconds = ptsToSeconds(pts, timeBase);
    if (next >= wanted.length || seconds < wanted[next]!.fromSeconds) continue;
    const place = { startPts: pts, endPts: pts + 1 };
    if (seconds > wanted[next]!.untilSeconds) reject('uneven-rate', place);
    else if (meanOf(toLuma(data)) < config.darkLuma) reject('dark', place);
    else taken.push({ pts, frame, data, width, height });
    next++;
  }
  for (; next < wanted.length; next++) reject('uneven-rate', { startPts: shot.endPts - 1, endPts: shot.endPts });
  const looks = await lookOver(video, shot, signal);
  return taken.filter(({ pts }) => {
    const half = ((config.windowSeconds / 2) * timeBase[1]) / timeBase[0];
    const around = looks.filter((look) => Math.abs(look.pts - pts) <= half).map(({ difference }) => difference);
    if (around.length === 0 || meanOf(around) >= config.stillDifference) return true;
    reject('still-picture', { startPts: pts, endPts: pts + 1 });
    return false;
  });
}

/** How much the picture differs from the look before, time by time. */
async function lookOver(
  video: OpenVideo,
  shot: Shot,
  signal: AbortSignal,
): Promise<readonly { readonly pts: number; readonly difference: number }[]> {
  const looks: { readonly pts: number; readonly difference: number }[] = [];
  let before: Uint8Array | null = null;
  for await (const { data, pts } of video.frames(shot, 'look')) {
    if (signal.aborted) break;
    const last = before;
    if (last) looks.push({ pts, difference: meanOf(data.map((value, i) => Math.abs(value - last[i]!))) });
    before = data;
  }
  return looks;
}

function meanOf(values: Uint8Array | readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
