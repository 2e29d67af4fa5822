import { ConfigError } from '../../core/index.js';
import { convolutionLayer, plainLayer, type LayerSummary } from '../../engine/index.js';

/** What decides the sizes inside a CaffeNet trunk. */
export interface CaffenetGeometry {
  /** Side of the square pictures, pixels. */
  readonly imageSize: number;
  readonly conv1Kernel: number;
  readonly conv1Stride: number;
}

/** Side of the square that a layer without padding gives. */
export function convolvedSide(
  side: number,
  { kernel, stride }: { readonly kernel: number; readonly stride: number },
): number {
  return Math.floor((side - kernel) / stride) + 1;
}

/** Side of the square that Caffe's 3/2 pooling gives: it rounds up, where TensorFlow's `valid` rounds down. */
export function pooledSide(side: number): number {
  return Math.ceil((side - 3) / 2) + 1;
}

/**
 * Sides after conv1, pool1, pool2 and pool5: 55, 27, 13 and 6 for pictures of 227.
 *
 * @throws ConfigError where nothing is left after three poolings.
 */
export function caffenetSides({
  imageSize,
  conv1Kernel,
  conv1Stride,
}: CaffenetGeometry): readonly [conv1: number, pool1: number, pool2: number, pool5: number] {
  const conv1 = convolvedSide(imageSize, { kernel: conv1Kernel, stride: conv1Stride });
  const pool1 = pooledSide(conv1);
  const pool2 = pooledSide(pool1);
  const pool5 = pooledSide(pool2);
  if (pool5 < 1)
    throw new ConfigError(
      `imageSize ${imageSize} is too small for conv1Kernel ${conv1Kernel} and conv1Stride ${conv1Stride}: nothing is left after three poolings.`,
    );
  return [conv1, pool1, pool2, pool5];
}

/**
 * The layers of AlexNet up to its last pooling, in the order in which they run. The response normalisation counts its squares, window sums and
 * power: 2 · 5 + 3 for each number.
 *
 * @param geometry with `channels`, the features of the five convolutions.
 */
export function summariseConvolutions(
  geometry: CaffenetGeometry & { readonly channels: readonly number[] },
): readonly LayerSummary[] {
  const { channels, conv1Kernel, imageSize } = geometry;
  const [c1, c2, c3, c4, c5] = channels as [number, number, number, number, number];
  const [conv1, pool1, pool2, pool5] = caffenetSides(geometry);
  const square = (side: number, features: number) => [side, side, features];
  const pool = (name: string, side: number, features: number) => plainLayer(name, 'pooling', square(side, features), 8);
  const norm = (name: string, side: number, features: number) =>
    plainLayer(name, 'response normalisation', square(side, features), 13);
  return [
    plainLayer('data', 'input', square(imageSize, 3), 2),
    convolutionLayer('conv1', square(conv1, c1), { inputs: 3, size: conv1Kernel }),
    pool('pool1', pool1, c1),
    norm('norm1', pool1, c1),
    convolutionLayer('conv2', square(pool1, c2), { inputs: c1, size: 5, groups: 2 }),
    pool('pool2', pool2, c2),
    norm('norm2', pool2, c2),
    convolutionLayer('conv3', square(pool2, c3), { inputs: c2, size: 3 }),
    convolutionLayer('conv4', square(pool2, c4), { inputs: c3, size: 3, groups: 2 }),
    convolutionLayer('conv5', square(pool2, c5), { inputs: c4, size: 3, groups: 2 }),
    pool('pool5', pool5, c5),
  ];
}
