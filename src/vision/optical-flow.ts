import { withMats } from './opencv.js';

/** Farneback's settings, in OpenCV's terms. */
export interface FlowOptions {
  readonly pyramidScale?: number;
  readonly levels?: number;
  readonly windowSize?: number;
  readonly iterations?: number;
  readonly polynomialSize?: number;
  readonly polynomialSigma?: number;
}

/**
 * Where every pixel of one picture is found in the next.
 *
 * @param previous uint8 [height, width], luma; `next` likewise.
 * @returns float32 [height, width, 2]: pixels to the right and down.
 *
 * Source: Farneback, "Two-Frame Motion Estimation Based on Polynomial Expansion", SCIA 2003, as in OpenCV 4.3.
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
  return withMats((hold, cv) => {
    const a = hold(new cv.Mat(height, width, cv.CV_8UC1));
    const b = hold(new cv.Mat(height, width, cv.CV_8UC1));
    const flow = hold(new cv.Mat());
    a.data.set(previous);
    b.data.set(next);
    cv.calcOpticalFlowFarneback(
      a,
      b,
      flow,
      pyramidScale,
      levels,
      windowSize,
      iterations,
      polynomialSize,
      polynomialSigma,
      0,
    );
    return flow.data32F.slice();
  });
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
