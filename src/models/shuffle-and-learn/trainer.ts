import type { Random } from '../../core/index.js';
import {
  lossAndGradients,
  momentumSgd,
  softmaxCrossEntropy,
  tf,
  type Encoder,
  type StepResult,
  type Tensor,
  type TensorBatch,
  type Trainer,
} from '../../engine/index.js';
import { caffenetSides } from '../layers/caffenet.js';
import { createPictureEncoder } from '../layers/picture-encoder.js';
import { updateStatistics, type Statistics } from '../layers/running-statistics.js';
import { createWeights } from '../layers/weight-plan.js';
import type { ShuffleAndLearnConfig } from './config.js';
import { summarizeLayers } from './layer-table.js';
import { encodeFrames, scoreTuples, type FrameFeatures } from './network.js';
import { countParameters, planWeights } from './shapes.js';

/**
 * The live network of Shuffle and Learn with momentum as Caffe has it: biases learn twice as fast and are not decayed.
 *
 * @param random draws the first weights, each from a stream of its own.
 */
export function createShuffleAndLearnTrainer(config: ShuffleAndLearnConfig, random: Random): Trainer {
  const plan = planWeights(config);
  const { variables, learned } = createWeights(plan, random);
  const optimizer = momentumSgd(learned, {
    momentum: config.momentum,
    weightDecay: config.weightDecay,
    style: 'caffe',
  });
  const testing = { weights: variables, config, mode: { learning: false } } as const;

  return {
    variables,
    slots: optimizer.slots,
    parameters: countParameters(config),
    gradients(batch, { seed }) {
      return lossAndGradients(learned, () => {
        const { tuples, label } = readBatch(batch);
        const seen: Statistics = new Map();
        const logits = scoreTuples(tuples, { weights: variables, config, mode: { learning: true, seed, seen } });
        updateStatistics(seen, variables, config.statisticsDecay);
        return { loss: softmaxCrossEntropy(logits, label), ...scoreAnswers(logits, label) };
      });
    },
    update: (gradients, { learningRate }) => optimizer.apply(gradients, learningRate),
    evaluate(batch) {
      return tf.tidy((): StepResult => {
        const { tuples, label } = readBatch(batch);
        const logits = scoreTuples(tuples, testing);
        return { loss: softmaxCrossEntropy(logits, label), ...scoreAnswers(logits, label) };
      });
    },
    logits: (batch) => tf.tidy(() => scoreTuples(readBatch(batch).tuples, testing)),
    encoder: createEncoder(config, variables),
    network: summarizeLayers(config),
    pictures: (batch) =>
      tf.tidy(() => ({ frames: tf.reshape(readBatch(batch).tuples, [-1, config.imageSize, config.imageSize, 3]) })),
    dispose() {
      optimizer.dispose();
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

function createEncoder(config: ShuffleAndLearnConfig, weights: Trainer['variables']): Encoder {
  const { imageSize, channels, fc6, fc7, join } = config;
  const conv5 = caffenetSides(config)[3] ** 2 * channels[4]!;
  return createPictureEncoder<keyof FrameFeatures>({
    width: imageSize,
    height: imageSize,
    layers: join === 'fc8' ? { fc6, conv5, fc7 } : { fc6, conv5 },
    read: (images, layer) => encodeFrames(images, { weights, config, mode: { learning: false } })[layer]!,
  });
}

/** The tuples of all samples, float32 [tuples, 3, height, width, 3], and their labels, int32 [tuples]. */
function readBatch({ tensors }: TensorBatch): { readonly tuples: Tensor; readonly label: Tensor } {
  const frames = tensors['frames']!; // [batch, tuples of a sample, 3, height, width, 3]
  return {
    tuples: tf.reshape(tf.cast(frames, 'float32'), [-1, ...frames.shape.slice(2)]),
    label: tf.reshape(tensors['label']!, [-1]),
  };
}

/** Share of tuples that are judged rightly: of all, and of each label, whose mean is the balanced accuracy. */
function scoreAnswers(logits: Tensor, label: Tensor): Readonly<Record<string, Tensor>> {
  const right = tf.cast(tf.equal(tf.argMax(logits, -1), label), 'float32');
  const recall = (value: number) => {
    const own = tf.cast(tf.equal(label, value), 'float32');
    return tf.div(tf.sum(tf.mul(right, own)), tf.maximum(tf.sum(own), 1));
  };
  return { accuracy: tf.mean(right), recallInOrder: recall(1), recallOutOfOrder: recall(0) };
}
