import { createShotDetector } from '../../ingest/index.js';
import { denseFlow, resizeRgb, toLuma } from '../../vision/index.js';
import type { CutEstimator, EstimatorFrame, FlowEstimator } from '../abilities.js';
import type { TemporalOrderConfig } from './config.js';
import { meanDifference } from './motion.js';
import { findJumps } from './windows.js';

const detectorSize = { width: 64, height: 48 } as const;

/** The cuts that no window may hold: those that ingest finds, and in between the jumps that the miner finds itself. */
export const cutEstimator: CutEstimator<TemporalOrderConfig> = {
  kind: 'cuts',
  async run(frames, config) {
    const detector = createShotDetector();
    const jumps: number[] = [];
    let previous: Uint8Array | null = null;
    let count = 0;
    for await (const frame of frames) {
      detector.push({ ...detectorSize, data: resizeTo(frame, detectorSize, 3), pts: count });
      const luma = resizeTo(frame, flowSize(frame, config), 1);
      if (previous) jumps.push(meanDifference(previous, luma));
      previous = luma;
      count++;
    }
    const { cuts } = detector.finish();
    const starts = [0, ...cuts];
    const within = starts.flatMap((start, i) => {
      const end = starts[i + 1] ?? count; // the jump into the next shot belongs to neither
      return findJumps(Float64Array.from(jumps.slice(start, end - 1)), config).map((at) => start + at + 1);
    });
    return [...new Set([...cuts, ...within])].sort((a, b) => a - b);
  },
};

/** The flow behind the motion curve, measured at the curve's size and brought back to the frames'. */
export const flowEstimator: FlowEstimator<TemporalOrderConfig> = {
  kind: 'flow',
  async run([first, second], config) {
    const { width, height } = flowSize(first, config);
    const small = denseFlow(
      resizeTo(first, { width, height }, 1),
      resizeTo(second, { width, height }, 1),
      width,
      height,
    );
    return enlargeFlow(small, { width, height }, first);
  },
};

interface Size {
  readonly width: number;
  readonly height: number;
}

/** As the miner's view `flow` fits the picture into its size. */
function flowSize({ width, height }: Size, { flowWidth, flowHeight }: TemporalOrderConfig): Size {
  const scale = Math.min(flowWidth / width, flowHeight / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function resizeTo({ data, width, height, channels }: EstimatorFrame, size: Size, wanted: 1 | 3): Uint8Array {
  const scaled = resizeRgb(data, width, height, size.width, size.height, channels);
  if (channels === wanted) return scaled;
  return wanted === 1
    ? toLuma(scaled)
    : Uint8Array.from({ length: 3 * scaled.length }, (_, i) => scaled[Math.floor(i / 3)]!);
}

/** Linear interpolation between pixel centres; lengths grow with the picture. */
function enlargeFlow(flow: Float32Array, from: Size, to: Size): Float32Array {
  const out = new Float32Array(2 * to.width * to.height);
  const scale = [to.width / from.width, to.height / from.height] as const;
  const clamp = (value: number, last: number) => Math.min(Math.max(0, value), last);
  for (let y = 0; y < to.height; y++) {
    const v = clamp((y + 0.5) / scale[1] - 0.5, from.height - 1);
    const top = Math.floor(v);
    const bottom = Math.min(top + 1, from.height - 1);
    for (let x = 0; x < to.width; x++) {
      const u = clamp((x + 0.5) / scale[0] - 0.5, from.width - 1);
      const left = Math.floor(u);
      const right = Math.min(left + 1, from.width - 1);
      for (let c = 0; c < 2; c++) {
        const at = (row: number, column: number) => flow[2 * (row * from.width + column) + c]!;
        const above = at(top, left) + (at(top, right) - at(top, left)) * (u - left);
        const below = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * (u - left);
        out[2 * (y * to.width + x) + c] = (above + (below - above) * (v - top)) * scale[c]!;
      }
    }
  }
  return out;
}
