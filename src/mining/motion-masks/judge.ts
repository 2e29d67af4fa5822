import type { RejectionCode } from '../../core/index.js';
import type { MotionMasksConfig } from './config.js';
import type { JudgedFrame } from './scan.js';

/**
 * Why a frame gives no sample; null where it may.
 *
 * @param agreement asked last, and only of frames that pass all else: it takes as long as all the rest.
 */
export function judgeFrame(
  { pairs, residual, mostSaliency, foreground, stability }: Omit<JudgedFrame<unknown>, 'tag'>,
  agreement: () => number,
  config: MotionMasksConfig,
): RejectionCode | null {
  if (!pairs.some(({ inliers }) => inliers >= config.leastInliers)) return 'no-camera-model';
  if (residual[2] < config.leastResidual || mostSaliency < config.leastSaliency) return 'no-motion';
  const { area, borderShare, components } = foreground;
  if (area < config.leastArea || area > config.mostArea) return 'area';
  if (borderShare > config.mostBorder) return 'border';
  if (components > config.mostParts) return 'fragments';
  if (stability < config.leastStability) return 'unstable';
  return agreement() < config.leastAgreement ? 'disagreement' : null;
}
