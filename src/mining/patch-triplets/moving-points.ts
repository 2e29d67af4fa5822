import type { Box, Frame, Random, RejectionCode } from '../../core/index.js';
import { applyHomography, estimateCameraMotion, trackPoints } from '../../vision/index.js';
import type { SceneArea } from './area.js';
import type { PatchTripletsConfig } from './config.js';

/** How the points of a frame move to the next. */
export interface PointMotion {
  readonly points: number;
  /** float32 [moving, 2]: points that move by themselves, in pixels of the frame, edges as boxes have them. */
  readonly moving: Float32Array;
  readonly movingFraction: number;
  /** Share of points in the border band that move; 0 where it holds too few, or where they move on less than three of its sides. */
  readonly borderFraction: number;
  readonly inlierFraction: number;
  /** Median of the moving points' own way, at the reference size and rate. */
  readonly medianResidual: number;
  readonly homography: Float64Array;
}

/** What lies between two frames. */
export interface Interval {
  readonly seconds: number;
  readonly area: SceneArea;
  readonly random: Random;
}

const referenceRate = 25; // frames per second for which speeds are stated
const leastInBorder = 10;

/**
 * Follows corners of a frame to the next, takes the motion of the camera off, and tells which move by themselves. Null where
 * the camera's motion cannot be told.
 */
export function measurePoints(
  previous: Frame,
  next: Frame,
  { seconds, area, random }: Interval,
  config: PatchTripletsConfig,
): PointMotion | null {
  const { unit } = area;
  const { width, height } = previous;
  const { from, to } = trackPoints(previous.data, next.data, width, height, {
    mostCorners: config.corners,
    quality: config.cornerQuality,
    minDistance: config.cornerDistance * unit,
    maxRoundTrip: config.roundTrip * unit,
    area: area.box,
  });
  const camera = estimateCameraMotion(from, to, {
    threshold: config.cameraThreshold * unit,
    leastPoints: config.leastPoints,
    leastInliers: config.leastInliers,
    random,
  });
  if (!camera) return null;
  const expected = applyHomography(camera.homography, from);
  const reference = 1 / (unit * referenceRate * seconds); // from pixels in this interval to the reference size and rate
  const moving: number[] = [];
  const residuals: number[] = [];
  const border = createBorder(area.box, config.borderShare);
  const points = from.length / 2;
  for (let i = 0; i < points; i++) {
    const dx = to[2 * i]! - expected[2 * i]!;
    const dy = to[2 * i + 1]! - expected[2 * i + 1]!;
    const speed = Math.sqrt(dx * dx + dy * dy) * reference;
    const moves = speed > config.movingSpeed;
    const [x, y] = [from[2 * i]! + 0.5, from[2 * i + 1]! + 0.5];
    if (moves) {
      moving.push(x, y);
      residuals.push(speed);
    }
    border.add(x, y, moves);
  }
  residuals.sort((a, b) => a - b);
  return {
    points,
    moving: Float32Array.from(moving),
    movingFraction: moving.length / 2 / points,
    borderFraction: border.fraction(),
    inlierFraction: camera.inlierFraction,
    medianResidual: residuals[(residuals.length - 1) >> 1] ?? 0,
    homography: camera.homography,
  };
}

/** Why a frame with such motion is no start of a track; null where it may be one. */
export function judgeMotion(motion: PointMotion | null, config: PatchTripletsConfig): RejectionCode | null {
  if (!motion) return 'no-camera-model';
  if (motion.movingFraction < config.fewMoving) return 'few-moving';
  if (motion.borderFraction > config.borderMoving) return 'background-moves';
  if (motion.movingFraction > config.manyMoving) return 'many-moving';
  return null;
}

/** Counts points in a band along the edges of an area. */
function createBorder(
  area: Box,
  share: number,
): { add(x: number, y: number, moves: boolean): void; fraction(): number } {
  const [bandX, bandY] = [area.width * share, area.height * share];
  let [points, moving] = [0, 0];
  const sides = [0, 0, 0, 0].map(() => ({ points: 0, moving: 0 }));
  return {
    add(x, y, moves) {
      const on = [
        x - area.x < bandX,
        y - area.y < bandY,
        area.x + area.width - x < bandX,
        area.y + area.height - y < bandY,
      ];
      if (!on.includes(true)) return;
      points++;
      if (moves) moving++;
      on.forEach((isOn, i) => {
        if (!isOn) return;
        sides[i]!.points++;
        if (moves) sides[i]!.moving++;
      });
    },
    fraction() {
      const restless = sides.filter((side) => side.moving > side.points / 2).length;
      return points < leastInBorder || restless < 3 ? 0 : moving / points;
    },
  };
}
