import { matchStereo, toLuma } from '../../vision/index.js';
import type { DisparityEstimator, EstimatorFrame } from '../abilities.js';
import type { StereoPairsConfig } from './config.js';

/** The matcher by itself, at the pictures' own size and over a range that no film has: what the miner refuses is not refused here. */
export const disparityEstimator: DisparityEstimator<StereoPairsConfig> = {
  kind: 'disparity',
  run: ([left, right], { estimateNear, estimateFar }) => {
    const { width, height } = left;
    const range = [-Math.round(estimateFar * width), Math.round(estimateNear * width)] as const;
    return Promise.resolve(matchStereo(lumaOf(left), lumaOf(right), width, height, { range }));
  },
};

function lumaOf({ data, channels }: EstimatorFrame): Uint8Array {
  return channels === 3 ? toLuma(data) : data;
}
