// Eager steps of AlexNet in two groups on 80×80 pictures, the trunk of Shuffle and Learn's small preset: `npx vitest bench --run bench/engine`.
import type { Tensor } from '@tensorflow/tfjs-core';
import { bench, describe } from 'vitest';
import { createRandom, tensorflowParts } from '../src/core/index.js';
import {
  batchNorm,
  conv2d,
  createVariable,
  dense,
  dropout,
  heNormal,
  localResponseNormalization,
  lossAndGradients,
  maxPool,
  momentumSgd,
  relu,
  selectBackend,
  softmaxCrossEntropy,
  tf,
} from '../src/engine/index.js';

const pictures = 96;
const shapes = {
  conv1: [11, 11, 3, 96],
  conv2: [5, 5, 48, 256],
  conv3: [3, 3, 256, 384],
  conv4: [3, 3, 192, 384],
  conv5: [3, 3, 192, 256],
  fc6: [1024, 1024],
  fc7: [1024, 1024],
  fc8: [3072, 2],
};

async function createStep(engine: string): Promise<() => number> {
  await selectBackend(engine);
  const random = createRandom(1);
  const parameters = Object.entries(shapes).flatMap(([layer, shape]) => [
    { name: `${layer}.weight`, variable: createVariable(`${layer}.weight`, shape, { init: heNormal(), random }) },
    { name: `${layer}.bias`, variable: createVariable(`${layer}.bias`, shape.slice(-1), { init: 0, random }) },
  ]);
  const [images, labels] = [
    tf.randomNormal([pictures, 80, 80, 3], 0, 1, 'float32', 1),
    tf.fill([pictures / 3], 1, 'int32'),
  ];
  const [rate, seed] = [tf.scalar(1e-3), tf.tensor1d([1, 2], 'int32')];
  const get = (name: string) => parameters.find((parameter) => parameter.name === name)!.variable;
  const conv = (x: Tensor, name: string, options = {}) =>
    conv2d(x, get(`${name}.weight`), { bias: get(`${name}.bias`), ...options });
  const pool = (x: Tensor) => maxPool(x, { size: 3, stride: 2, pad: 'ceil' });
  const fc = (x: Tensor, name: string) =>
    dropout(relu(batchNorm(dense(x, get(`${name}.weight`), get(`${name}.bias`))).y), 0.5, seed);
  const network = () => {
    let x: Tensor = localResponseNormalization(pool(relu(conv(images, 'conv1', { stride: 4, pad: 'valid' })))); // [96, 9, 9, 96]
    x = localResponseNormalization(pool(relu(conv(x, 'conv2', { groups: 2 })))); // [96, 4, 4, 256]
    x = relu(batchNorm(conv(x, 'conv3')).y); // [96, 4, 4, 384]
    x = relu(batchNorm(conv(x, 'conv4', { groups: 2 })).y);
    x = pool(relu(batchNorm(conv(x, 'conv5', { groups: 2 })).y)); // [96, 2, 2, 256]
    x = fc(fc(tf.reshape(x, [pictures, 1024]), 'fc6'), 'fc7');
    return softmaxCrossEntropy(dense(tf.reshape(x, [pictures / 3, 3072]), get('fc8.weight'), get('fc8.bias')), labels);
  };
  const optimizer = momentumSgd(parameters, { weightDecay: 5e-4, style: 'caffe' });
  return () =>
    tf.tidy(() => {
      const { result, gradients } = lossAndGradients(parameters, () => ({ loss: network() }));
      optimizer.apply(gradients, rate);
      return result.loss.dataSync()[0]!;
    });
}

describe('a training step of 96 pictures, ms', () => {
  for (const engine of tensorflowParts() ? ['tensorflow', 'wasm'] : ['wasm']) {
    let step: () => number;
    bench(engine, () => void step(), {
      iterations: 8,
      time: 0,
      warmupIterations: 2,
      warmupTime: 0,
      setup: async () => void (step = await createStep(engine)),
    });
  }
});
