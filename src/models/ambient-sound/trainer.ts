import type { Random } from '../../core/index.js';
import {
  lossAndGradients,
  momentumSgd,
  tf,
  type Encoder,
  type Tensor,
  type TensorBatch,
  type Trainer,
} from '../../engine/index.js';
import { createPictureEncoder } from '../layers/picture-encoder.js';
import { updateStatistics, type Statistics } from '../layers/running-statistics.js';
import { createWeights } from '../layers/weight-plan.js';
import type { AmbientSoundConfig } from './config.js';
import { bitLoss, clusterLoss, type SoundScores, type SoundTargets } from './loss.js';
import { encodeFrames, scoreFrames } from './network.js';
import { countParameters, planWeights, pooledFeatures, summariseNetwork, trunkLayers } from './shapes.js';

/**
 * The live network of ambient sound with momentum as Caffe has it: biases learn twice as fast and are not decayed.
 *
 * @param random draws the first weights, each from a stream of its own.
 */
export function createAmbientSoundTrainer(config: AmbientSoundConfig, random: Random): Trainer {
  const { variables, learned } = createWeights(planWeights(config), random);
  const { momentum, weightDecay } = config;
  const optimizer = momentumSgd(learned, { momentum, weightDecay, style: 'caffe' });
  const testing = { weights: variables, config, mode: { learning: false } } as const;
  const score = (logits: Tensor, targets: SoundTargets): SoundScores =>
    (config.target === 'clusters' ? clusterLoss : bitLoss)(logits, targets);
  return {
    variables,
    slots: optimizer.slots,
    parameters: countParameters(config),
    network: summariseNetwork(config),
    gradients: (batch, { seed }) =>
      lossAndGradients(learned, () => {
        const seen: Statistics = new Map();
        const run = { weights: variables, config, mode: { learning: true, seed, seen } } as const;
        const logits = scoreFrames(readImages(batch), run);
        updateStatistics(seen, variables, config.statisticsDecay);
        return { ...score(logits, readTargets(batch)) };
      }),
    update: (gradients, { learningRate }) => optimizer.apply(gradients, learningRate),
    evaluate: (batch) => tf.tidy(() => ({ ...score(scoreFrames(readImages(batch), testing), readTargets(batch)) })),
    logits: (batch) => tf.tidy(() => scoreFrames(readImages(batch), testing)),
    encoder: createEncoder(config, variables),
    pictures: (batch) => tf.tidy(() => ({ frames: readImages(batch) })),
    dispose() {
      optimizer.dispose();
      for (const variable of variables.values()) variable.dispose();
    },
  };
}

function createEncoder(config: AmbientSoundConfig, weights: Trainer['variables']): Encoder {
  const last = trunkLayers(config).at(-1)!.name;
  const layers: Readonly<Record<string, number>> = {
    [last]: pooledFeatures(config),
    fc6: config.fc6,
    fc7: config.fc7,
    ...Object.fromEntries(
      trunkLayers(config)
        .slice(0, -1)
        .map(({ name, channels, side, pooled }) => [name, channels * (pooled ?? side) ** 2]),
    ),
  };
  return createPictureEncoder({
    width: config.imageSize,
    height: config.imageSize,
    layers,
    read: (images, layer) => {
      const { convolutions, fc6, fc7 } = encodeFrames(images, { weights, config, mode: { learning: false } });
      return layer === 'fc6' ? fc6 : layer === 'fc7' ? fc7 : convolutions.get(layer)!;
    },
  });
}

function readImages({ tensors }: TensorBatch): Tensor {
  return tf.cast(tensors['image']!, 'float32');
}

function readTargets({ tensors }: TensorBatch): SoundTargets {
  return { label: tensors['label']!, bits: tensors['bits'], weight: tensors['weight']! };
}
