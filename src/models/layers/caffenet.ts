import { ConfigError } from '../../core/index.js';

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
