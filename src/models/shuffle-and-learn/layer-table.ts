import { convolutionLayer, denseLayer, plainLayer, type LayerSummary } from '../../engine/index.js';
import { caffenetSides } from '../layers/caffenet.js';
import type { ShuffleAndLearnConfig } from './config.js';

/**
 * Every layer on one tuple, in the order in which they run: output shapes begin with its three frames where each is seen alone.
 * Batch normalisation is counted as two operations a number, pooling as one for each number it looks at, and a normalisation
 * over five channels as fifteen.
 */
export function summarizeLayers(config: ShuffleAndLearnConfig): readonly LayerSummary[] {
  const { channels, conv1Kernel, fc6, fc7, join } = config;
  const [c1, c2, c3, c4, c5] = channels as [number, number, number, number, number];
  const [conv1, pool1, pool2, pool5] = caffenetSides(config);
  const frames = (side: number, features: number) => [3, side, side, features];
  const relu = (name: string, output: readonly number[], isNormalised: boolean) =>
    plainLayer(name, isNormalised ? 'batch normalisation, relu' : 'relu', output, isNormalised ? 3 : 1);
  const pool = (name: string, side: number, features: number) =>
    plainLayer(name, 'max-pooling', frames(side, features), 9);
  const seesAlone = join === 'fc8';
  return [
    convolutionLayer('conv1', frames(conv1, c1), { inputs: 3, size: conv1Kernel }),
    relu('relu1', frames(conv1, c1), false),
    pool('pool1', pool1, c1),
    plainLayer('norm1', 'local response normalisation', frames(pool1, c1), 15),
    convolutionLayer('conv2', frames(pool1, c2), { inputs: c1, size: 5, groups: 2 }),
    relu('relu2', frames(pool1, c2), false),
    pool('pool2', pool2, c2),
    plainLayer('norm2', 'local response normalisation', frames(pool2, c2), 15),
    convolutionLayer('conv3', frames(pool2, c3), { inputs: c2, size: 3 }),
    relu('relu3', frames(pool2, c3), true),
    convolutionLayer('conv4', frames(pool2, c4), { inputs: c3, size: 3, groups: 2 }),
    relu('relu4', frames(pool2, c4), true),
    convolutionLayer('conv5', frames(pool2, c5), { inputs: c4, size: 3, groups: 2 }),
    relu('relu5', frames(pool2, c5), true),
    pool('pool5', pool5, c5),
    denseLayer('fc6', [3, fc6], { inputs: pool5 * pool5 * c5 }),
    relu('relu6', [3, fc6], true),
    ...(join === 'differences' ? [plainLayer('distances', 'absolute differences', [3 * fc6], 2)] : []),
    denseLayer('fc7', seesAlone ? [3, fc7] : [fc7], { inputs: seesAlone ? fc6 : 3 * fc6 }),
    relu('relu7', seesAlone ? [3, fc7] : [fc7], true),
    denseLayer('fc8', [2], { inputs: seesAlone ? 3 * fc7 : fc7 }),
  ];
}
