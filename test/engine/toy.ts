import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { createRandom, type SampleBatch } from '../../src/core/index.js';
import {
  adam,
  conv2d,
  createVariable,
  dense,
  dropout,
  heNormal,
  lossAndGradients,
  maxPool,
  momentumSgd,
  relu,
  softmaxCrossEntropy,
  tf,
  type BatchSource,
  type Trainer,
} from '../../src/engine/index.js';

const [size, classes] = [8, 3];

/** A small network with everything that randomness and state could hide in: convolution, dropout, running mean, optimizer. */
export function createToyTrainer({
  seed = 1,
  optimizer = 'momentum',
}: { seed?: number; optimizer?: 'momentum' | 'adam' } = {}): Trainer {
  const random = createRandom(seed);
  const weight = (name: string, shape: number[]): [string, Variable] => [
    name,
    createVariable(name, shape, { init: heNormal(), random }),
  ];
  const trained = new Map([
    weight('conv.weight', [3, 3, 1, 4]),
    ['conv.bias', createVariable('conv.bias', [4], { init: 0, random })] as const,
    weight('fc.weight', [64, classes]),
  ]);
  const running = createVariable('running.mean', [4], { init: 0, random, trainable: false });
  const parameters = [...trained].map(([name, variable]) => ({ name, variable }));
  const rule = optimizer === 'adam' ? adam(parameters) : momentumSgd(parameters, { weightDecay: 1e-3 });
  const get = (name: string) => trained.get(name)!;
  const forward = (x: Tensor, seedOf: Tensor | null) => {
    const convolved = relu(conv2d(x, get('conv.weight'), { bias: get('conv.bias'), pad: 1 }));
    const pooled = tf.reshape(maxPool(convolved, { size: 2, stride: 2 }), [x.shape[0], 64]);
    return { convolved, logits: dense(seedOf ? dropout(pooled, 0.3, seedOf) : pooled, get('fc.weight')) };
  };
  return {
    variables: new Map([...trained, ['running.mean', running]]),
    slots: rule.slots,
    parameters: 36 + 4 + 64 * classes,
    gradients: ({ tensors }, { seed: stepSeed }) =>
      lossAndGradients(parameters, () => {
        const { convolved, logits } = forward(tensors['x']!, stepSeed);
        running.assign(tf.add(tf.mul(running, 0.9), tf.mul(tf.mean(convolved, [0, 1, 2]), 0.1)));
        return { loss: softmaxCrossEntropy(logits, tensors['label']!) };
      }),
    update: (gradients, { learningRate }) => rule.apply(gradients, learningRate),
    evaluate: ({ tensors }) => {
      const { logits } = forward(tensors['x']!, null);
      const right = tf.equal(tf.argMax(logits, 1), tf.cast(tensors['label']!, 'int32'));
      return { loss: softmaxCrossEntropy(logits, tensors['label']!), top1: tf.mean(tf.cast(right, 'float32')) };
    },
    dispose: () => {
      for (const variable of [...trained.values(), running]) variable.dispose();
      rule.dispose();
    },
  };
}

/** Pictures with a bright row (0), a bright column (1) or neither (2) in noise; batches depend on the cursor alone. */
export function createToySource({
  batchSize = 6,
  poisonAt = Infinity,
}: { batchSize?: number; poisonAt?: number } = {}): BatchSource {
  const perEpoch = 4;
  const make = (epoch: number, batch: number): SampleBatch => {
    const random = createRandom(`toy ${epoch} ${batch}`);
    const x = Float32Array.from({ length: batchSize * size * size }, () => random.normal() * 0.3);
    const label = Int32Array.from({ length: batchSize }, () => random.int(classes));
    label.forEach((kind, i) => {
      const line = random.int(size);
      for (let k = 0; k < size && kind < 2; k++)
        x[i * size * size + (kind === 0 ? line * size + k : k * size + line)]! += 1.5;
    });
    if (epoch * perEpoch + batch >= poisonAt) x[0] = NaN;
    const next = batch + 1 === perEpoch ? { epoch: epoch + 1, batch: 0 } : { epoch, batch: batch + 1 };
    return {
      keys: Array.from({ length: batchSize }, (_, i) => `${epoch}/${batch}/${i}`),
      ordinals: Array.from({ length: batchSize }, (_, i) => i),
      arrays: {
        x: { data: x, dtype: 'float32', shape: [batchSize, size, size, 1] },
        label: { data: label, dtype: 'int32', shape: [batchSize] },
      },
      cursor: next,
      release: () => x.fill(NaN), // whoever still reads it would notice
    };
  };
  return {
    samples: perEpoch * batchSize,
    digest: 'toy',
    async *batches({ epoch, batch }) {
      for (let at = { epoch, batch }; ;) {
        const made = make(at.epoch, at.batch);
        yield made;
        at = made.cursor;
      }
    },
  };
}
