import type { Random } from '../core/index.js';
import { cosineOfTurns, sineOfTurns } from './sine.js';
import { bounce, pendulum, still, straight, withRest, type Coordinate } from './trajectories.js';

/** How a mover moves during one take. */
export interface MotionPlan {
  readonly x: Coordinate;
  readonly y: Coordinate;
  /** In turns. */
  readonly angle: Coordinate;
  /** Frames after which the pose comes back, where it swings. */
  readonly period?: number;
  /** True where it turns round at a wall, which is heard. */
  readonly bounces: boolean;
}

/** Motions that a class can stand for; of one frame, none looks different from another. */
export type MotionKind = 'slow-across' | 'fast-across' | 'up-down' | 'spin';

/** What a plan has to fit into. */
export interface Stage {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Share of takes in which the mover rests for a while. */
const restShare = 0.25;

/**
 * A motion of the given kind. Place and turn at any one frame are uniform over the same range whatever the kind, so only
 * several frames together tell kinds apart. Speeds are shares of the width per frame, low enough that most spans of 2.4 s
 * at 25 frames per second see no turn.
 */
export function planKind(kind: MotionKind, stage: Stage, random: Random): MotionPlan {
  const box = boxOf(stage);
  const [x, y, angle] = [uniform(random, box.x), uniform(random, box.y), random.float()];
  const sign = random.int(2) === 0 ? 1 : -1;
  const speed = sign * speeds[kind] * stage.width;
  const plan = {
    x: kind === 'slow-across' || kind === 'fast-across' ? bounce({ ...box.x, from: x, speed }) : still(x),
    y: kind === 'up-down' ? bounce({ ...box.y, from: y, speed }) : still(y),
    angle: kind === 'spin' ? straight(angle, sign * turnsPerFrame) : still(angle),
    bounces: kind !== 'spin',
  };
  return rested(plan, stage, random);
}

/** A motion of any kind, for classes that motion does not tell apart: mostly one way, some curved, some swinging. */
export function planAny(stage: Stage, random: Random): MotionPlan {
  const draw = random.float();
  if (draw < 0.16) return planSwing(stage, random);
  if (draw < 0.3) return planKind('spin', stage, random);
  return rested(planOneWay(stage, random, draw < 0.55), stage, random);
}

const speeds: Readonly<Record<MotionKind, number>> = {
  'slow-across': 1 / 640,
  'up-down': 1 / 320,
  'fast-across': 3 / 640,
  spin: 0,
};
const turnsPerFrame = 1 / 200;

function planOneWay(stage: Stage, random: Random, curved: boolean): MotionPlan {
  const box = boxOf(stage);
  const direction = random.float();
  const way = stage.width * (0.0025 + 0.0025 * random.float()) * stage.frames;
  const along = (component: number, { low, high }: Range): readonly [Coordinate, number] => {
    const length = Math.min(Math.abs(component) * way, high - low) * (component < 0 ? -1 : 1);
    const middle = low + Math.abs(length) / 2 + random.float() * (high - low - Math.abs(length));
    return [straight(middle - length / 2, length / stage.frames), length];
  };
  const [x, lengthX] = along(cosineOfTurns(direction), box.x);
  const [y, lengthY] = along(sineOfTurns(direction), box.y);
  const angle = still(random.float());
  if (!curved) return { x, y, angle, bounces: false };
  // The lesser coordinate swings slowly instead, and the path bends without turning back.
  const swing = ({ low, high }: Range) =>
    pendulum({
      center: (low + high) / 2,
      amplitude: (high - low) / 2,
      periodFrames: 4 * stage.frames,
      phase: random.float(),
    });
  return Math.abs(lengthX) > Math.abs(lengthY)
    ? { x, y: swing(box.y), angle, bounces: false }
    : { x: swing(box.x), y, angle, bounces: false };
}

function planSwing(stage: Stage, random: Random): MotionPlan {
  const { x: range, y: rangeY } = boxOf(stage);
  const period = 50 + random.int(71);
  const amplitude = ((high, low) => (high - low) * (0.2 + 0.2 * random.float()))(range.high, range.low);
  const center = range.low + amplitude + random.float() * (range.high - range.low - 2 * amplitude);
  const x = pendulum({ center, amplitude, periodFrames: period, phase: random.float() });
  return { x, y: still(uniform(random, rangeY)), angle: still(random.float()), period, bounces: false };
}

/** Now and then a rest, drawn without regard to where the mover is. A swing has none: it would lose its period. */
function rested(plan: MotionPlan, { frames }: Stage, random: Random): MotionPlan {
  if (random.float() >= restShare) return plan;
  const rest = {
    start: Math.floor(random.float() * 0.7 * frames),
    frames: Math.floor((0.2 + 0.15 * random.float()) * frames),
  };
  return { ...plan, x: withRest(plan.x, rest), y: withRest(plan.y, rest), angle: withRest(plan.angle, rest) };
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** Where centres may be: the whole picture but a margin, so that a mover is seen by more than half. */
function boxOf({ width, height }: Stage): { readonly x: Range; readonly y: Range } {
  return { x: { low: 0.08 * width, high: 0.92 * width }, y: { low: 0.1 * height, high: 0.9 * height } };
}

function uniform(random: Random, { low, high }: Range): number {
  return low + random.float() * (high - low);
}
