import type { Metric } from '../../core/index.js';
import {
  channelPsnr,
  gradientDifference,
  mathieuPsnr,
  meanAbsoluteError,
  meanSquaredError,
  movingError,
  movingSsim,
  psnrOfError,
  sharpness,
  ssim,
  type FramePixels,
  type MovingArea,
} from '../metrics/index.js';

/** One way to measure one predicted frame. */
export interface FrameMetric extends Pick<Metric, 'name' | 'unit' | 'direction'> {
  readonly variant: string;
  /** Whether it looks at the moving area alone. */
  readonly needsMotion?: true;
  /** Null where the frame has nothing to measure. `moving` is there where `needsMotion` is set. */
  measure(truth: FramePixels, predicted: FramePixels, moving: MovingArea): number | null;
}

const error = (squared: boolean) => (squared ? meanSquaredError : meanAbsoluteError);

const definitions = {
  'mse.mean': { unit: 'level²', direction: 'lower', measure: error(true) },
  'mae.mean': { unit: 'level', direction: 'lower', measure: error(false) },
  'mse.sum': {
    unit: 'level² a frame',
    direction: 'lower',
    measure: (truth, predicted) => meanSquaredError(truth, predicted) * truth.data.length,
  },
  'mae.sum': {
    unit: 'level a frame',
    direction: 'lower',
    measure: (truth, predicted) => meanAbsoluteError(truth, predicted) * truth.data.length,
  },
  'psnr.frame': {
    unit: 'dB',
    direction: 'higher',
    measure: (truth, predicted) => psnrOfError(meanSquaredError(truth, predicted)),
  },
  'psnr.channel': { unit: 'dB', direction: 'higher', measure: channelPsnr },
  'psnr.mathieu': { unit: 'dB', direction: 'higher', measure: mathieuPsnr },
  'ssim.gauss11': { unit: '', direction: 'higher', measure: (a, b) => ssim(a, b, 'gauss11') },
  'ssim.uniform7.L1': { unit: '', direction: 'higher', measure: (a, b) => ssim(a, b, 'uniform7.L1') },
  'ssim.uniform7.L2': { unit: '', direction: 'higher', measure: (a, b) => ssim(a, b, 'uniform7.L2') },
  'ssim.mathieu': { unit: '', direction: 'higher', measure: (a, b) => ssim(a, b, 'mathieu') },
  'sharpness.paper': { unit: 'dB', direction: 'higher', measure: (a, b) => sharpness(a, b, 'paper') },
  'sharpness.mathieuCode': { unit: 'dB', direction: 'higher', measure: (a, b) => sharpness(a, b, 'mathieuCode') },
  'sharpness.tf': { unit: 'dB', direction: 'higher', measure: (a, b) => sharpness(a, b, 'tf') },
  'gradientDifference.1': { unit: 'level', direction: 'lower', measure: (a, b) => gradientDifference(a, b, 1) },
  'gradientDifference.2': { unit: 'level²', direction: 'lower', measure: (a, b) => gradientDifference(a, b, 2) },
  'mse.moving': { unit: 'level²', direction: 'lower', needsMotion: true, measure: movingError },
  'psnr.moving': {
    unit: 'dB',
    direction: 'higher',
    needsMotion: true,
    measure(truth, predicted, moving) {
      const inside = movingError(truth, predicted, moving);
      return inside === null ? null : psnrOfError(inside);
    },
  },
  'ssim.moving': { unit: '', direction: 'higher', needsMotion: true, measure: movingSsim },
} as const satisfies Readonly<Record<string, Omit<FrameMetric, 'name' | 'variant'>>>;

/** Name and variant of a frame metric. */
export type FrameMetricName = keyof typeof definitions;

/** All of them. */
export const frameMetricNames = Object.keys(definitions) as [FrameMetricName, ...FrameMetricName[]];

/** A metric by `name.variant`. */
export function frameMetric(fullName: FrameMetricName): FrameMetric {
  const dot = fullName.indexOf('.');
  return { name: fullName.slice(0, dot), variant: fullName.slice(dot + 1), ...definitions[fullName] };
}
