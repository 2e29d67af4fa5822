import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, parseFlo, parseKittiFlow, toLuma, type FlowField } from '../../src/vision/index.js';

/** Mean distance of two flows, in pixels, where `mask` is not 0. */
export function endpointError(flow: Float32Array, truth: Float32Array, mask?: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < truth.length / 2; i++) {
    if (mask?.[i] === 0) continue;
    sum += Math.hypot(flow[2 * i]! - truth[2 * i]!, flow[2 * i + 1]! - truth[2 * i + 1]!);
    count++;
  }
  return sum / count;
}

/** A flow that says the same everywhere. */
export function constantFlow(pixels: number, u: number, v: number): Float32Array {
  return Float32Array.from({ length: 2 * pixels }, (_, i) => (i % 2 === 0 ? u : v));
}

/** 1 for the pixels at least `border` away from every side. */
export function inner(width: number, height: number, border: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return Number(x >= border && y >= border && x < width - border && y < height - border);
  });
}

/** Pairs of the shared data: their files below `flow/`. */
export const realPairs = {
  RubberWhale: [
    'middlebury_rubberwhale/frame10.png',
    'middlebury_rubberwhale/frame11.png',
    'middlebury_rubberwhale/flow10.flo',
  ],
  'KITTI 2015': ['kitti/frame1.png', 'kitti/frame2.png', 'kitti/flow_gt.png'],
} as const;

/** Luma of both pictures of a real pair, and its measured flow. */
export async function readRealPair(
  data: string,
  name: keyof typeof realPairs,
): Promise<{ readonly previous: Uint8Array; readonly next: Uint8Array; readonly truth: FlowField }> {
  const [first, second, flow] = realPairs[name].map((file) => readFileSync(join(data, 'flow', file)));
  const luma = async (bytes: Uint8Array) => {
    const picture = await decodeImage(bytes);
    return picture.channels === 3 ? toLuma(picture.data) : picture.data;
  };
  return {
    previous: await luma(first!),
    next: await luma(second!),
    truth: name === 'KITTI 2015' ? await parseKittiFlow(flow!) : parseFlo(flow!),
  };
}
