import type { Tensor, Tensor1D, Tensor2D, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import { tf } from '../../../src/engine/index.js';
import { numbers } from '../engines.js';

/** One operation of the sweep, as a function of one tensor. */
export interface SweepCase {
  readonly name: string;
  readonly shape: readonly number[];
  /** Only numbers above 0.1 are given to it. */
  readonly positive?: true;
  /** It has no gradient. */
  readonly forwardOnly?: true;
  readonly f: (x: Tensor) => Tensor;
}

const [picture, matrix, clip] = [
  [2, 8, 8, 4],
  [6, 8],
  [1, 4, 8, 8, 2],
] as const;

const fixed = (label: string, shape: readonly number[], scale = 1) =>
  tf.tensor(
    numbers(
      label,
      shape.reduce((a, b) => a * b, 1),
      scale,
    ),
    [...shape],
  );
const index = (values: number[]) => tf.tensor1d(values, 'int32');

function elementwise(names: readonly string[], extra: Partial<SweepCase> = {}): SweepCase[] {
  const functions = tf as unknown as Readonly<Record<string, (x: Tensor) => Tensor>>;
  return names.map((name) => ({ name, shape: matrix, f: (x) => functions[name]!(x), ...extra }));
}

const on =
  (shape: readonly number[]) =>
  (name: string, f: (x: never) => Tensor, extra: Partial<SweepCase> = {}): SweepCase => ({
    name,
    shape,
    f: f as (x: Tensor) => Tensor,
    ...extra,
  });
const onPicture = on(picture);
const onMatrix = on(matrix);
const onClip = on(clip);
const forwardOnly = { forwardOnly: true } as const;

/** Operations that a network, a loss or an optimizer may use. */
export const sweepCases: readonly SweepCase[] = [
  ...elementwise([
    'abs',
    'square',
    'exp',
    'expm1',
    'sigmoid',
    'tanh',
    'relu',
    'relu6',
    'elu',
    'selu',
    'softplus',
    'neg',
    'leakyRelu',
  ]),
  ...elementwise(['sin', 'cos', 'atan', 'sinh', 'cosh', 'erf', 'sign', 'floor', 'round', 'zerosLike', 'onesLike']),
  ...elementwise([
    'softmax',
    'logSoftmax',
    'logSumExp',
    'sum',
    'mean',
    'max',
    'min',
    'prod',
    'cumsum',
    'transpose',
    'norm',
  ]),
  ...elementwise(['sqrt', 'rsqrt', 'log', 'log1p', 'reciprocal'], { positive: true }),
  onPicture('conv2d', (x: Tensor4D) => tf.conv2d(x, fixed('w', [3, 3, 4, 6]) as Tensor4D, 1, 'same')),
  onPicture('conv2d of stride 2', (x: Tensor4D) => tf.conv2d(x, fixed('w', [3, 3, 4, 6]) as Tensor4D, 2, 'valid')),
  onPicture('conv2d dilated', (x: Tensor4D) =>
    tf.conv2d(x, fixed('w', [3, 3, 4, 6]) as Tensor4D, 1, 'same', 'NHWC', 2),
  ),
  onPicture('conv2d with explicit padding', (x: Tensor4D) => tf.conv2d(x, fixed('w', [3, 3, 4, 6]) as Tensor4D, 1, 1)),
  onPicture('conv2dTranspose', (x: Tensor4D) =>
    tf.conv2dTranspose(x, fixed('k', [4, 4, 3, 4]) as Tensor4D, [2, 16, 16, 3], 2, 'same'),
  ),
  onPicture('depthwiseConv2d', (x: Tensor4D) => tf.depthwiseConv2d(x, fixed('d', [3, 3, 4, 1]) as Tensor4D, 1, 'same')),
  onClip('conv3d', (x: Tensor5D) => tf.conv3d(x, fixed('v', [3, 3, 3, 2, 3]) as Tensor5D, 1, 'same')),
  onPicture('fused.conv2d', (x: Tensor4D) =>
    tf.fused.conv2d({
      x,
      filter: fixed('w', [3, 3, 4, 6]) as Tensor4D,
      strides: 1,
      pad: 'same',
      bias: fixed('b', [6]),
      activation: 'relu',
    }),
  ),
  onMatrix('fused.matMul', (x: Tensor2D) =>
    tf.fused.matMul({ a: x, b: fixed('m', [8, 6]), bias: fixed('b', [6]), activation: 'relu' }),
  ),
  onPicture('maxPool', (x: Tensor4D) => tf.maxPool(x, 2, 2, 'same')),
  onPicture('avgPool', (x: Tensor4D) => tf.avgPool(x, 3, 1, 'same')),
  onClip('maxPool3d', (x: Tensor5D) => tf.maxPool3d(x, 2, 2, 'same')),
  onPicture('localResponseNormalization', (x: Tensor4D) => tf.localResponseNormalization(x)),
  onPicture('moments and batchNorm', (x: Tensor4D) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    return tf.batchNorm(x, mean as never, variance as never, fixed('o', [4]) as never, fixed('s', [4]) as never, 1e-3);
  }),
  onMatrix('matMul with the second factor turned', (x: Tensor2D) => tf.matMul(x, x, false, true)),
  onMatrix('matMul of batches', (x: Tensor) => tf.matMul(tf.reshape(x, [2, 3, 8]), tf.reshape(x, [2, 8, 3]))),
  onMatrix('einsum', (x: Tensor) => tf.einsum('ij,kj->ik', x, x)),
  onMatrix('concat', (x: Tensor) => tf.concat([x, x], 1)),
  onMatrix('stack', (x: Tensor) => tf.stack([x, x])),
  onMatrix('unstack', (x: Tensor) => tf.unstack(x, 0)[2]!),
  onPicture('split', (x: Tensor) => tf.split(x, 4, 3)[1]!),
  onMatrix('slice', (x: Tensor) => tf.slice(x, [1, 2], [2, 3])),
  onMatrix('stridedSlice', (x: Tensor) => tf.stridedSlice(x, [0, 1], [6, 8], [2, 3]), forwardOnly),
  onMatrix('gather', (x: Tensor) => tf.gather(x, index([0, 2, 1, 2]))),
  onMatrix('gather along the second axis', (x: Tensor) => tf.gather(x, index([0, 2, 1]), 1)),
  onMatrix('pad', (x: Tensor) =>
    tf.pad(x, [
      [1, 1],
      [0, 2],
    ]),
  ),
  onMatrix(
    'mirrorPad',
    (x: Tensor) =>
      tf.mirrorPad(
        x,
        [
          [1, 1],
          [2, 2],
        ],
        'reflect',
      ),
    forwardOnly,
  ),
  onMatrix('tile', (x: Tensor) => tf.tile(x, [2, 1])),
  onMatrix('reverse', (x: Tensor) => tf.reverse(x, 0)),
  onMatrix('reshape', (x: Tensor) => tf.reshape(x, [48])),
  onMatrix('expandDims', (x: Tensor) => tf.expandDims(x, 0)),
  onMatrix('squeeze', (x: Tensor) => tf.squeeze(tf.expandDims(x, 0))),
  onPicture('resizeBilinear', (x: Tensor4D) => tf.image.resizeBilinear(x, [16, 16])),
  onPicture('resizeNearestNeighbor', (x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [16, 16])),
  onPicture(
    'cropAndResize',
    (x: Tensor4D) => tf.image.cropAndResize(x, tf.tensor2d([[0, 0, 0.5, 0.5]]), index([0]), [4, 4]),
    forwardOnly,
  ),
  onPicture('depthToSpace', (x: Tensor4D) => tf.depthToSpace(x, 2), forwardOnly),
  onPicture('dilation2d', (x: Tensor4D) => tf.dilation2d(x, fixed('e', [2, 2, 4]) as never, 1, 'same'), forwardOnly),
  onPicture('prelu', (x: Tensor) => tf.prelu(x, fixed('s', [4]))),
  onMatrix('clipByValue', (x: Tensor) => tf.clipByValue(x, -0.3, 0.3)),
  onMatrix('where', (x: Tensor) => tf.where(tf.greater(x, 0), x, tf.mul(x, 2))),
  onMatrix('where on a fixed condition', (x: Tensor) => tf.where(tf.greater(fixed('c', matrix), 0), x, tf.mul(x, 2))),
  onMatrix('maximum', (x: Tensor) => tf.maximum(x, 0.1)),
  onMatrix('minimum', (x: Tensor) => tf.minimum(x, fixed('n', [8]))),
  onMatrix('pow', (x: Tensor) => tf.pow(x, 2), { positive: true }),
  onMatrix('squaredDifference', (x: Tensor) => tf.squaredDifference(x, 0.5)),
  onMatrix('addN', (x: Tensor) => tf.addN([x, x, x])),
  onMatrix('div', (x: Tensor) => tf.div(x, tf.add(tf.abs(x), 1))),
  onMatrix('divNoNan', (x: Tensor) => tf.divNoNan(x, tf.relu(x)), forwardOnly),
  onMatrix('add with broadcasting', (x: Tensor) => tf.add(x, fixed('r', [8]))),
  onMatrix('mod', (x: Tensor) => tf.mod(x, 0.3), forwardOnly),
  onMatrix('floorDiv', (x: Tensor) => tf.floorDiv(x, 0.3), forwardOnly),
  onMatrix('argMax', (x: Tensor) => tf.argMax(x, 1), forwardOnly),
  onMatrix('argMin', (x: Tensor) => tf.argMin(x, 1), forwardOnly),
  onMatrix('topk', (x: Tensor) => tf.topk(x, 2).values, forwardOnly),
  onMatrix('oneHot', (x: Tensor) => tf.oneHot(tf.argMax<Tensor1D>(x, 1), 8), forwardOnly),
  onMatrix('cast of a comparison', (x: Tensor) => tf.cast(tf.greater(x, 0), 'float32'), forwardOnly),
  onMatrix(
    'logicalAnd',
    (x: Tensor) => tf.cast(tf.logicalAnd(tf.greater(x, 0), tf.less(x, 0.5)), 'float32'),
    forwardOnly,
  ),
  onMatrix('any', (x: Tensor) => tf.cast(tf.any(tf.greater(x, 0.7), 1), 'float32'), forwardOnly),
  onMatrix('softmaxCrossEntropy', (x: Tensor) =>
    tf.losses.softmaxCrossEntropy(tf.oneHot(tf.argMax<Tensor1D>(x, 1), 8), x),
  ),
  onMatrix('rows of length 1', (x: Tensor) => tf.div(x, tf.norm(x, 2, 1, true))),
  onMatrix('unsortedSegmentSum', (x: Tensor) => tf.unsortedSegmentSum(x, index([0, 1, 1, 0, 2, 2]), 3)),
  onMatrix(
    'bincount',
    (x: Tensor) => tf.bincount(tf.cast(tf.abs(tf.mul(tf.reshape(x, [48]), 5)), 'int32') as never, [] as never, 8),
    forwardOnly,
  ),
  onMatrix('rfft', (x: Tensor) => tf.abs(tf.spectral.rfft(x)), forwardOnly),
  onMatrix('cumprod', (x: Tensor) => tf.cumprod(x, 0), forwardOnly),
  onMatrix('broadcastTo', (x: Tensor) => tf.broadcastTo(x, [3, 6, 8])),
  onMatrix('gradient of a gradient', (x: Tensor) => tf.grad((y: Tensor) => tf.sum(tf.mul(tf.square(y), y)))(x)),
];

/** What TensorFlow.js 4.22 cannot do on this engine even eagerly: nobody's fault here, and told apart from what capturing breaks. */
export const brokenInTensorflowJs: ReadonlySet<string> = new Set([
  'conv2d dilated',
  'conv2d with explicit padding',
  'einsum',
  'cumsum',
  'where',
]);

/** The case as a step: its value, and the gradient of the sum of squares where it has one. */
export function asStep({ f, forwardOnly: isForwardOnly }: SweepCase): (x: Tensor) => Tensor[] {
  if (isForwardOnly) return (x) => [f(x)];
  return (x) => {
    const value = f(x);
    return [value, tf.grad((y: Tensor) => tf.sum(tf.square(f(y))))(x)];
  };
}

/** Numbers for a case; other ones for another label. */
export function argumentFor({ name, shape, positive }: SweepCase, label: string): Tensor {
  const values = numbers(
    `${name} ${label}`,
    shape.reduce((a, b) => a * b, 1),
  );
  return tf.tensor(positive ? values.map((value) => Math.abs(value) + 0.1) : values, [...shape]);
}
