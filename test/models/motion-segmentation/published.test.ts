import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRandom, encodeSafetensors, type SafeTensor } from '../../../src/core/index.js';
import { selectBackend, startFromWeights, tf, type Trainer } from '../../../src/engine/index.js';
import type { MotionSegmentationConfig } from '../../../src/models/motion-segmentation/config.js';
import task from '../../../src/models/motion-segmentation/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-published-'));
beforeAll(() => selectBackend('auto'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const set = [
  'preset=tiny',
  'trunk=caffenet',
  'channels=[4,4,6,6,4]',
  'imageSize=67',
  'conv1Stride=2',
  'fc6=10',
  'fc7=9',
];
const config = resolveTaskConfig(task, { set }).config as MotionSegmentationConfig;

/** The weights as Caffe would have them, were the same network fed BGR planes less `means`: [out, in, height, width] and [out, in]. */
function asCaffe(trainer: Trainer, means: readonly number[], pool5Channels: number): Record<string, SafeTensor> {
  const [ourMean, deviation] = [
    [123.675, 116.28, 103.53],
    [58.395, 57.12, 57.375],
  ];
  const arrays: Record<string, SafeTensor> = {};
  for (const [name, variable] of trainer.variables) {
    const values = variable.dataSync() as Float32Array;
    const { shape } = variable;
    if (shape.length === 1) arrays[name] = { dtype: 'float32', shape, data: values.slice() };
    if (shape.length === 2) {
      const [inputs, outputs] = shape as [number, number];
      const data = new Float32Array(values.length);
      const area = inputs / pool5Channels;
      for (let i = 0; i < inputs; i++) {
        // fc6 reads [place, channel] here, and [channel, place] there.
        const there = name === 'fc6.weight' ? (i % pool5Channels) * area + Math.floor(i / pool5Channels) : i;
        for (let o = 0; o < outputs; o++) data[o * inputs + there] = values[i * outputs + o]!;
      }
      arrays[name] = { dtype: 'float32', shape: [outputs, inputs], data };
    }
    if (shape.length === 4) {
      const [height, width, inputs, outputs] = shape as [number, number, number, number];
      const data = new Float32Array(values.length);
      for (let v = 0; v < height; v++)
        for (let u = 0; u < width; u++)
          for (let c = 0; c < inputs; c++)
            for (let o = 0; o < outputs; o++) {
              const value = values[((v * width + u) * inputs + c) * outputs + o]!;
              const at = (channel: number) => ((o * inputs + channel) * height + v) * width + u;
              data[name === 'conv1.weight' ? at(2 - c) : at(c)] =
                name === 'conv1.weight' ? value / deviation[c]! : value;
            }
      arrays[name] = { dtype: 'float32', shape: [outputs, inputs, height, width], data };
    }
  }
  const first = trainer.variables.get('conv1.weight')!;
  const outputs = first.shape[3]!;
  const bias = arrays['conv1.bias']!.data as Float32Array;
  first.dataSync().forEach((value, i) => {
    const c = Math.floor(i / outputs) % 3;
    bias[i % outputs]! += (value / deviation[c]!) * (means[2 - c]! - ourMean[c]!);
  });
  arrays['mean'] = { dtype: 'float32', shape: [3], data: Float32Array.from(means) };
  return arrays;
}

it('draws what the network drew whose weights it is given, with axes, colours, mean and scale of Caffe', () => {
  const first = task.createTrainer(config, createRandom(1));
  const random = createRandom('weights');
  for (const variable of first.variables.values())
    tf.tidy(() =>
      variable.assign(
        tf.tensor(
          Float32Array.from({ length: variable.size }, () => 0.2 * random.normal()),
          variable.shape,
        ),
      ),
    );
  const file = join(dir, 'caffe.safetensors');
  writeFileSync(file, encodeSafetensors(asCaffe(first, [90, 100, 110], config.channels.at(-1)!), { format: 'caffe' }));
  const second = task.createTrainer(config, createRandom(2));
  const { taken, kept, unused } = startFromWeights(second, file, task.publishedWeights!(config));
  expect([[...taken].sort(), kept, unused]).toEqual([[...first.variables.keys()].sort(), [], []]);
  const pictures = tf.tensor(
    Float32Array.from({ length: 2 * 67 * 67 * 3 }, () => random.int(256)),
    [2, 67, 67, 3],
  );
  const [expected, found] = [first, second].map((trainer) => trainer.segmenter!.logits(pictures).dataSync()) as [
    Float32Array,
    Float32Array,
  ];
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(0.01);
  found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-3 * largest));
  first.dispose();
  second.dispose();
});

it('gives the plain trunk the convolutions of a file that has them, and leaves its head', () => {
  const plain = resolveTaskConfig(task, { set: ['preset=tiny'] }).config as MotionSegmentationConfig;
  const trainer = task.createTrainer(plain, createRandom(1));
  const file = join(dir, 'plain.safetensors');
  const arrays = Object.fromEntries(
    Object.entries(asCaffe(trainer, [0, 0, 0], 8)).filter(([name]) => /^conv|^mean/.test(name)),
  );
  writeFileSync(file, encodeSafetensors(arrays, { format: 'caffe' }));
  const { taken, kept } = startFromWeights(trainer, file, task.publishedWeights!(plain));
  expect(taken).toHaveLength(8);
  expect([...kept].sort()).toEqual(['mask.bias', 'mask.weight', 'squeeze.bias', 'squeeze.weight']);
  trainer.dispose();
});
