import { tf, type Encoder, type Predictor, type PredictorState, type Trainer } from '../../engine/index.js';
import type { PredNetConfig } from './config.js';
import { uniteKernels, type Tensor } from './kernels.js';
import { anticipate, compare, predictFrame, type LayerActivity, type LayerState, type PredNet } from './network.js';
import { layerSizes, type LayerSize } from './shapes.js';

/** The network on the weights as they are now. */
export function openNetwork(variables: Trainer['variables'], config: PredNetConfig): PredNet {
  const { pixels, passes } = config;
  return { kernels: uniteKernels(variables, config), sizes: layerSizes(config), pixels, passes };
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
            return { representation: zeros(size.states), cell: zeros(size.states), passed: zeros(2 * size.targets) };
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

/** What can be read of each layer, by the reference's letters. */
const readable = {
  R: 'representation',
  E: 'error',
  A: 'target',
  Ahat: 'prediction',
} as const satisfies Record<string, keyof LayerActivity>;

/**
 * Reads one layer of a still picture after it was shown a few times, flat: `R`, `E`, `A` or `Ahat` with its place in the stack, 0 for the lowest.
 * R comes first, and of each the top one.
 */
export function createEncoder(variables: Trainer['variables'], config: PredNetConfig): Encoder {
  const sizes = layerSizes(config);
  const features = ({ states, targets }: LayerSize, letter: string) =>
    letter === 'R' ? states : letter === 'E' ? 2 * targets : targets;
  const places = Object.entries(readable).flatMap(([letter, part]) =>
    sizes
      .map((size, l) => ({ name: `${letter}${l}`, part, l, count: size.height * size.width * features(size, letter) }))
      .reverse(),
  );
  return {
    width: config.width,
    height: config.height,
    layers: Object.fromEntries(places.map(({ name, count }) => [name, count])),
    encode: (images, layer) =>
      tf.tidy(() => {
        const place = places.find(({ name }) => name === layer);
        if (!place) throw new RangeError(`The encoder has no layer ${JSON.stringify(layer)}.`);
        const { part, l } = place;
        const net = openNetwork(variables, config);
        const batch = images.shape[0];
        const frame = toFrame(images, config.channels);
        const show = (expected: ReturnType<typeof anticipate>, depth = sizes.length) => {
          const { raw } = predictFrame(net, expected[0]!.representation);
          return compare(net, expected, { frame, raw, depth });
        };
        let seen: readonly LayerState[] | null = null;
        for (let shown = 1; shown < config.encoderFrames; shown++) {
          const expected = anticipate(net, seen).map(({ representation, cell }) => ({
            representation: tf.broadcastTo(representation, [batch, ...representation.shape.slice(1)]),
            cell,
          }));
          seen = show(expected);
        }
        const last = anticipate(net, seen);
        const read = part === 'representation' ? last[l]!.representation : show(last, l + 1)[l]![part];
        return tf.reshape(read, [batch, -1]);
      }),
  };
}

/** RGB in 0–255 as a frame in 0–1, of brightness alone where that is what the network sees. */
function toFrame(images: Tensor, channels: 1 | 3): Tensor {
  const scaled = tf.div(images, 255);
  return channels === 3 ? scaled : tf.sum(tf.mul(scaled, tf.tensor1d([0.299, 0.587, 0.114])), -1, true);
}

function writeState(layers: readonly LayerState[], prediction: Tensor): PredictorState {
  const named = layers.flatMap(({ representation, cell, passed }, l) => [
    [`representation${l}`, representation],
    [`cell${l}`, cell],
    [`passed${l}`, passed],
  ]);
  return { ...(Object.fromEntries(named) as PredictorState), prediction };
}

function readState(state: PredictorState, count: number): readonly LayerState[] {
  return Array.from({ length: count }, (_, l) => ({
    representation: state[`representation${l}`]!,
    cell: state[`cell${l}`]!,
    passed: state[`passed${l}`]!,
  }));
}
