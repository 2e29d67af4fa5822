import type { Box, Frame, RejectionCode } from '../../core/index.js';
import { createTracker, type Tracker, type TrackerFrame } from '../../vision/index.js';
import { insideShare, type SceneArea } from './area.js';
import type { PatchTripletsConfig } from './config.js';
import type { PointMotion } from './moving-points.js';

/** A thing that is being followed, and what is known of it so far. */
export interface Track {
  readonly motion: PointMotion;
  /** Moving points in the first box. */
  readonly movingInBox: number;
  /** Texture of the first box. */
  readonly texture: number;
  /** The frame in which it starts, in colour. */
  readonly colour: Frame;
  /** Number of that frame among those mined. */
  readonly start: number;
  readonly boxes: Box[];
  readonly pts: number[];
  readonly peaks: number[];
  readonly psrs: number[];
  readonly tracker: Tracker;
}

/** A frame of one channel, as trackers take it. */
export function toTrackerFrame({ data, width, height }: Frame): TrackerFrame {
  return { data, width, height, channels: 1 };
}

/** A tracker as the miner sets it. */
export function createMinerTracker(config: PatchTripletsConfig): Tracker {
  return createTracker({
    template: config.template,
    padding: config.padding,
    scale: config.scaleSearch,
    minPeakToSidelobe: config.leastPsr,
    minPeak: config.leastPeak,
  });
}

/** Goes one frame further; why the track ends here, or null. */
export function followTrack(track: Track, luma: Frame, area: SceneArea): RejectionCode | null {
  const { box, peak, peakToSidelobe, isLost, hasLeftFrame } = track.tracker.update(toTrackerFrame(luma));
  if (hasLeftFrame) return 'left-frame';
  if (isLost) return 'lost';
  track.boxes.push(box);
  track.pts.push(luma.pts);
  track.peaks.push(peak);
  track.psrs.push(peakToSidelobe);
  return insideShare(box, area.box) > 0 ? null : 'left-frame';
}

/** Why a track that has come to its end gives no pair; null where it may. */
export function judgeTrack({ boxes }: Track, area: SceneArea, config: PatchTripletsConfig): RejectionCode | null {
  const first = boxes[0]!;
  const last = boxes[boxes.length - 1]!;
  if (insideShare(last, area.box) < config.leastInside) return 'left-frame';
  const change = (last.width * last.height) / (first.width * first.height);
  return change > config.areaChange || change < 1 / config.areaChange ? 'scale-jump' : null;
}

/**
 * Where a box goes from frame to frame, with nothing decided around the tracker; null where it is lost.
 *
 * @param first the box in the first frame.
 */
export async function trackBox(
  frames: AsyncIterable<TrackerFrame>,
  first: Box,
  tracker: Tracker,
): Promise<readonly (Box | null)[]> {
  const boxes: (Box | null)[] = [];
  try {
    for await (const frame of frames) {
      if (boxes.length === 0) {
        tracker.start(frame, first);
        boxes.push(first);
      } else {
        const { box, isLost } = tracker.update(frame);
        boxes.push(isLost ? null : box);
      }
    }
  } finally {
    tracker.dispose();
  }
  return boxes;
}
