/** How far a flow is off, over the pixels whose truth is known. */
export interface FlowScore {
  /** Mean length of the difference, pixels. */
  readonly endPointError: number;
  /** Share of pixels that are off by more than 3 pixels and more than 5 % of their true length. */
  readonly badPixels: number;
  /** Pixels whose truth is known. */
  readonly pixels: number;
}

const badPx = 3;
const badShare = 0.05;

/**
 * Scores one flow; null where no pixel's truth is known. Where it gives none (NaN), it is taken as no motion.
 *
 * @param truth float32 [height, width, 2], NaN where unknown.
 * @param found float32 [height, width, 2], or null for no motion at all.
 *
 * Source: Menze and Geiger, "Object Scene Flow for Autonomous Vehicles", CVPR 2015, section 5, for the bad pixels.
 * @throws RangeError if the sizes differ.
 */
export function scoreFlow(truth: Float32Array, found: Float32Array | null): FlowScore | null {
  if (found && found.length !== truth.length) {
    throw new RangeError(`The flow must have ${truth.length / 2} pixels, got ${found.length / 2}.`);
  }
  let error = 0;
  let bad = 0;
  let pixels = 0;
  for (let i = 0; i < truth.length; i += 2) {
    const u = truth[i]!;
    const v = truth[i + 1]!;
    if (Number.isNaN(u) || Number.isNaN(v)) continue;
    const length = Math.hypot(u, v);
    const there = found && !Number.isNaN(found[i]!) && !Number.isNaN(found[i + 1]!);
    const off = there ? Math.hypot(found[i]! - u, found[i + 1]! - v) : length;
    error += off;
    if (off > badPx && off > badShare * length) bad++;
    pixels++;
  }
  return pixels === 0 ? null : { endPointError: error / pixels, badPixels: bad / pixels, pixels };
}
