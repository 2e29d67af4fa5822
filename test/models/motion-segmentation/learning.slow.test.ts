import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Sample } from '../../../src/core/index.js';
import { disposeBatch, selectBackend, tf, toTensorBatch, type Trainer } from '../../../src/engine/index.js';
import type { MotionSegmentationConfig } from '../../../src/models/motion-segmentation/config.js';
import task from '../../../src/models/motion-segmentation/index.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import { makeBatch, makeRecord } from './records.js';

// What takes minutes: the suite itself learns four pictures.
const still = ['jitterScale=0', 'jitterShift=0'];
const moving = ['jitterScale=0.2', 'jitterShift=0.2'];
const net = [
  'preset=tiny',
  'trunk=caffenet',
  'channels=[8,12,16,16,12]',
  'imageSize=40',
  'initialisation=he',
  'fc6=64',
  'fc7=64',
  'jitterColour=0',
];

const configure = (...set: string[]) =>
  resolveTaskConfig(task, { set: [...net, ...set] }).config as unknown as MotionSegmentationConfig;

let records: Sample[];

beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 32 }, (_, i) => makeRecord(i + 1)));
});

/** A trainer after so many steps on the 32 records, drawn anew for each. */
async function learn(steps: number, config: MotionSegmentationConfig): Promise<Trainer> {
  const trainer = task.createTrainer(config, createRandom(1));
  for (let step = 0; step < steps; step++) {
    const batch = toTensorBatch(await makeBatch(records, config, { epoch: step }));
    const rate = 0.003 * (step < 0.6 * steps ? 1 : step < 0.85 * steps ? 0.3 : 0.1);
    const scalars = { learningRate: tf.scalar(rate), seed: tf.tensor1d([step, 3], 'int32') };
    tf.tidy(() => trainer.update(trainer.gradients(batch, scalars).gradients, scalars));
    tf.dispose(scalars);
    disposeBatch(batch);
  }
  return trainer;
}

/** Intersection over union of the masks that it draws in windows it has not seen, or in the middle ones. */
async function overlapOf(trainer: Trainer, config: MotionSegmentationConfig, mode: 'train' | 'evaluate') {
  const batch = toTensorBatch(await makeBatch(records, config, { mode, epoch: 9999 }));
  const scores = trainer.evaluate(batch);
  const overlap = scores['overlap']!.dataSync()[0]!;
  tf.dispose(scores);
  disposeBatch(batch);
  return overlap;
}

describe('motion segmentation', () => {
  it('learns 32 pictures by heart', async () => {
    const config = configure(...still, 'mirror=false');
    const trainer = await learn(300, config);
    expect(await overlapOf(trainer, config, 'evaluate')).toBeGreaterThanOrEqual(0.95);
    trainer.dispose();
  });

  it('follows what is not in the middle where windows moved while it learned, and only there; a mirrored picture has a mirrored mask', async () => {
    const config = configure(...moving);
    const [withJitter, without] = [await learn(600, config), await learn(600, configure(...still))];
    const [followed, stayed] = [
      await overlapOf(withJitter, config, 'train'),
      await overlapOf(without, config, 'train'),
    ];
    expect(followed, `${stayed} without`).toBeGreaterThanOrEqual(stayed + 0.1);
    const batch = toTensorBatch(await makeBatch(records, config, { epoch: 9999 }));
    const image = tf.cast(batch.tensors['image']!, 'float32');
    const [there, back] = [withJitter.segmenter!.logits(image), withJitter.segmenter!.logits(tf.reverse(image, 2))];
    const [a, b] = [there, tf.reverse(back, 2)].map((logits) => tf.greater(logits, 0).dataSync());
    let [both, either] = [0, 0];
    a!.forEach((value, i) => {
      both += Number(value && b![i]);
      either += Number(value || b![i]);
    });
    expect(both / either).toBeGreaterThanOrEqual(0.8);
    tf.dispose([image, there, back]);
    disposeBatch(batch);
    withJitter.dispose();
    without.dispose();
  });
});
