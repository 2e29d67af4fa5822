import { tf, type Tensor, type Tensor4D } from '../../engine/index.js';
import { takeWeight, type BroughtWeights } from './feature-measures.js';
import { createPictureDistance, type PictureDistance } from './picture-distance.js';

/** Convolutions of AlexNet as torchvision names them: `[name, in, out, kernel, stride, padding, pooled before]`. */
const layers = [
  ['features.0', 3, 64, 11, 4, 2, false],
  ['features.3', 64, 192, 5, 1, 2, true],
  ['features.6', 192, 384, 3, 1, 1, true],
  ['features.8', 384, 256, 3, 1, 1, false],
  ['features.10', 256, 256, 3, 1, 1, false],
] as const;

// of pictures in -1–1, so that they match the statistics of ImageNet
const shift = [-0.03, -0.088, -0.188];
const scale = [0.458, 0.448, 0.45];

/**
 * LPIPS with AlexNet, version 0.1: squared differences of features scaled to length 1 at each place, weighted per channel, averaged over
 * places and summed over five layers; 0 for equal pictures. Grey frames are repeated to three channels; nothing is resized.
 *
 * Source: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", 2018.
 *
 * @param weights torchvision's `features.N.weight` and `.bias`, and `linN.model.1.weight` [1, channels, 1, 1], in PyTorch's layout.
 * @throws ConfigError if one is missing or of another shape.
 */
export function createLpips(weights: BroughtWeights): PictureDistance {
  const kept: Tensor[] = [];
  const take = (name: string, shape: readonly number[], order?: readonly number[]) => {
    const tensor = takeWeight(weights, name, shape, order);
    kept.push(tensor);
    return tensor;
  };
  const dispose = () => tf.dispose(kept);
  try {
    const network = layers.map(([name, input, output, kernel, stride, padding, pooled], i) => ({
      kernel: take(`${name}.weight`, [output, input, kernel, kernel], [2, 3, 1, 0]) as Tensor4D,
      bias: take(`${name}.bias`, [output]),
      weigh: take(`lin${i}.model.1.weight`, [1, output, 1, 1], [0, 2, 3, 1]),
      stride,
      padding,
      pooled,
    }));
    const features = (pictures: Tensor4D) => {
      let x: Tensor4D = tf.div(tf.sub(tf.sub(tf.mul(pictures, 2), 1), shift), scale);
      return network.map(({ kernel, bias, stride, padding, pooled }) => {
        if (pooled) x = tf.maxPool(x, 3, 2, 'valid');
        // not every engine's convolution pads by itself
        const padded = tf.pad(x, [[0, 0], [padding, padding], [padding, padding], [0, 0]]); // prettier-ignore
        x = tf.relu(tf.add(tf.conv2d(padded, kernel, stride, 'valid'), bias));
        return tf.div(x, tf.add(tf.norm(x, 2, 3, true), 1e-10));
      });
    };
    return createPictureDistance(
      { name: 'lpips', variant: `alex.${weights.hash}`, unit: 'distance', direction: 'lower' },
      (truth, predicted) => {
        const [a, b] = [features(truth), features(predicted)];
        return tf.addN(
          network.map(({ weigh }, i) => tf.mean(tf.sum(tf.mul(tf.square(tf.sub(a[i]!, b[i]!)), weigh), 3), [1, 2])),
        );
      },
      dispose,
    );
  } catch (error) {
    dispose();
    throw error;
  }
}
