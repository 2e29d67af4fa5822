import { withMats, type FlowOptions } from '../../src/vision/index.js';

/** Farneback's flow by OpenCV's WebAssembly build. */
export function opencvFlow(
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
  return withMats((hold, cv) => {
    const [a, b] = [hold(new cv.Mat(height, width, cv.CV_8UC1)), hold(new cv.Mat(height, width, cv.CV_8UC1))];
    const flow = hold(new cv.Mat());
    a.data.set(previous);
    b.data.set(next);
    cv.calcOpticalFlowFarneback(
      ...([a, b, flow, pyramidScale, levels, windowSize, iterations, polynomialSize, polynomialSigma, 0] as const),
    );
    return flow.data32F.slice();
  });
}
