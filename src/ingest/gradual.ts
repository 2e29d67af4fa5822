import { resembles, type PictureSize } from './likeness.js';
import type { PictureRing } from './picture-ring.js';

/** One take becoming another over several frames. */
export interface Transition {
  readonly kind: 'dissolve' | 'fade';
  /** First frame in which the next take, or black, shows through. */
  readonly startPts: number;
  /** First frame of the next take alone. */
  readonly endPts: number;
}

/** Looks for gradual transitions while pictures are pushed into a ring. */
export interface GradualFinder {
  /** Takes note of the ring's latest picture. */
  push(pts: number): void;
  /**
   * Transitions in the order of time.
   *
   * @param cuts presentation times of hard cuts: what has one is none.
   */
  finish(cuts: readonly number[]): readonly Transition[];
}

/** How gradual transitions are told from motion. */
export interface GradualConfig {
  /** Least root mean squared luma difference of the pictures before and after, 0–255. */
  readonly minApart: number;
  /** Largest part of a picture in between that is no mixture of the two. */
  readonly maxRest: number;
  /** Pictures whose structure correlates more under some shift are one take. */
  readonly similarity: number;
}

/** Half lengths, in frames, of the stretches that are tried. */
const halves = [5, 10, 20, 32] as const;
/** Pictures that the ring must keep: a stretch, and candidates about its middle. */
export const ringSlots = 160;
/** A picture in the middle of a transition lies between these shares. */
const [low, high] = [0.33, 0.67];
/** Pictures within that may be something else: a flash. */
const mostStrays = 2;
/** More of the way from one frame to the next is a cut, and so is a shorter transition, in frames. */
const [steepest, shortest] = [0.5, 3];
/** Candidates so many frames apart are of one transition; and a run is judged after so many at most. */
const [gap, longestRun] = [3, 80];
/** Flatter pictures are black, or another plain colour, in levels. */
const flat = 5;
/** A dark stretch between a fade out and a fade in is at most so many frames long. */
const longestDark = 75;
/** How far one picture is moved over another to see whether the camera only moved, as a share of the width. */
const reach = 0.3;
/** Where it hardly moved, less likeness will do: a title that appears, a hand-held camera. */
const nearlyAtRest = { similarity: 0.5, reach: 0.05 };

interface Candidate {
  readonly middle: number;
  readonly half: number;
  readonly score: number;
}

interface Found {
  readonly start: number;
  readonly end: number;
  /** Whether the take before, or after, is a plain picture. */
  readonly flatBefore: boolean;
  readonly flatAfter: boolean;
}

/**
 * Finds dissolves and fades: stretches whose pictures are mixtures of the one at their beginning and the one at their end, which
 * show different scenes. Motion makes no mixtures: a picture half-way through a pan has little in common with either end.
 */
export function createGradualFinder(ring: PictureRing, size: PictureSize, config: GradualConfig): GradualFinder {
  const times: number[] = [];
  const found: Found[] = [];
  let run: Candidate[] = [];
  const judgeRun = (): void => {
    const best = run.reduce((a, b) => (b.score > a.score ? b : a));
    run = [];
    const it = measure(ring, size, config, best);
    if (!it) return;
    const last = found.at(-1);
    if (last && it.start < last.end) {
      if (it.end - it.start > last.end - last.start) found[found.length - 1] = it;
    } else found.push(it);
  };
  return {
    push(pts) {
      times.push(pts);
      const middle = ring.count - 1 - halves.at(-1)!;
      const candidate = middle < 0 ? null : bestAt(ring, config, middle);
      if (candidate) run.push(candidate);
      const [first, last] = [run[0], run.at(-1)];
      if (first && last && (middle - last.middle > gap || middle - first.middle >= longestRun)) judgeRun();
    },
    finish(cuts) {
      for (let middle = Math.max(0, ring.count - halves.at(-1)!); middle < ring.count; middle++) {
        const candidate = bestAt(ring, config, middle);
        if (candidate) run.push(candidate);
        if (run.length > 0 && middle - run.at(-1)!.middle > gap) judgeRun();
      }
      if (run.length > 0) judgeRun();
      return unite(found, times, cuts);
    },
  };
}

/** The stretch about a picture of which it is the best mixture; null if there is none. */
function bestAt(ring: PictureRing, { minApart, maxRest }: GradualConfig, middle: number): Candidate | null {
  let best: Candidate | null = null;
  for (const half of halves) {
    const [first, last] = [middle - half, middle + half];
    if (first < 0 || last >= ring.count || ring.count - first > ringSlots) break;
    const { apart, share, rest } = ring.mixture(first, middle, last);
    if (apart < minApart || share < low || share > high || rest > maxRest) continue;
    const score = apart * (1 - rest / maxRest) * (1 - Math.abs(share - 0.5));
    if (!best || score > best.score) best = { middle, half, score };
  }
  return best;
}

/** Where a transition begins and ends; null if the pictures there show one scene, or those between are no mixtures. */
function measure(
  ring: PictureRing,
  size: PictureSize,
  { maxRest, similarity }: GradualConfig,
  { middle, half }: Candidate,
): Found | null {
  const [first, last] = [middle - half, middle + half];
  if (ring.count - first > ringSlots) return null;
  const shares: number[] = [0];
  let strays = 0;
  for (let i = first + 1; i < last; i++) {
    const { share, rest } = ring.mixture(first, i, last);
    if (rest > 1.5 * maxRest || share < shares.at(-1)! - 0.15) {
      if (++strays > mostStrays) return null; // not the same way all along
      shares.push(shares.at(-1)!);
    } else shares.push(share);
  }
  shares.push(1);
  if (shares.some((share, i) => share - (shares[i - 1] ?? 0) > steepest)) return null; // a cut
  // From where a quarter and three quarters of the way are done: near the ends, motion hides how far it is.
  const quarter = first + shares.findIndex((share) => share >= 0.25);
  const threeQuarters = first + shares.findIndex((share) => share >= 0.75);
  const beyond = Math.round((threeQuarters - quarter) / 2);
  const [start, end] = [Math.max(first, quarter - beyond), Math.min(last, threeQuarters + beyond)];
  if (end - start < shortest) return null;
  const [flatBefore, flatAfter] = [ring.contrast(first) < flat, ring.contrast(last) < flat];
  if (flatBefore && flatAfter) return null;
  if (!flatBefore && !flatAfter) {
    const [a, b] = [ring.luma(first), ring.luma(last)];
    if (resembles(a, b, size, { similarity, reach }) || resembles(a, b, size, nearlyAtRest)) return null;
  }
  return { start, end, flatBefore, flatAfter };
}

/** Fades out and in become one transition; those at the beginning and the end of the video are none. */
function unite(found: readonly Found[], times: readonly number[], cuts: readonly number[]): readonly Transition[] {
  const out: Transition[] = [];
  const timeOf = (frame: number) => times[Math.min(frame, times.length - 1)]!;
  for (let i = 0; i < found.length; i++) {
    const { start, end, flatBefore, flatAfter } = found[i]!;
    const next = found[i + 1];
    const span = { startPts: timeOf(start), endPts: timeOf(end) };
    // The dark may lie next to a cut instead of another fade: then the cut is the boundary.
    const beside = (from: number, to: number) =>
      cuts.some((cut) => cut >= timeOf(Math.max(0, from)) && cut <= timeOf(to));
    if (beside(start - 2, end + 2)) continue;
    if (flatAfter) {
      if (next?.flatBefore && next.start - end <= longestDark && !beside(end, next.start)) {
        out.push({ kind: 'fade', startPts: span.startPts, endPts: timeOf(next.end) });
        i++;
      } else if (end < times.length - longestDark && !beside(end, end + longestDark))
        out.push({ kind: 'fade', ...span });
    } else if (flatBefore) {
      if (start > longestDark && !beside(start - longestDark, start)) out.push({ kind: 'fade', ...span });
    } else out.push({ kind: 'dissolve', ...span });
  }
  return out;
}
