import { createRandom, type Random } from '../core/index.js';
import { planAny, planKind, type MotionKind, type MotionPlan } from './motion-plans.js';
import { renderMotionSound } from './motion-sound.js';
import { drawMover, maskOf, moverShapes, type Mover, type Pose } from './mover.js';
import { sineOfTurns } from './sine.js';
import type { SyntheticVideo } from './synthetic-video.js';
import { drawTexture } from './texture.js';

/** The classes in label order: the first four differ by colour alone, the last four by motion alone. */
export const motionSetClassNames = [
  'red',
  'green',
  'blue',
  'yellow',
  'slow-across',
  'fast-across',
  'up-down',
  'spin',
] as const;

/** What to make. The same options always give the same bytes. */
export interface MotionSetOptions {
  readonly seed: number;
  /** Groups of each class; each has backdrops of its own. */
  readonly groups?: number;
  /** Of these, the first so many are for testing. */
  readonly testGroups?: number;
  readonly clipsPerGroup?: number;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  /** Length of the first take. */
  readonly takeFrames?: number;
  /** Length of the second take, where there is one. */
  readonly secondTakeFrames?: number;
  /** One clip in so many has a cut to a second take; 0: none. */
  readonly cutEvery?: number;
  readonly sampleRateHz?: number;
}

/**
 * The generated motion set: a two-tone shape moves before a textured backdrop, 8 classes. Only colour tells the first
 * four apart, and only motion the others: a single frame of theirs has the same distribution in every class.
 *
 * @returns `8 × groups × clipsPerGroup` videos, by class, group and clip; nothing is drawn before it is asked for.
 */
export function createMotionSet(options: MotionSetOptions): readonly SyntheticVideo[] {
  const settings = checked(options);
  const { groups, clipsPerGroup, testGroups, cutEvery } = settings;
  const random = createRandom(settings.seed).fork('motion-set');
  const grain = drawGrain(random.fork('grain'), settings.width * 3);
  return motionSetClassNames.flatMap((className, label) =>
    Array.from({ length: groups * clipsPerGroup }, (_, n) => {
      const group = Math.floor(n / clipsPerGroup) + 1;
      const clip = (n % clipsPerGroup) + 1;
      const hasCut = cutEvery > 0 && (label + n) % cutEvery === 0;
      const groupName = `${className}_g${twoDigits(group)}`;
      const name = `${groupName}_c${twoDigits(clip)}`;
      const takes = (hasCut ? [settings.takeFrames, settings.secondTakeFrames] : [settings.takeFrames]).map(
        (frames, take) =>
          createTake(className, frames, settings, random.fork(name, take), random.fork('backdrop', groupName, take)),
      );
      const role = group <= testGroups ? 'test' : 'train';
      return createVideo({ name, className, label, group: groupName, role }, takes, settings, random.fork(name), grain);
    }),
  );
}

type Settings = Required<MotionSetOptions>;
type Identity = Pick<SyntheticVideo, 'name' | 'className' | 'label' | 'group' | 'role'>;

interface Take {
  readonly frames: number;
  readonly plan: MotionPlan;
  readonly mover: Mover;
  readonly backdrop: () => Uint8Array;
}

const colourClasses: Readonly<Record<string, Mover['colour']>> = {
  red: [225, 35, 35],
  green: [35, 200, 45],
  blue: [45, 70, 230],
  yellow: [230, 215, 30],
};
/** What the classes of motion draw their colour from. */
const otherColours: readonly Mover['colour'][] = [
  [225, 45, 215],
  [40, 220, 225],
  [235, 130, 30],
  [232, 232, 232],
];
const grainLevels = 4;
const grainSize = 65_536;

function createTake(className: string, frames: number, settings: Settings, random: Random, backdrop: Random): Take {
  const { width, height } = settings;
  const stage = { width, height, frames };
  const own = colourClasses[className];
  const colour = own ?? otherColours[random.int(otherColours.length)]!;
  let drawn: Uint8Array | null = null;
  return {
    frames,
    plan: own ? planAny(stage, random) : planKind(className as MotionKind, stage, random),
    mover: {
      shape: moverShapes[random.int(moverShapes.length)]!,
      radius: height * (0.18 + 0.06 * random.float()),
      colour: colour.map((level) => level + random.int(17) - 8) as [number, number, number],
    },
    backdrop: () => (drawn ??= drawTexture(width, height, backdrop)),
  };
}

function createVideo(
  identity: Identity,
  takes: readonly Take[],
  { width, height, fps, sampleRateHz }: Settings,
  random: Random,
  grain: Int8Array,
): SyntheticVideo {
  const starts = takes.map((_, n) => takes.slice(0, n).reduce((sum, take) => sum + take.frames, 0));
  const frameCount = takes.reduce((sum, take) => sum + take.frames, 0);
  const locate = (index: number): { readonly take: Take; readonly local: number; readonly pose: Pose } => {
    if (!Number.isInteger(index) || index < 0 || index >= frameCount) {
      throw new RangeError(`index must be from 0 to ${frameCount - 1}, got ${index}.`);
    }
    const n = starts.findLastIndex((start) => start <= index);
    const local = index - starts[n]!;
    return { take: takes[n]!, local, pose: poseAt(takes[n]!.plan, local) };
  };
  const period = takes[0]!.plan.period;
  return {
    ...identity,
    width,
    height,
    fps,
    frameCount,
    sampleRateHz,
    frame(index) {
      const { take, pose } = locate(index);
      const picture = take.backdrop().slice();
      drawMover(picture, width, height, take.mover, pose);
      addGrain(picture, width * 3, grain, random.fork('grain', index));
      return picture;
    },
    audio() {
      const speeds = takes.flatMap((take) =>
        Array.from({ length: take.frames }, (_, i) => speedAt(take, Math.min(i, take.frames - 2)) / width),
      );
      const turns = takes.flatMap((take, n) => wallHits(take).map((frame) => starts[n]! + frame));
      return renderMotionSound(speeds, [...starts.slice(1), ...turns], {
        fps,
        sampleRateHz,
        random: random.fork('sound'),
      });
    },
    truth: {
      cuts: starts.slice(1),
      motion(index) {
        const { take, local, pose } = locate(index);
        if (local === take.frames - 1) return 0;
        return meanDisplacement(maskOf(width, height, take.mover, pose), width, pose, poseAt(take.plan, local + 1));
      },
      mask(index) {
        const { take, pose } = locate(index);
        return maskOf(width, height, take.mover, pose);
      },
      position(index) {
        const { x, y } = locate(index).pose;
        return { x, y };
      },
      angle: (index) => locate(index).pose.angle,
      ...(period === undefined ? {} : { period }),
    },
  };
}

function poseAt({ x, y, angle }: MotionPlan, frame: number): Pose {
  return { x: x(frame), y: y(frame), angle: angle(frame) };
}

/** Pixels by which the mover's rim moves to the next frame: its centre's way and its turn, whichever there is. */
function speedAt({ plan, mover }: Take, frame: number): number {
  const [from, to] = [poseAt(plan, frame), poseAt(plan, frame + 1)];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  return Math.sqrt(dx * dx + dy * dy) + 2 * Math.PI * Math.abs(to.angle - from.angle) * mover.radius;
}

/** Frames at which a bouncing mover has just turned round. */
function wallHits({ plan, frames }: Take): readonly number[] {
  if (!plan.bounces) return [];
  const hits: number[] = [];
  for (let i = 2; i < frames; i++) {
    for (const at of [plan.x, plan.y]) if ((at(i - 1) - at(i - 2)) * (at(i) - at(i - 1)) < 0) hits.push(i);
  }
  return hits;
}

/** Each pixel of the mask moves as the rigid mover does; all others stay. */
function meanDisplacement(mask: Uint8Array, width: number, from: Pose, to: Pose): number {
  const half = sineOfTurns((to.angle - from.angle) / 2);
  const lessCosine = 2 * half * half; // 1 - cos, exactly 0 at rest
  const sine = sineOfTurns(to.angle - from.angle);
  let sum = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const [x, y] = [(i % width) - from.x, Math.floor(i / width) - from.y];
    const dx = to.x - from.x - lessCosine * x - sine * y;
    const dy = to.y - from.y + sine * x - lessCosine * y;
    sum += Math.sqrt(dx * dx + dy * dy);
  }
  return sum / mask.length;
}

/** Sensor noise of up to ±4 levels, triangular; rows of a frame start at places of their own. */
function drawGrain(random: Random, rowLength: number): Int8Array {
  const table = new Int8Array(grainSize + rowLength);
  for (let i = 0; i < grainSize; i++) {
    const bits = random.seed();
    table[i] = ((bits & 0xffff) % (grainLevels + 1)) - ((bits >>> 16) % (grainLevels + 1));
  }
  table.copyWithin(grainSize, 0, rowLength);
  return table;
}

function addGrain(picture: Uint8Array, rowLength: number, grain: Int8Array, random: Random): void {
  for (let row = 0; row < picture.length; row += rowLength) {
    const at = random.seed() % grainSize;
    for (let i = 0; i < rowLength; i++) picture[row + i]! += grain[at + i]!; // no value comes near 0 or 255
  }
}

function checked(options: MotionSetOptions): Settings {
  const settings: Settings = {
    groups: 10,
    testGroups: 4,
    clipsPerGroup: 1,
    width: 160,
    height: 120,
    fps: 25,
    takeFrames: 140,
    secondTakeFrames: 100,
    cutEvery: 4,
    sampleRateHz: 16_000,
    ...options,
  };
  const least = {
    groups: 1,
    testGroups: 0,
    clipsPerGroup: 1,
    width: 32,
    height: 24,
    fps: 1,
    cutEvery: 0,
    sampleRateHz: 1,
  };
  for (const [name, low] of Object.entries({ ...least, takeFrames: 2, secondTakeFrames: 2 })) {
    const value = settings[name as keyof Settings];
    if (!Number.isInteger(value) || value < low)
      throw new RangeError(`${name} must be an integer of at least ${low}, got ${value}.`);
  }
  if (settings.testGroups > settings.groups) {
    throw new RangeError(`testGroups must be at most groups (${settings.groups}), got ${settings.testGroups}.`);
  }
  return settings;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
