import { ConfigError, type Random } from '../../core/index.js';
import { lossAndGradients, tf, type Encoder, type Tensor, type WatchedLayer } from '../../engine/index.js';
import {
  assignWeights,
  eachBatch,
  inBatches,
  isVariable,
  watchPictures,
  type WeightVariable,
} from '../settable-layers.js';
import { toImages } from '../videos/describe.js';
import type { TunableEncoder } from './fine-tune.js';
import { mergeNormalization } from './merge-normalization.js';

/** A network whose layers learn equally fast, and how far that went. */
export interface RescaledEncoder {
  /** Runs without batch normalisation: it is part of the weights. */
  readonly encoder: TunableEncoder;
  /** Root mean square of the gradient over that of the weights: of each layer that the output depends on, from the first. */
  readonly ratios: readonly number[];
  /** What the ratios should be. */
  readonly target: number;
  /** Whether all of them are within 1 % of it. */
  readonly isEven: boolean;
  /** The largest factor, as |logarithm|, by which the deviation of the output moved in a round beyond what the scales explain. */
  readonly drift: number;
}

const mostRounds = 10;
/** Of |log(ratio / target)|. */
const tolerance = 0.01;

/** From here on a network is told to answer differently at other scales, as local response normalisation makes it. */
export const noticeableDrift = 0.25;

/**
 * Scales the layers of a network so that each learns equally fast: unit Gaussian noise comes back from its output, and weights and biases are multiplied
 * by the root of (gradient ÷ weights) ÷ target until these ratios are equal; biases first keep pace with what their layer sees. Batch normalisation is
 * merged into the weights before. Where everything between the layers is homogeneous (relus, pooling), the network gives what it gave, times one
 * factor, by which the deviation of its output comes near 1.
 *
 * @param encoder loses the weights it had; whoever gives it puts them back.
 * @param pictures uint8 [height, width, 3] each, of the encoder's size.
 * @throws ConfigError where weights run more than once, or none has a gradient.
 *
 * Source: philkr/magic_init, as in Krähenbühl et al., "Data-dependent Initializations of Convolutional Neural Networks", 2016, section 3.3. Differs: it
 * stops at |log(ratio / target)| < 0.01, where the reference divides by log(target); biases follow within a round and not in the next; drift is
 * measured from what the scales make of the deviation.
 */
export function rescale(
  encoder: TunableEncoder,
  layer: string,
  pictures: readonly Uint8Array[],
  random: Random,
): RescaledEncoder {
  const merged = mergeNormalization(encoder, layer, pictures[0]!);
  const all = findLayers(merged, layer, pictures[0]!);
  const first = all.length > 0 ? measureGradients(merged, layer, pictures, { layers: all, random }) : null;
  const layers = all.filter((_, place) => first!.ratios[place]! > 0); // the output may not depend on every layer that runs
  if (layers.length === 0 || !(first!.deviation > 0))
    throw new ConfigError(
      `No layer below ${layer} has a gradient: its features are the same for all pictures. Set fineTune.rescale to false, or name another layer.`,
    );
  const seenBy = ({ place }: OwnLayer) => meanInput(merged, layer, pictures, place);
  const inputs = layers.map(seenBy);
  let drift = 0;
  let expected: number | null = null;
  for (let round = 0; ; round++) {
    const { ratios, deviation } = measureGradients(merged, layer, pictures, { layers, random });
    if (expected !== null) drift = Math.max(drift, Math.abs(Math.log(deviation / expected)));
    const target = geometricMean(ratios) * deviation ** (1 / layers.length);
    const isEven = ratios.every((ratio) => Math.abs(Math.log(ratio / target)) < tolerance);
    if (isEven || round === mostRounds) return { encoder: merged, ratios, target, isEven, drift };
    const scales = ratios.map((ratio) => Math.sqrt(ratio / target));
    layers.forEach(({ weight }, l) => multiply(weight, scales[l]!));
    layers.forEach((own, l) => {
      const now = seenBy(own);
      if (own.bias) multiply(own.bias, scales[l]! * (inputs[l]! > 0 ? now / inputs[l]! : 1));
      inputs[l] = now;
    });
    expected = scales.reduce((product, scale) => product * scale, deviation);
  }
}

/** A layer with weights of its own. */
interface OwnLayer extends Pick<WatchedLayer, 'bias'> {
  readonly weight: WeightVariable;
  /** In the order in which such layers run. */
  readonly place: number;
}

function findLayers(encoder: Encoder, layer: string, picture: Uint8Array): readonly OwnLayer[] {
  const found: OwnLayer[] = [];
  watchPictures(encoder, layer, [picture], ({ weight, bias }) => {
    if (!isVariable(weight)) return;
    if (found.some((one) => one.weight === weight))
      throw new ConfigError(
        'Weights of this network run more than once on a picture: it is no chain of layers, and cannot be rescaled; set fineTune.rescale to false.',
      );
    found.push({ weight, bias, place: found.length });
  });
  return found;
}

/** The ratio of each layer and the deviation of the output, over all pictures. */
function measureGradients(
  encoder: Encoder,
  layer: string,
  pictures: readonly Uint8Array[],
  { layers, random }: { readonly layers: readonly OwnLayer[]; readonly random: Random },
): { readonly ratios: readonly number[]; readonly deviation: number } {
  const parameters = layers.map(({ weight }) => ({ name: weight.name, variable: weight }));
  const squares = new Float64Array(layers.length);
  let [sum, sumOfSquares, count] = [0, 0, 0];
  for (const [n, some] of inBatches(pictures).entries()) {
    tf.tidy(() => {
      const noise = random.fork('noise', n); // the same in every round
      const { result, gradients } = lossAndGradients(parameters, () => {
        const output = encoder.encode(toImages(some, encoder), layer);
        const pulled = Float32Array.from({ length: output.size }, () => noise.normal());
        return { loss: tf.sum(tf.mul(output, tf.tensor(pulled, output.shape))), output };
      });
      for (const value of result.output.dataSync()) {
        sum += value;
        sumOfSquares += value * value;
        count++;
      }
      gradients.forEach((gradient, l) => (squares[l]! += meanSquare(gradient) * some.length));
    });
  }
  const ratios = layers.map(({ weight }, l) => Math.sqrt(squares[l]! / pictures.length / meanSquare(weight)));
  return { ratios, deviation: Math.sqrt(sumOfSquares / count - (sum / count) ** 2) };
}

/** Mean of |what a layer sees| over all pictures. */
function meanInput(encoder: Encoder, layer: string, pictures: readonly Uint8Array[], place: number): number {
  const parts = eachBatch(
    encoder,
    layer,
    pictures,
    place,
    ({ x }) => [tf.mean(tf.abs(x)).dataSync()[0]!, x.size] as const,
  );
  return parts.reduce((sum, [mean, size]) => sum + mean * size, 0) / parts.reduce((sum, [, size]) => sum + size, 0);
}

function meanSquare(tensor: Tensor): number {
  return tf.tidy(() => tf.mean(tf.square(tensor)).dataSync()[0]!);
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

function multiply(weights: Tensor, scale: number): void {
  assignWeights(
    weights,
    Float32Array.from(weights.dataSync(), (value) => value * scale),
  );
}
