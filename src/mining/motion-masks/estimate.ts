import { createRandom } from '../../core/index.js';
import { resizeRgb } from '../../vision/index.js';
import type { EstimatorFrame, MaskEstimate, MaskEstimator } from '../abilities.js';
import type { MotionMasksConfig } from './config.js';
import { judgeFrame } from './judge.js';
import { atLeast, cutForeground, paintVotes, scaleMap } from './mask.js';
import { pairGaps } from './plan.js';
import { MotionScan } from './scan.js';
import { askWitness } from './witness.js';

/** Pictures without times are taken for film. */
const usualRate = 24;

/**
 * The mask of every `frameStep`-th frame, at the frame's own size, with nothing refused: what the miner would keep is marked. A sequence is
 * one shot, however long, and all of its frames vote.
 */
export const maskEstimator: MaskEstimator<MotionMasksConfig> = {
  kind: 'mask',
  async run(frames, config) {
    let scan: MotionScan<null> | null = null;
    const sizes: { readonly width: number; readonly height: number }[] = [];
    for await (const frame of frames) {
      scan ??= new MotionScan({
        config,
        gaps: pairGaps(usualRate),
        plan: (n) => (n % config.frameStep === 0 ? 0 : null),
        random: createRandom(1).fork('motion-masks'),
      });
      const { width, height } = workSize(frame, config);
      const rgb = resizeRgb(toRgb(frame), frame.width, frame.height, width, height);
      scan.add({ frame: sizes.length, rgb, width, height, tag: null });
      sizes.push({ width: frame.width, height: frame.height });
    }
    const out: (MaskEstimate | null)[] = sizes.map(() => null);
    for (const judged of scan?.end() ?? []) {
      const size = sizes[judged.frame]!;
      const votes = scaleMap(judged.votes, judged, size);
      const { mask } = cutForeground(votes, size, config);
      const agreement = askWitness(judged.rgb, judged.votes, judged, config);
      const unvoted = scaleMap(paintVotes(judged.saliency, judged.regions.labels), judged, size);
      out[judged.frame] = {
        mask,
        isKept: judgeFrame(judged, () => agreement, config) === null,
        confidence: agreement,
        rivals: { saliency: atLeast(unvoted, config.foreground) },
      };
    }
    return out;
  },
};

function workSize(
  { width, height }: EstimatorFrame,
  { workSide }: MotionMasksConfig,
): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, workSide / Math.max(width, height));
  return { width: Math.max(16, Math.round(width * scale)), height: Math.max(16, Math.round(height * scale)) };
}

function toRgb({ data, channels }: EstimatorFrame): Uint8Array {
  if (channels === 3) return data;
  return Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)]!);
}
