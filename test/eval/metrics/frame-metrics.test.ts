import { describe, expect, it } from 'vitest';
import { gradientDifference, meanSquaredError, psnrOfError, sharpness, ssim } from '../../../src/eval/index.js';
import { frameCases } from './frame-cases.js';

/** mse, PSNR, SSIM of three kinds, sharpness, gradient difference (sum) of exponents 1 and 2. */
const golden: Readonly<Record<string, readonly number[]>> = {
  waves: [0.0197413, 17.046243, 0.802983, 0.838649, 0.844257, 12.467935, 56.281063, 2.103843],
  plain: [0.01, 20, 0.983609, 0.983609, 0.983617, 100, 0, 0],
  inverse: [0.37498474, 4.259864, -0.989309, -0.989568, -0.961993, 100, 0, 0],
  shifted: [0.046875, 13.290587, 0.490047, 0.728093, 0.730235, 12.503296, 56, 56],
  black: [0.140625, 8.519375, 0.244982, 0.520791, 0.521541, 13.014822, 48, 48],
  blurred: [0.01171875, 19.311187, 0.752387, 0.86504, 0.869142, 15.513596, 28, 14],
};

describe('metrics of a frame', () => {
  it.each(Object.keys(golden))('equal values worked out elsewhere: %s', (name) => {
    const [truth, predicted] = frameCases[name]!;
    const error = meanSquaredError(truth, predicted);
    const measured = [
      error,
      psnrOfError(error),
      ssim(truth, predicted),
      ssim(truth, predicted, 'uniform7.L1'),
      ssim(truth, predicted, 'uniform7.L2'),
      sharpness(truth, predicted),
      gradientDifference(truth, predicted, 1) * 1024,
      gradientDifference(truth, predicted, 2) * 1024,
    ];
    measured.forEach((value, i) => expect(Math.abs(value - golden[name]![i]!), `value ${i}`).toBeLessThan(1.01e-6));
  });
});
