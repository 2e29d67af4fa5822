import { tf, type Encoder, type Predictor, type PredictorState, type Trainer } from '../../engine/index.js';
import type { PredNetConfig } from './config.js';
import { uniteKernels, type Tensor } from './kernels.js';
import { anticipate, compare, predictFrame, type LayerState, type PredNet } from './network.js';
import { layerSizes } from './shapes.js';

/** The network on the weights as they are now. */
export function openNetwork(variables: Trainer['variables'], config: PredNetConfig): PredNet {
  return { kernels: uniteKernels(variables, config), sizes: layerSizes(config), pixels: config.pixels };
}

/**
 * Sees frames, then goes on with its own predictions in their place. As in the reference it is shown, in place of a frame that has not come,
 * what it predicted for the frame before that one.
 */
export function createPredictor(variables: Trainer['variables'], config: PredNetConfig): Predictor {
  const { width, height, channels, frames, extrapolateFrom } = config;
  const sizes = layerSizes(config);
  const open = () => openNetwork(variables, config);
  return {
    width,
    height,
    channels,
    observes: extrapolateFrom > 0 ? extrapolateFrom : frames - 1,
    predicts: extrapolateFrom > 0 ? frames - extrapolateFrom : 1,
    isStochastic: false,
    init: (batchSize) =>
      tf.tidy(() =>
        writeState(
          sizes.map((size) => {
            const zeros = (features: number) => tf.zeros([batchSize, size.height, size.width, features]);
            return { representation: zeros(size.states), cell: zeros(size.states), error: zeros(2 * size.targets) };
          }),
          tf.zeros([batchSize, height, width, channels]),
        ),
      ),
    observe: (state, frame) =>
      tf.tidy(() => {
        const net = open();
        const expected = anticipate(net, readState(state, sizes.length));
        const { raw, shown } = predictFrame(net, expected[0]!.representation);
        return writeState(compare(net, expected, { frame, raw }), shown);
      }),
    predict: (state, steps) =>
      tf.tidy(() => {
        const net = open();
        let layers = readState(state, sizes.length);
        let last: Tensor = state['prediction']!;
        const future: Tensor[] = [];
        for (let step = 0; step < steps; step++) {
          const expected = anticipate(net, layers);
          const { raw, shown } = predictFrame(net, expected[0]!.representation);
          if (step + 1 < steps) layers = compare(net, expected, { frame: last, raw });
          last = shown;
          future.push(shown);
        }
        return tf.stack(future, 1);
      }),
  };
}

/** Reads R of a still picture after it was shown a few times; the top layer comes first. */
export function createEncoder(variables: Trainer['variables'], config: PredNetConfig): Encoder {
  const sizes = layerSizes(config);
  const counts = sizes.map(({ height, width, states }, l) => [`R${l}`, height * width * states] as const).reverse();
  const layers = Object.fromEntries(counts);
  return {
    width: config.width,
    height: config.height,
    layers,
    encode: (images, layer) =>
      tf.tidy(() => {
        if (!(layer in layers)) throw new RangeError(`The encoder has no layer ${JSON.stringify(layer)}.`);
        const net = openNetwork(variables, config);
        const batch = images.shape[0];
        const frame = toFrame(images, config.channels);
        let seen: readonly LayerState[] | null = null;
        for (let shown = 1; shown < config.encoderFrames; shown++) {
          const expected = anticipate(net, seen).map(({ representation, cell }) => ({
            representation: tf.broadcastTo(representation, [batch, ...representation.shape.slice(1)]),
            cell,
          }));
          seen = compare(net, expected, { frame, raw: predictFrame(net, expected[0]!.representation).raw });
        }
        const last = anticipate(net, seen)[Number(layer.slice(1))]!.representation;
        return tf.reshape(last, [batch, -1]);
      }),
  };
}

/** RGB in 0–255 as a frame in 0–1, of brightness alone where that is what the network sees. */
function toFrame(images: Tensor, channels: 1 | 3): Tensor {
  const scaled = tf.div(images, 255);
  return channels === 3 ? scaled : tf.sum(tf.mul(scaled, tf.tensor1d([0.299, 0.587, 0.114])), -1, true);
}

function writeState(layers: readonly LayerState[], prediction: Tensor): PredictorState {
  const named = layers.flatMap(({ representation, cell, error }, l) => [
    [`representation${l}`, representation],
    [`cell${l}`, cell],
    [`error${l}`, error],
  ]);
  return { ...(Object.fromEntries(named) as PredictorState), prediction };
}

function readState(state: PredictorState, count: number): readonly LayerState[] {
  return Array.from({ length: count }, (_, l) => ({
    representation: state[`representation${l}`]!,
    cell: state[`cell${l}`]!,
    error: state[`error${l}`]!,
  }));
}
