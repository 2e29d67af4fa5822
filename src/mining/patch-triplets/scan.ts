import {
  ptsToSeconds,
  type Box,
  type Frame,
  type Random,
  type RejectionCode,
  type Shot,
  type TimeSpan,
  type VideoSource,
} from '../../core/index.js';
import type { Tracker } from '../../vision/index.js';
import { sceneArea, type SceneArea } from './area.js';
import { findBestBox } from './best-box.js';
import type { ShotPlan } from './budget.js';
import type { PatchTripletsConfig } from './config.js';
import { createFrameWatch, type Succession } from './frame-watch.js';
import { judgeMotion, measurePoints } from './moving-points.js';
import { makePair, type Pair } from './pair.js';
import { measureTexture, texturesOver, textureOf } from './texture.js';
import { createMinerTracker, followTrack, judgeTrack, toTrackerFrame, type Track } from './track.js';

/** What a scan is told. */
export interface ScanOptions {
  readonly source: VideoSource;
  readonly shot: Shot;
  readonly plan: ShotPlan;
  readonly config: PatchTripletsConfig;
  readonly random: Random;
  /** Boxes in display pixels of the source. */
  readonly reject: (code: RejectionCode, span: TimeSpan, box?: Box) => void;
}

/** A frame at which a track may start, until the next frame tells what moves. */
interface Start {
  readonly luma: Frame;
  readonly colour: Frame;
  readonly index: number;
  /** Frames after it that show the same picture once more. */
  readonly repeats: Frame[];
}

const mostRepeats = 3;

/**
 * Goes through the frames of a shot once: at a frame that may be a start it looks what moves by itself; if something does, it is
 * followed to the end of its track, and the search goes on there. One track lives at a time.
 */
export class ShotScan {
  readonly #options: ScanOptions;
  readonly #watch: (luma: Uint8Array, width: number) => Succession;
  readonly #tracker: Tracker;
  readonly #pairs: Pair[] = [];
  readonly #textures: number[] = [];
  readonly #framesBefore: number;
  #area: SceneArea | null = null;
  #start: Start | null = null;
  #track: Track | null = null;
  #frames = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#watch = createFrameWatch(options.config);
    this.#tracker = createMinerTracker(options.config);
    const { video } = options.source;
    const before = ptsToSeconds(options.shot.startPts - video.startPts, video.timeBase);
    this.#framesBefore = Math.round(before * video.averageRate);
  }

  /**
   * Takes the next frame.
   *
   * @param colour the same frame in RGB, where a track may start or end.
   */
  async add(luma: Frame, colour: Frame | null): Promise<void> {
    const { source, shot } = this.#options;
    this.#area ??= sceneArea(source, shot, luma);
    const index = this.#frames++;
    const succession = this.#watch(luma.data, luma.width);
    if (succession === 'cut') this.#giveUp('cut', luma.pts);
    if (this.#start && succession === 'same' && this.#start.repeats.length < mostRepeats) {
      this.#start.repeats.push(luma);
      return;
    }
    if (this.#start) this.#begin(this.#start, luma);
    else if (this.#track) this.#follow(luma);
    if (this.#track && colour && this.#isLong(this.#track, luma.pts)) await this.#finish(this.#track, colour);
    if (!this.#track && colour && this.#isOpen(luma.pts)) this.#start = { luma, colour, index, repeats: [] };
  }

  /** True once no further frame can give anything. */
  isDone(pts: number): boolean {
    const { windows } = this.#options.plan;
    return !this.#track && !this.#start && pts >= (windows[windows.length - 1]?.endPts ?? 0);
  }

  /** The pairs of the shot, in order of time. What depends on the whole shot is decided here. */
  end(): readonly Pair[] {
    const { plan, config, random } = this.#options;
    if (this.#track) this.#giveUp('too-short', this.#track.pts[this.#track.pts.length - 1]!);
    const sorted = [...this.#textures].sort((a, b) => a - b);
    const floor = sorted[Math.floor(((sorted.length - 1) * config.texturePercentile) / 100)] ?? 0;
    const textured = this.#pairs.filter((pair) => {
      if (pair.texture >= floor) return true;
      this.#reject('low-texture', pair.sample.span, pair.box);
      return false;
    });
    const ranked = textured
      .map((pair) => ({ pair, rank: random.fork('pair', pair.sample.span.startPts).float() }))
      .sort((a, b) => a.rank - b.rank);
    for (const { pair } of ranked.slice(plan.pairs)) this.#reject('budget', pair.sample.span, pair.box);
    const kept = new Set(ranked.slice(0, plan.pairs).map(({ pair }) => pair));
    return textured.filter((pair) => kept.has(pair));
  }

  /** Lets the tracker's memory go. */
  dispose(): void {
    this.#tracker.dispose();
  }

  /** Looks what moves from a start to the next frame, and begins to follow it. */
  #begin({ luma, colour, index, repeats }: Start, next: Frame): void {
    const { config, random, source } = this.#options;
    const area = this.#area!;
    this.#start = null;
    const side = Math.round(config.boxSize * area.unit);
    const map = measureTexture(luma.data, luma.width, luma.height);
    this.#textures.push(...texturesOver(map, side, area.box));
    const seconds = ptsToSeconds(next.pts - luma.pts, source.video.timeBase);
    const span = { startPts: luma.pts, endPts: next.pts };
    const motion = measurePoints(luma, next, { seconds, area, random: random.fork('camera', luma.pts) }, config);
    const code = judgeMotion(motion, config);
    if (code || !motion) {
      this.#reject(code ?? 'no-camera-model', span);
      return;
    }
    const best = findBestBox(motion.moving, side, area.box);
    const least = Math.max(config.leastInBox, (config.leastShareInBox * motion.moving.length) / 2);
    if (!best || best.points < least) {
      this.#reject('no-compact-motion', span, best?.box);
      return;
    }
    this.#tracker.start(toTrackerFrame(luma), best.box);
    this.#track = {
      motion,
      movingInBox: best.points,
      texture: textureOf(map, best.box),
      colour,
      start: index,
      boxes: [best.box],
      pts: [luma.pts],
      peaks: [],
      psrs: [],
      tracker: this.#tracker,
    };
    for (const frame of [...repeats, next]) this.#follow(frame);
  }

  #follow(luma: Frame): void {
    const code = this.#track && followTrack(this.#track, luma, this.#area!);
    if (code) this.#giveUp(code, luma.pts);
  }

  async #finish(track: Track, colour: Frame): Promise<void> {
    const { source, config } = this.#options;
    const area = this.#area!;
    const code = judgeTrack(track, area, config);
    if (code) {
      this.#giveUp(code, colour.pts);
      return;
    }
    this.#track = null;
    const made = await makePair(track, colour, { source, area, framesBefore: this.#framesBefore }, config);
    if (typeof made !== 'string') this.#pairs.push(made);
    else this.#reject(made, { startPts: track.pts[0]!, endPts: colour.pts }, track.boxes[0]);
  }

  /** Ends the track or the start in hand for a reason. */
  #giveUp(code: RejectionCode, endPts: number): void {
    const startPts = this.#track?.pts[0] ?? this.#start?.luma.pts;
    if (startPts !== undefined) this.#reject(code, { startPts, endPts }, this.#track?.boxes[0]);
    this.#track = null;
    this.#start = null;
  }

  #reject(code: RejectionCode, span: TimeSpan, box?: Box): void {
    const { reject } = this.#options;
    if (!box) {
      reject(code, span);
      return;
    }
    const [sx, sy] = this.#area!.toDisplay;
    reject(code, span, { x: box.x * sx, y: box.y * sy, width: box.width * sx, height: box.height * sy });
  }

  #isLong({ pts }: Track, at: number): boolean {
    const { source, config } = this.#options;
    const seconds = ptsToSeconds(at - pts[0]!, source.video.timeBase);
    return seconds >= config.trackSeconds - 0.5 / config.startsPerSecond;
  }

  #isOpen(pts: number): boolean {
    return this.#options.plan.windows.some(({ startPts, endPts }) => pts >= startPts && pts < endPts);
  }
}
