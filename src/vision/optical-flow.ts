import { createFarnebackFlow, type FarnebackOptions, type FlowOfSize } from './farneback.js';

/** Farneback's settings, in OpenCV's terms; `windowSize` up to 127 and `polynomialSize` up to 16. */
export type FlowOptions = Partial<FarnebackOptions>;

const keptSizes = 4;
const prepared = new Map<string, FlowOfSize>();

/**
 * Where every pixel of one picture is found in the next, by Farneback's method: what OpenCV gives, to about 1e-4 of a pixel
 * where it is well determined (from 10 pixels a side), and the same bytes everywhere.
 *
 * @param previous uint8 [height, width], luma; `next` likewise. At least 8 pixels on each side.
 * @returns float32 [height, width, 2]: pixels to the right and down.
 * @throws RangeError if a picture is not of this size, or an option is out of range.
 *
 * Source: Farneback, "Two-Frame Motion Estimation Based on Polynomial Expansion", SCIA 2003; in its details as OpenCV 4 and 5 do it.
 */
export function denseFlow(
  previous: Uint8Array,
  next: Uint8Array,
  width: number,
  height: number,
  {
    pyramidScale = 0.5,
    levels = 3,
    windowSize = 15,
    iterations = 3,
    polynomialSize = 5,
    polynomialSigma = 1.2,
  }: FlowOptions = {},
): Float32Array {
  for (const picture of [previous, next]) {
    if (picture.length !== width * height) {
      throw new RangeError(
        `A picture of ${width}×${height} has ${width * height} bytes of luma, got ${picture.length}.`,
      );
    }
  }
  const options = { pyramidScale, levels, windowSize, iterations, polynomialSize, polynomialSigma };
  checkOptions({ width, height, ...options });
  const key = JSON.stringify([width, height, options]);
  let flow = prepared.get(key);
  if (!flow) {
    flow = createFarnebackFlow(width, height, options);
    if (prepared.size >= keptSizes) prepared.clear();
    prepared.set(key, flow);
  }
  return flow(previous, next);
}

const ranges = {
  width: [8, 16384],
  height: [8, 16384],
  levels: [0, 20],
  windowSize: [1, 127],
  iterations: [1, 100],
  polynomialSize: [1, 16],
} as const;

function checkOptions(options: Readonly<Record<keyof typeof ranges, number>> & FarnebackOptions): void {
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`${name} must be a whole number from ${least} to ${most}, got ${value}.`);
    }
  }
  const { pyramidScale, polynomialSigma } = options;
  if (!(pyramidScale > 0 && pyramidScale < 1)) {
    throw new RangeError(`pyramidScale must be between 0 and 1, got ${pyramidScale}.`);
  }
  if (!(polynomialSigma > 0.1)) throw new RangeError(`polynomialSigma must be over 0.1, got ${polynomialSigma}.`);
}

/**
 * Mean length of the flow vectors, in pixels.
 *
 * @param flow float32 [pixels, 2].
 * @param subtractMedian takes off the median of each component first: what a moving camera adds.
 */
export function meanMagnitude(flow: Float32Array, { subtractMedian = false } = {}): number {
  if (flow.length === 0 || flow.length % 2 !== 0)
    throw new RangeError(`flow must hold pairs, got ${flow.length} values.`);
  const [u, v] = subtractMedian ? medianFlow(flow) : [0, 0];
  let sum = 0;
  for (let i = 0; i < flow.length; i += 2) {
    const x = flow[i]! - u;
    const y = flow[i + 1]! - v;
    sum += Math.sqrt(x * x + y * y);
  }
  return sum / (flow.length / 2);
}

/** Median of each component of a flow; the lower middle where the count is even. */
export function medianFlow(flow: Float32Array): readonly [u: number, v: number] {
  const middle = (component: 0 | 1): number => {
    const values = new Float32Array(flow.length / 2);
    for (let i = 0; i < values.length; i++) values[i] = flow[2 * i + component]!;
    return values.sort()[(values.length - 1) >> 1]!;
  };
  return [middle(0), middle(1)];
}
