import type { Random } from '../../core/index.js';
import {
  adam,
  lossAndGradients,
  momentumSgd,
  tf,
  type Encoder,
  type StereoModel,
  type StepResult,
  type Tensor,
  type TensorBatch,
  type Trainer,
} from '../../engine/index.js';
import { createPictureEncoder } from '../layers/picture-encoder.js';
import { countLearned, createWeights } from '../layers/weight-plan.js';
import type { Deep3dConfig } from './config.js';
import { findDisparities, leftRightLoss, rightFromLeft } from './left-right.js';
import { encodeLeft, makeRight, meanDisparity, type NetworkMode } from './network.js';
import { shownSize } from './prepare.js';
import { levelSize, planWeights, summariseNetwork } from './shapes.js';

/** Share of the running statistics that one batch replaces. */
const statisticsMomentum = 0.1;
const shownPairs = 4;
const inference: NetworkMode = { seed: null };

/**
 * The live network of either method.
 *
 * @param random draws the first weights, each from a stream of its own.
 */
export function createDeep3dTrainer(config: Deep3dConfig, random: Random): Trainer {
  const plan = planWeights(config);
  const { variables, learned } = createWeights(plan, random);
  const optimizer =
    config.optimizer === 'adam'
      ? adam(learned, {})
      : momentumSgd(learned, { momentum: config.momentum, style: 'caffe' });
  const stereo = createStereoModel(config, variables);
  return {
    variables,
    slots: optimizer.slots,
    parameters: countLearned(plan),
    network: summariseNetwork(config),
    gradients: (batch, { seed }) =>
      lossAndGradients(learned, () => {
        if (config.method === 'left-right') return scoreBoth(batch, variables, config);
        const seen: NonNullable<NetworkMode['seen']> = new Map();
        const { right } = makeRight(eyeOf(batch, 'left'), variables, config, { seed, seen });
        moveStatistics(seen, variables);
        return scoreRight(right, batch, config);
      }),
    update: (gradients, { learningRate }) => optimizer.apply(gradients, learningRate),
    evaluate: (batch) =>
      tf.tidy(() =>
        config.method === 'left-right'
          ? scoreBoth(batch, variables, config)
          : scoreRight(makeRight(eyeOf(batch, 'left'), variables, config, inference).right, batch, config),
      ),
    encoder: createEncoder(config, variables),
    stereo,
    pictures: (batch) =>
      tf.tidy(() => {
        const [left, right] = [eyeOf(batch, 'left'), eyeOf(batch, 'right')];
        const count = Math.min(shownPairs, left.shape[0]);
        const some = (eye: Tensor): Tensor => tf.slice(eye, 0, count);
        const made = stereo.seeRight(some(left));
        const depth = tf.clipByValue(tf.add(128, tf.mul(made.disparity, (127 * 20) / config.width)), 0, 255);
        const grey = tf.tile(tf.expandDims(depth, -1), [1, 1, 1, 3]);
        return { 'left, made right, true right, disparity': tf.concat([some(left), made.right, some(right), grey], 2) };
      }),
    dispose() {
      optimizer.dispose();
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

function eyeOf({ tensors }: TensorBatch, name: 'left' | 'right'): Tensor {
  return tf.cast(tensors[name]!, 'float32');
}

/** Mean absolute error in grey levels over the pixels that count; `copyLeft` is that of the left eye as it is. */
function scoreRight(right: Tensor, batch: TensorBatch, { optimizer }: Deep3dConfig): StepResult {
  const weight = tf.cast(batch.tensors['weight']!, 'float32');
  const truth = eyeOf(batch, 'right');
  const counted = tf.maximum(tf.mul(tf.sum(weight), 3), 1);
  const errorOf = (made: Tensor): Tensor => tf.div(tf.sum(tf.mul(tf.abs(tf.sub(made, truth)), weight)), counted);
  const mae = errorOf(right);
  // As released, the error is summed over a pair's numbers, not averaged; in parts of 255, so that rates below 1 serve.
  const numbers = right.size / right.shape[0];
  const loss = optimizer === 'sgd' ? tf.mul(mae, numbers / 255) : mae;
  return { loss, mae, copyLeft: errorOf(eyeOf(batch, 'left')) };
}

function scoreBoth(batch: TensorBatch, variables: Trainer['variables'], config: Deep3dConfig): StepResult {
  const [left, right] = [eyeOf(batch, 'left'), eyeOf(batch, 'right')];
  const { disparities } = findDisparities(left, variables, config);
  const weight = tf.cast(batch.tensors['weight']!, 'float32');
  const scores = leftRightLoss(tf.div(left, 255), tf.div(right, 255), disparities, { config, weight });
  const made = rightFromLeft(left, disparities.right[0]!, config);
  const { mae, copyLeft } = scoreRight(made, batch, config) as StepResult & { mae: Tensor; copyLeft: Tensor };
  return { ...scores, mae, copyLeft };
}

function moveStatistics(seen: NonNullable<NetworkMode['seen']>, variables: Trainer['variables']): void {
  for (const [name, found] of seen) {
    for (const part of ['mean', 'variance'] as const) {
      const variable = variables.get(`${name}.${part}`)!;
      variable.assign(tf.add(tf.mul(variable, 1 - statisticsMomentum), tf.mul(found[part], statisticsMomentum)));
    }
  }
}

function createStereoModel(config: Deep3dConfig, variables: Trainer['variables']): StereoModel {
  const { width, height } = config;
  return {
    width,
    height,
    shownOf: (eye) => shownSize(eye, config),
    seeRight: (left) =>
      tf.tidy(() => {
        if (config.method === 'left-right') {
          const [own] = findDisparities(left, variables, config).disparities.right;
          const disparity = tf.reshape(tf.mul(own!, width), [-1, height, width]);
          return { right: rightFromLeft(left, own!, config), disparity };
        }
        const { right, probabilities } = makeRight(left, variables, config, inference);
        return { right, disparity: meanDisparity(probabilities, config) };
      }),
  };
}

function createEncoder(config: Deep3dConfig, variables: Trainer['variables']): Encoder {
  const { width, height, channels, features, method } = config;
  const depth = channels.length;
  const flatSize = (level: number): number =>
    levelSize(config, level)[0] * levelSize(config, level)[1] * channels[level]!;
  const layers: Readonly<Record<string, number>> =
    method === 'left-right'
      ? { [`conv${depth}`]: flatSize(depth - 1) }
      : {
          fc7: features,
          fc6: features,
          [`conv${depth}`]: flatSize(depth - 1),
          [`conv${depth - 1}`]: flatSize(depth - 2),
        };
  return createPictureEncoder({
    width,
    height,
    layers,
    read: (images, layer) => {
      if (method === 'left-right')
        return tf.reshape(findDisparities(images, variables, config).deepest, [images.shape[0], -1]);
      const { levels, fc6, fc7 } = encodeLeft(images, variables, config, inference);
      if (layer === 'fc7') return fc7;
      return layer === 'fc6' ? fc6 : tf.reshape(levels[Number(layer.slice(4)) - 1]!, [images.shape[0], -1]);
    },
  });
}
