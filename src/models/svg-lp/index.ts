import { clipSample } from '../../mining/clips/sample.js';
import { definePretextTask } from '../define-pretext-task.js';
import { svgLpConfig, svgLpPresets } from './config.js';
import { createSvgLpTrainer } from './trainer.js';

const bestOf100 = 'best of 100 of each video, mean over 256 test videos';

/**
 * Learns to predict frames of a video, several futures of each: SVG-LP, SVG-FP with `prior=fixed`, and their deterministic rival
 * with `prior=none`.
 *
 * Source: Denton and Fergus, "Stochastic Video Generation with a Learned Prior", ICML 2018.
 * Differs: see README.md beside this file.
 */
export default definePretextTask({
  name: 'svg-lp',
  version: 1,
  signal: 'clips',
  sample: clipSample,
  config: svgLpConfig,
  presets: svgLpPresets,
  prepare: 'models/svg-lp/prepare',
  createTrainer: createSvgLpTrainer,
  learningRate: ({ learningRate }) => learningRate,
  figures: [
    { name: 'sm-mnist 5 → 20 SSIM', value: 0.709, unit: bestOf100, source: 'Franceschi et al., ICML 2020' },
    { name: 'sm-mnist 5 → 20 PSNR', value: 14.5, unit: `dB, ${bestOf100}`, source: 'Franceschi et al., ICML 2020' },
    { name: 'kth 10 → 30 SSIM', value: 0.8438, unit: bestOf100, source: 'Franceschi et al., ICML 2020' },
    { name: 'kth 10 → 30 PSNR', value: 28.06, unit: `dB, ${bestOf100}`, source: 'Franceschi et al., ICML 2020' },
    { name: 'bair 2 → 28 SSIM', value: 0.8058, unit: bestOf100, source: 'Franceschi et al., ICML 2020' },
    { name: 'bair 2 → 28 PSNR', value: 18.95, unit: `dB, ${bestOf100}`, source: 'Franceschi et al., ICML 2020' },
  ],
});
