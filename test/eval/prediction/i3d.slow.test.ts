import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SafeTensor } from '../../../src/core/index.js';
import { selectBackend, tf } from '../../../src/engine/index.js';
import { createI3d } from '../../../src/eval/prediction/i3d.js';
import { sineFrame } from '../metrics/frame-cases.js';

const { i3d } = JSON.parse(readFileSync(new URL('../../golden/prediction-metrics.json', import.meta.url), 'utf8')) as {
  readonly i3d: readonly number[];
};

beforeAll(async () => {
  await selectBackend('auto');
});

const cube = [3, 3, 3];
const point = [1, 1, 1];
const blocks: readonly (readonly [string, number, readonly number[]])[] = [
  ['Mixed_3b', 192, [64, 96, 128, 16, 32, 32]],
  ['Mixed_3c', 256, [128, 128, 192, 32, 96, 64]],
  ['Mixed_4b', 480, [192, 96, 208, 16, 48, 64]],
  ['Mixed_4c', 512, [160, 112, 224, 24, 64, 64]],
  ['Mixed_4d', 512, [128, 128, 256, 24, 64, 64]],
  ['Mixed_4e', 512, [112, 144, 288, 32, 64, 64]],
  ['Mixed_4f', 528, [256, 160, 320, 32, 128, 128]],
  ['Mixed_5b', 832, [256, 160, 320, 32, 128, 128]],
  ['Mixed_5c', 832, [384, 192, 384, 48, 128, 128]],
];

/** The weights of the golden values: sines of their flat index, array after array. */
function makeWeights(): Record<string, SafeTensor> {
  const tensors: Record<string, SafeTensor> = {};
  let k = 0;
  const add = (name: string, shape: readonly number[], scale: number, base = 0) => {
    const size = shape.reduce((a, b) => a * b);
    const phase = 0.7 * k++ + 0.1;
    const data = Float32Array.from({ length: size }, (_, n) => base + scale * Math.sin(1.3 * n + phase));
    tensors[name] = { data, dtype: 'float32', shape };
  };
  const unit = (name: string, input: number, output: number, size: readonly number[]) => {
    const fanIn = size.reduce((a, b) => a * b, input);
    add(`${name}.conv3d.weight`, [output, input, ...size], 2 / Math.sqrt(fanIn));
    add(`${name}.bn.weight`, [output], 0.1, 1);
    add(`${name}.bn.bias`, [output], 0.1);
    add(`${name}.bn.running_mean`, [output], 0.1);
    add(`${name}.bn.running_var`, [output], 0.3, 1);
  };
  unit('Conv3d_1a_7x7', 3, 64, [7, 7, 7]);
  unit('Conv3d_2b_1x1', 64, 64, point);
  unit('Conv3d_2c_3x3', 64, 192, cube);
  for (const [name, input, [one, threeIn, three, fiveIn, five, pooled]] of blocks) {
    unit(`${name}.b0`, input, one!, point);
    unit(`${name}.b1a`, input, threeIn!, point);
    unit(`${name}.b1b`, threeIn!, three!, cube);
    unit(`${name}.b2a`, input, fiveIn!, point);
    unit(`${name}.b2b`, fiveIn!, five!, cube);
    unit(`${name}.b3b`, input, pooled!, point);
  }
  add('logits.conv3d.weight', [400, 1024, 1, 1, 1], 2 / 32);
  add('logits.conv3d.bias', [400], 0.1);
  return tensors;
}

describe('the Kinetics I3D', () => {
  it('equals PyTorch on weights and a clip made of sines, and frees all', () => {
    const before = tf.memory().numTensors;
    const encoder = createI3d({ path: 'w', hash: 'abcdef12', tensors: makeWeights() });
    expect(encoder).toMatchObject({ name: 'fvd', variant: 'i3d.abcdef12', features: 400 });
    const { data } = sineFrame({ height: 16 * 20, width: 24, channels: 3 }, 0.3);
    const clip = tf.tensor(Float32Array.from(data), [1, 16, 20, 24, 3]);
    const features = encoder.encode(clip);
    const values = features.dataSync();
    i3d.forEach((value, i) => expect(values[i * 40]).toBeCloseTo(value, 3));
    tf.dispose([clip, features]);
    encoder.dispose();
    expect(tf.memory().numTensors).toBe(before);
  }, 120_000);
});
