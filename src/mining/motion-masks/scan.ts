import type { Random } from '../../core/index.js';
import { toLuma } from '../../vision/index.js';
import { chainCamera, comparePair, findCamera, type CameraStep, type WorkPicture } from './camera.js';
import type { MotionMasksConfig } from './config.js';
import { linkRegions, vote } from './consensus.js';
import { cutForeground, paintVotes, type Foreground } from './mask.js';
import { OverlayWatch } from './overlays.js';
import { describeRegions, regionMeans, type FrameRegions } from './regions.js';
import { findSaliency, residualSpeed, type GapMotion } from './saliency.js';
import { gridVelocity, measureStability, type MovingMask, type Velocity } from './stability.js';

/** A frame as it is scanned. */
export interface ScannedFrame<T> {
  /** Number in the video, or in the sequence. */
  readonly frame: number;
  /** uint8 [height, width, 3] at work size. */
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** The caller's own. */
  readonly tag: T;
}

/** A frame with its motion measured: what it needs to vote. */
interface MeasuredFrame<T> extends ScannedFrame<T> {
  readonly stretch: number;
  readonly regions: FrameRegions;
  readonly saliency: Float32Array;
  readonly residual: readonly [number, number, number];
  readonly pairs: readonly { readonly gap: number; readonly inliers: number; readonly homography: Float64Array }[];
  readonly velocity: Velocity;
}

/** A frame with its mask. */
export interface JudgedFrame<T> extends MeasuredFrame<T> {
  /** Greatest saliency of a region before the vote. */
  readonly mostSaliency: number;
  /** float32 [height, width] at work size, 0–1. */
  readonly votes: Float32Array;
  /** At work size. */
  readonly foreground: Foreground;
  readonly stability: number;
}

/** What a scan is told. */
export interface ScanOptions {
  readonly config: MotionMasksConfig;
  /** Distances in frames, from `pairGaps`. */
  readonly gaps: readonly number[];
  /** Which frames get masks, from `planFrames`. */
  readonly plan: (n: number) => number | null;
  readonly random: Random;
}

interface HeldFrame<T> extends ScannedFrame<T>, WorkPicture {
  /** Number among the frames that differ from the one before. */
  readonly n: number;
  /** The camera's motion to here from the frame before; found when it is needed. */
  camera: CameraStep | null;
}

/** Mean difference of luma up to which a frame repeats the one before. */
const sameDifference = 0.05;
/** Least share of a frame that the other of a pair must show. */
const leastShared = 0.5;

/** Goes through the frames of a shot, holding only as many as motion is measured over, and in the end lets their regions vote. */
export class MotionScan<T> {
  readonly #options: ScanOptions;
  readonly #reach: number;
  readonly #held: HeldFrame<T>[] = [];
  readonly #measured: MeasuredFrame<T>[] = [];
  #overlays: OverlayWatch | null = null;
  #count = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#reach = Math.max(...options.gaps);
  }

  /** Frames taken, repeats not counted. */
  get count(): number {
    return this.#count;
  }

  /** Takes the next frame; one that repeats the one before is passed over: between the two nothing moves. */
  add(frame: ScannedFrame<T>): void {
    const luma = toLuma(frame.rgb);
    const before = this.#held.at(-1);
    if (before && meanDifference(before.luma, luma) <= sameDifference) return;
    this.#held.push({ ...frame, luma, n: this.#count++, camera: null });
    if (this.#held.length > 2 * this.#reach + 1) this.#held.shift();
    this.#measure(this.#count - 1 - this.#reach);
  }

  /** Ends the shot: all planned frames with their masks, in order of time. */
  end(): readonly JudgedFrame<T>[] {
    for (let n = Math.max(0, this.#count - this.#reach); n < this.#count; n++) this.#measure(n);
    const overlay = this.#overlays?.find() ?? null;
    const stretches = [...new Set(this.#measured.map(({ stretch }) => stretch))];
    return stretches.flatMap((stretch) =>
      this.#judge(
        this.#measured.filter((frame) => frame.stretch === stretch),
        overlay,
      ),
    );
  }

  #measure(n: number): void {
    const { config, gaps, plan } = this.#options;
    const stretch = n < 0 ? null : plan(n);
    const own = stretch === null ? undefined : this.#held.find((held) => held.n === n);
    if (stretch === null || !own) return;
    const { width, height } = own;
    const pairs = gaps.flatMap((gap): GapMotion[] => {
      const other = this.#held.find((held) => held.n === n + gap);
      if (!other) return [];
      return [{ gap: other.frame - own.frame, motion: comparePair(own, other, this.#cameraBetween(n, n + gap)) }];
    });
    if (pairs.length === 0) return;
    const speed = residualSpeed(trusted(pairs), width * height);
    const { saliency, residual } = findSaliency(speed, width, height, config.border);
    const regions = describeRegions(own.rgb, width, height, config);
    this.#overlays ??= new OverlayWatch(width, height);
    this.#overlays.add(own.luma, cameraSpeed(pairs[0]!, width, height));
    const { frame, rgb, tag } = own;
    this.#measured.push({
      frame,
      rgb,
      width,
      height,
      tag,
      stretch,
      regions,
      residual,
      saliency: regionMeans(saliency, regions),
      pairs: pairs.map(({ gap, motion: { inliers, homography } }) => ({ gap, inliers, homography })),
      velocity: gridVelocity(pairs, width, height),
    });
  }

  /** The camera's motion from one held frame to another, step by step. */
  #cameraBetween(from: number, to: number): CameraStep {
    const { config, random } = this.#options;
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    const steps = this.#held
      .filter(({ n }) => n > low && n <= high)
      .map((held) => {
        const before = this.#held.find(({ n }) => n === held.n - 1)!;
        return (held.camera ??= findCamera(before, held, config, random.fork('camera', held.n)));
      });
    return chainCamera(steps, to < from);
  }

  #judge(frames: readonly MeasuredFrame<T>[], overlay: Uint8Array | null): readonly JudgedFrame<T>[] {
    const { config } = this.#options;
    const voters = frames.map(({ regions, saliency }) => ({
      descriptors: regions.descriptors,
      saliency: overlay ? withoutOverlay(saliency, regions, overlay) : saliency,
    }));
    const votes = vote(voters, linkRegions(voters, config), config);
    const masked = frames.map((frame, i) => {
      const map = paintVotes(votes[i]!, frame.regions.labels);
      return { ...frame, votes: map, foreground: cutForeground(map, frame, config) };
    });
    const moving = masked.map(({ frame, foreground: { mask }, width, height, velocity }): MovingMask => ({
      frame,
      mask,
      width,
      height,
      velocity,
    }));
    return masked.map((frame, i) => ({
      ...frame,
      mostSaliency: voters[i]!.saliency.reduce((a, b) => Math.max(a, b), 0),
      stability: measureStability(
        moving[i]!,
        [moving[i - 1], moving[i + 1]].filter((other) => other !== undefined),
      ),
    }));
  }
}

/** Comparisons under a camera that is known and leaves most of the picture in view; all of them where there are none. */
function trusted(pairs: readonly GapMotion[]): readonly GapMotion[] {
  const seen = pairs.filter(({ motion: { inliers, valid } }) => !Number.isNaN(inliers) && share(valid) >= leastShared);
  return seen.length > 0 ? seen : pairs;
}

function share(mask: Uint8Array): number {
  let sum = 0;
  for (const value of mask) sum += value;
  return sum / mask.length;
}

function withoutOverlay(saliency: Float32Array, regions: FrameRegions, overlay: Uint8Array): Float32Array {
  const covered = regionMeans(Float32Array.from(overlay), regions);
  return saliency.map((value, n) => (covered[n]! > 0.5 ? 0 : value));
}

/** Pixels per frame by which the camera moves the middle of the picture. */
function cameraSpeed({ gap, motion: { homography: h } }: GapMotion, width: number, height: number): number {
  const [x, y] = [width / 2, height / 2];
  const w = h[6]! * x + h[7]! * y + h[8]!;
  const dx = (h[0]! * x + h[1]! * y + h[2]!) / w - x;
  const dy = (h[3]! * x + h[4]! * y + h[5]!) / w - y;
  return Math.sqrt(dx * dx + dy * dy) / Math.abs(gap);
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
