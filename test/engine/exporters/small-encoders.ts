import type { Tensor, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { createRandom } from '../../../src/core/index.js';
import {
  batchNormInference,
  conv2d,
  dense,
  localResponseNormalization,
  maxPool,
  relu,
  tf,
  type Trainer,
} from '../../../src/engine/index.js';
import { resolveTaskConfig, tasks } from '../../../src/models/index.js';
import { numbers } from '../engines.js';

/** What is exported: an encoder with its weights. */
export type Exported = Pick<Trainer, 'variables' | 'dispose'> & { readonly encoder: NonNullable<Trainer['encoder']> };

const [width, height] = [10, 8];

/** A variable of given numbers. */
type Weight = (name: string, shape: readonly number[]) => Variable;

function flat(x: Tensor): Tensor {
  return tf.reshape(x, [x.shape[0], -1]);
}

/** Networks of few operations, so that every rule is used in more than one surrounding. */
const networks: Readonly<Record<string, (x: Tensor4D, weight: Weight) => Tensor>> = {
  convolution: (x, weight) => conv2d(x, weight('w', [3, 3, 3, 4]), { bias: weight('b', [4]), stride: 2 }),
  'convolution without bias, of two groups': (x, weight) =>
    conv2d(conv2d(x, weight('w', [1, 1, 3, 4]), {}), weight('v', [3, 3, 2, 6]), { groups: 2, pad: 'valid' }),
  'bias that another takes too': (x, weight) => {
    const y = conv2d(x, weight('w', [3, 3, 3, 4]), {});
    return tf.mul(tf.add(y, weight('b', [4])), tf.sigmoid(y));
  },
  'pooling and normalisation': (x, weight) => {
    const y = relu(conv2d(x, weight('w', [5, 5, 3, 6]), { bias: weight('b', [6]), pad: 2 }));
    return localResponseNormalization(maxPool(y, { size: 3, stride: 2, pad: 'ceil' }));
  },
  'mean pooling at the border': (x) => tf.avgPool(x, 3, 2, 'same'),
  'batch normalisation': (x, weight) => {
    const variance = tf.abs(weight('variance', [4]));
    const y = conv2d(x, weight('w', [3, 3, 3, 4]), {});
    return relu(
      batchNormInference(y, weight('mean', [4]), variance, { scale: weight('scale', [4]), offset: weight('b', [4]) }),
    );
  },
  'depthwise convolution': (x, weight) =>
    tf.depthwiseConv2d(x, weight('w', [3, 3, 3, 2]) as unknown as Tensor4D, 2, 'same'),
  'dense layers': (x, weight) =>
    tf.tanh(dense(relu(dense(flat(x), weight('w', [240, 7]), weight('b', [7]))), weight('v', [7, 5]))),
  'product with a turned factor': (x, weight) => tf.matMul(flat(x), weight('w', [5, 240]), false, true),
  'turned colours': (x) => tf.reverse(x, -1),
  'turned upside down after a convolution': (x, weight) => tf.reverse(conv2d(x, weight('w', [3, 3, 3, 4]), {}), [1, 3]),
  'split and joined channels': (x, weight) => {
    const [a, b] = tf.split(conv2d(x, weight('w', [3, 3, 3, 4]), {}), 2, 3) as [Tensor4D, Tensor4D];
    return tf.concat([tf.relu6(tf.mul(b, 9)), tf.leakyRelu(a, 0.1)], 3);
  },
  'joined rows': (x) =>
    tf.concat([tf.slice(x, [0, 2, 0, 0], [-1, 3, -1, 2]), tf.slice(x, [0, 0, 0, 1], [-1, -1, -1, 2])], 1),
  padding: (x, weight) =>
    tf.pad(
      conv2d(
        tf.pad(x, [
          [0, 0],
          [1, 2],
          [0, 1],
          [0, 0],
        ]),
        weight('w', [2, 2, 3, 2]),
        { pad: 'valid' },
      ),
      [
        [0, 0],
        [0, 1],
        [2, 0],
        [0, 1],
      ],
      0.5,
    ),
  'means over places': (x, weight) => tf.mean(conv2d(x, weight('w', [3, 3, 3, 4]), {}), [1, 2]),
  'sums kept as an axis': (x) => tf.sub(x, tf.max(x, 3, true)),
  'a row of length 1': (x) => tf.div(flat(x), tf.sqrt(tf.sum(tf.square(flat(x)), 1, true))),
  softmax: (x) => tf.softmax(flat(x)),
  'axes in another order': (x) => tf.transpose(x, [0, 3, 1, 2]),
  'an axis more and less': (x) => tf.squeeze(tf.add(tf.expandDims(x, 1), 1), [1]),
  'chosen channels': (x) => tf.gather(x, tf.tensor1d([2, 0], 'int32'), 3),
  'a choice by comparison': (x) => tf.where(tf.greater(x, 0.5), x, tf.mul(x, 0.1)),
  'least and most': (x, weight) =>
    tf.minimum(tf.maximum(conv2d(x, weight('w', [1, 1, 3, 3]), {}), weight('low', [3])), 0.4),
  'elementwise functions': (x) => {
    const y = tf.add(tf.abs(x), 0.5);
    return tf.addN(
      [
        tf.exp(tf.neg(y)),
        tf.log(y),
        tf.rsqrt(y),
        tf.elu(tf.sin(x)),
        tf.softplus(tf.cos(x)),
        tf.pow(y, 1.5),
        tf.sign(x),
      ].map((z) => tf.div(tf.floor(tf.mul(z, 1e6)), 1e6)),
    );
  },
  'a picture twice as large': (x, weight) =>
    tf.conv2dTranspose(x, weight('w', [4, 4, 2, 3]) as unknown as Tensor4D, [x.shape[0], 16, 20, 2], 2, 'same'),
};

/** Names of the small encoders. */
export const encoderNames: readonly string[] = Object.keys(networks);

/** A small encoder with weights from its name. */
export function createEncoder(name: string): Exported {
  const variables = new Map<string, Variable>();
  const weight: Weight = (label, shape) => {
    let variable = variables.get(label);
    if (!variable) {
      const size = shape.reduce((a, b) => a * b, 1);
      variable = tf.tidy(() => tf.variable(tf.tensor(numbers(`${name} ${label}`, size, 0.5), [...shape])));
      variables.set(label, variable);
    }
    return variable;
  };
  const encode = (images: Tensor): Tensor => tf.tidy(() => flat(networks[name]!(tf.div(images, 255), weight)));
  const features = tf.tidy(() => encode(tf.zeros([1, height, width, 3])).shape[1]!);
  return {
    variables,
    encoder: { width, height, layers: { last: features }, encode },
    dispose: () => tf.dispose([...variables.values()]),
  };
}

/** Shuffle and Learn's own, with running statistics as if it had learned. */
export async function createShuffleAndLearn(...sets: string[]): Promise<Exported> {
  const task = await tasks.load('shuffle-and-learn');
  const { config } = resolveTaskConfig(task, { set: ['preset=tiny', ...sets] });
  const trainer = task.createTrainer(config, createRandom(3));
  for (const [name, variable] of trainer.variables) {
    if (!name.includes('_bn.')) continue;
    const drawn = numbers(name, variable.size).map((one) => (name.endsWith('mean') ? one : Math.abs(one) + 0.5));
    tf.tidy(() => variable.assign(tf.tensor(drawn, variable.shape)));
  }
  return trainer as Exported;
}

/** Pictures for an encoder, as arrays of rows: float32 in 0–255. */
export function picturesFor({ encoder }: Exported, count: number): Tensor4D {
  const random = createRandom(`pictures ${count}`);
  const size = count * encoder.height * encoder.width * 3;
  return tf.tensor4d(
    Float32Array.from({ length: size }, () => random.int(256)),
    [count, encoder.height, encoder.width, 3],
  );
}
