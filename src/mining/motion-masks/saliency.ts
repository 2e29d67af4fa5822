import type { PairMotion } from './camera.js';

/** A comparison and its distance in frames; negative: with an earlier frame. */
export interface GapMotion {
  readonly gap: number;
  readonly motion: PairMotion;
}

/** How salient every place is by its motion. */
export interface Saliency {
  /** float32 [height, width], 0–1. */
  readonly saliency: Float32Array;
  /** Median, 90th and 97th percentile of the residual, pixels per frame. */
  readonly residual: readonly [number, number, number];
}

/** Least spread of the residual, pixels per frame: what is taken as the full range of saliency where hardly anything moves. */
const leastRange = 0.25;

/**
 * How fast every place moves beside the camera: the mean over earlier frames and the mean over later ones, and of the two the smaller.
 * Background that a moving thing covers moves in one of them alone.
 *
 * @returns float32 [height, width], pixels per frame; 0 where the camera sees neither side.
 */
export function residualSpeed(pairs: readonly GapMotion[], pixels: number): Float32Array {
  const sides = [pairs.filter(({ gap }) => gap < 0), pairs.filter(({ gap }) => gap > 0)].map((side) => {
    const sum = new Float32Array(pixels);
    const count = new Uint8Array(pixels);
    for (const { gap, motion } of side) addSpeeds(sum, count, motion, 1 / Math.abs(gap));
    for (let i = 0; i < pixels; i++) sum[i] = count[i]! > 0 ? sum[i]! / count[i]! : -1;
    return sum;
  });
  const [past, future] = sides as [Float32Array, Float32Array];
  for (let i = 0; i < pixels; i++) {
    const a = past[i]!;
    const b = future[i]!;
    past[i] = a < 0 ? Math.max(0, b) : b < 0 ? a : Math.min(a, b);
  }
  return past;
}

function addSpeeds(sum: Float32Array, count: Uint8Array, { residual, valid }: PairMotion, scale: number): void {
  for (let i = 0; i < sum.length; i++) {
    if (valid[i] === 0) continue;
    const u = residual[2 * i]!;
    const v = residual[2 * i + 1]!;
    sum[i]! += scale * Math.sqrt(u * u + v * v);
    count[i]!++;
  }
}

/** Saliency of the speeds: 0 at their median, 1 at the 97th percentile; 0 in a band of `border` × height at all sides. */
export function findSaliency(speed: Float32Array, width: number, height: number, border: number): Saliency {
  const at = quantiles(speed);
  const residual = [at(0.5), at(0.9), at(0.97)] as const;
  const scale = 1 / Math.max(leastRange, residual[2] - residual[0]);
  const saliency = new Float32Array(speed.length);
  const band = Math.round(border * height);
  for (let y = band; y < height - band; y++) {
    for (let x = band; x < width - band; x++) {
      const i = y * width + x;
      saliency[i] = Math.min(1, Math.max(0, (speed[i]! - residual[0]) * scale));
    }
  }
  return { saliency, residual };
}

/** Exact quantiles of numbers from 0 on: their bits sort as they do, so that two counts of 16 bits find a place without sorting. */
export function quantiles(values: Float32Array): (share: number) => number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const high = new Uint32Array(65_536);
  for (let i = 0; i < bits.length; i++) high[bits[i]! >>> 16]!++;
  return (share) => {
    let rank = Math.min(values.length - 1, Math.floor(share * values.length));
    let top = 0;
    while (rank >= high[top]!) rank -= high[top++]!;
    const low = new Uint32Array(65_536);
    for (let i = 0; i < bits.length; i++) if (bits[i]! >>> 16 === top) low[bits[i]! & 0xffff]!++;
    let bottom = 0;
    while (rank >= low[bottom]!) rank -= low[bottom++]!;
    return new Float32Array(Uint32Array.of(top * 65_536 + bottom).buffer)[0]!;
  };
}
