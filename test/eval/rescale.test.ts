import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import {
  batchNormInference,
  conv2d,
  dense,
  localResponseNormalization,
  maxPool,
  relu,
  selectBackend,
  tf,
  watchLayers,
  type Tensor,
} from '../../src/engine/index.js';
import type { TunableEncoder } from '../../src/eval/action-recognition/fine-tune.js';
import { mergeNormalization } from '../../src/eval/action-recognition/merge-normalization.js';
import { noticeableDrift, rescale } from '../../src/eval/action-recognition/rescale.js';
import { resolveTaskConfig, tasks } from '../../src/models/index.js';

beforeAll(() => selectBackend('auto'));

const size = 16;

interface Network extends TunableEncoder {
  dispose(): void;
}

/** Two convolutions, the second in two groups, and two dense layers, of scales far apart; `between` comes after the first. */
function makeNetwork({
  scales = [3, 0.02, 0.5, 40],
  between = (x) => x,
  biases = true,
  twice = false,
}: {
  readonly scales?: readonly number[];
  readonly between?: (x: Tensor) => Tensor;
  readonly biases?: boolean;
  readonly twice?: boolean;
} = {}): Network {
  const random = createRandom('weights');
  const normal = (shape: number[], scale: number) =>
    tf.tidy(() => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => scale * random.normal());
      return tf.variable(tf.tensor(data, shape));
    });
  const layers = [
    [5, 5, 3, 6],
    [3, 3, 3, 8],
    [4 * 4 * 8, 12],
    [12, 12],
  ].map((shape, l) => ({
    weight: normal(shape, 0.2 * scales[l]!),
    bias: biases ? normal([shape.at(-1)!], scales[l]!) : null,
  }));
  const of = (l: number) => layers[l]!;
  const weights = layers.flatMap(({ weight, bias }) => (bias ? [weight, bias] : [weight]));
  const convolve = (x: Tensor, l: number, groups = 1) => {
    const { weight, bias } = of(l);
    return conv2d(x, weight, { stride: 2, groups, ...(bias ? { bias } : {}) });
  };
  const apply = (x: Tensor, l: number) => dense(x, of(l).weight, of(l).bias ?? undefined);
  return {
    width: size,
    height: size,
    layers: { last: 12 },
    weights,
    encode: (images) =>
      tf.tidy(() => {
        let x: Tensor = tf.sub(tf.div(images, 128), 1);
        x = relu(between(convolve(x, 0)));
        x = relu(convolve(maxPool(x, { size: 1, stride: 1, pad: 'ceil' }), 1, 2));
        x = relu(apply(tf.reshape(x, [images.shape[0], -1]), 2));
        return apply(twice ? relu(apply(x, 3)) : x, 3);
      }),
    dispose: () => tf.dispose(weights),
  };
}

function makePictures(count: number, width = size, height = width): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const random = createRandom(`blobs ${n}`);
    const [a, b, phase] = [random.float(), random.float(), 6 * random.float()];
    return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
      return 128 + 90 * Math.sin(a * x + b * y + phase + c) + 20 * random.float();
    });
  });
}

function outputsOf(encoder: TunableEncoder, pictures: readonly Uint8Array[], layer = 'last'): Float32Array {
  return tf.tidy(() => {
    const pixels = new Float32Array(pictures.flatMap((picture) => [...picture]));
    const images = tf.tensor(pixels, [pictures.length, encoder.height, encoder.width, 3]);
    return Float32Array.from(encoder.encode(images, layer).dataSync());
  });
}

const spread = (values: ArrayLike<number>) => {
  const mean = Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};
const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));
const farthest = (a: Float32Array, b: Float32Array) => largest(a.map((value, i) => value - b[i]!));

/** Root mean square of the gradient over that of the weights, by central differences: as far from the code as can be. */
function slowRatios(encoder: TunableEncoder, pictures: readonly Uint8Array[], noise: Float32Array): number[] {
  const loss = () => outputsOf(encoder, pictures).reduce((sum, value, i) => sum + value * noise[i]!, 0);
  const squareMean = (values: ArrayLike<number>) =>
    Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length;
  return encoder.weights
    .filter(({ rank }) => rank > 1)
    .map((weight) => {
      const values = Float32Array.from(weight.dataSync());
      const step = 1e-3 * Math.sqrt(squareMean(values));
      const put = (data: Float32Array) => tf.tidy(() => weight.assign(tf.tensor(data, weight.shape)));
      const slopes = Array.from(values, (value, i) => {
        const [up, down] = [1, -1].map((sign) => {
          put(values.map((each, j) => (i === j ? value + sign * step : each)));
          return loss();
        }) as [number, number];
        return (up - down) / (2 * step);
      });
      put(values);
      return Math.sqrt(squareMean(slopes) / squareMean(values));
    });
}

describe('rescaling', () => {
  it('leaves what a network of relus gives, biases included, up to one factor, and its layers learn equally fast', () => {
    const network = makeNetwork();
    const pictures = makePictures(12);
    const before = outputsOf(network, pictures);
    const tensors = tf.memory().numTensors;
    const found = rescale(network, 'last', pictures, createRandom(1));
    expect(tf.memory().numTensors).toBe(tensors);
    const after = outputsOf(found.encoder, pictures);
    const factor = largest(after) / largest(before);
    expect(factor).not.toBeCloseTo(1, 1);
    expect(farthest(after, before.map((value) => value * factor))).toBeLessThan(1e-4 * largest(after)); // prettier-ignore
    expect(found.isEven).toBe(true);
    expect(found.ratios).toHaveLength(4);
    for (const ratio of found.ratios) expect(Math.abs(Math.log(ratio / found.target))).toBeLessThan(0.01);
    expect(Math.abs(Math.log(spread(after)))).toBeLessThan(0.05);
    expect(found.drift).toBeLessThan(1e-3);
    network.dispose();
  });

  it('measures learning as differences of the loss do: ratios that were far apart are equal', () => {
    const network = makeNetwork();
    const pictures = makePictures(4);
    const random = createRandom('noise of the test');
    const noise = Float32Array.from({ length: 4 * 12 }, () => random.normal());
    const apart = slowRatios(network, pictures, noise);
    expect(Math.max(...apart) / Math.min(...apart)).toBeGreaterThan(50);
    const { encoder } = rescale(network, 'last', pictures, createRandom(1));
    const even = slowRatios(encoder, pictures, noise); // other noise: the same but for chance
    expect(Math.max(...even) / Math.min(...even)).toBeLessThan(2.5);
    network.dispose();
  });

  it('gives the same network whichever of its layers had the scale', () => {
    const networks = [[3, 0.02, 0.5, 40], [3, 20, 0.5, 0.04]].map((scales) => makeNetwork({ scales, biases: false })); // prettier-ignore
    for (const network of networks) rescale(network, 'last', makePictures(8), createRandom(1));
    const [one, other] = networks.map(({ weights }) => weights.map((weight) => Float32Array.from(weight.dataSync())));
    one!.forEach((values, i) => expect(farthest(values, other![i]!)).toBeLessThan(0.02 * largest(values)));
    networks.forEach((network) => network.dispose());
  });

  it('evens the layers of a network with local response normalisation out, too, and tells that it then gives other answers', () => {
    const strong = makeNetwork({ scales: [300, 1, 1, 1], between: (x) => localResponseNormalization(x) });
    const found = rescale(strong, 'last', makePictures(12), createRandom(1));
    expect(found.isEven).toBe(true);
    expect(found.drift).toBeGreaterThan(noticeableDrift);
    const weak = makeNetwork({ scales: [0.1, 1, 1, 1], between: (x) => localResponseNormalization(x) });
    expect(rescale(weak, 'last', makePictures(12), createRandom(1)).drift).toBeLessThan(noticeableDrift);
    [strong, weak].forEach((network) => network.dispose());
  });

  it('refuses weights that run twice, and features that never differ', () => {
    const network = makeNetwork({ twice: true });
    expect(() => rescale(network, 'last', makePictures(4), createRandom(1))).toThrow(/more than once/);
    const flat = { ...network, encode: (images: Tensor) => tf.fill([images.shape[0], 12], 1) };
    expect(() => rescale(flat, 'last', makePictures(4), createRandom(1))).toThrow(/same for all pictures/);
    network.dispose();
  });
});

describe('merging batch normalisation', () => {
  it('changes no output, and leaves none to run', () => {
    const values = (from: number) => tf.tensor1d(Array.from({ length: 6 }, (_, i) => from + 0.3 * Math.sin(i)));
    const network = makeNetwork({
      scales: [1, 1, 1, 1],
      between: (x) =>
        tf.tidy(() => batchNormInference(x, values(0.2), values(2), { scale: values(1.3), offset: values(-0.1) })),
    });
    const pictures = makePictures(6);
    const before = outputsOf(network, pictures);
    const merged = mergeNormalization(network, 'last', pictures[0]!);
    expect(farthest(outputsOf(merged, pictures), before)).toBeLessThan(1e-4 * largest(before));
    expect(farthest(outputsOf(network, pictures), before)).toBeGreaterThan(1e-2 * largest(before)); // normalised once more
    let left = 0;
    tf.tidy(() => {
      const images: Tensor = tf.ones([1, size, size, 3]);
      watchLayers(() => merged.encode(images, 'last'), () => undefined, () => left++); // prettier-ignore
    });
    expect(left).toBe(0);
    network.dispose();
  });

  it('refuses one that follows no layer, or one without a bias', () => {
    const normalise = (x: Tensor) => batchNormInference(x, tf.scalar(0), tf.scalar(1));
    const late = makeNetwork({ between: (x) => normalise(relu(x)) });
    const bare = makeNetwork({ between: normalise, biases: false });
    for (const network of [late, bare]) {
      expect(() => mergeNormalization(network, 'last', makePictures(1)[0]!)).toThrow(/cannot be merged/);
      network.dispose();
    }
  });
});

/** The encoder of a task's smallest preset, its batch normalisation as if it had learned for long. */
async function openTask(name: string): Promise<Network & { readonly layer: string }> {
  const task = await tasks.load(name);
  const random = createRandom(name);
  const trainer = task.createTrainer(resolveTaskConfig(task, { set: ['preset=tiny'] }).config, random.fork('init'));
  const from = { mean: [-0.3, 0.3], variance: [0.5, 2], weight: [1, 1], scale: [0.7, 1.3], offset: [-0.2, 0.2] };
  for (const [variable, values] of trainer.variables) {
    const range = variable.includes('_bn.') ? from[variable.split('.').at(-1) as keyof typeof from] : null;
    const [low, high] = range ?? [0, 0];
    const drawn = Float32Array.from({ length: values.size }, () => low! + (high! - low!) * random.float());
    if (range) tf.tidy(() => values.assign(tf.tensor(drawn, values.shape)));
  }
  const encoder = trainer.encoder!;
  const weights = [...trainer.variables.values()].filter(({ trainable }) => trainable);
  return { ...encoder, weights, layer: Object.keys(encoder.layers)[0]!, dispose: () => trainer.dispose() };
}

describe('the encoder of', () => {
  it.each(['ambient-sound', 'deep3d', 'motion-segmentation', 'shuffle-and-learn', 'wang-gupta'])(
    '%s gives with merged batch normalisation what it gave, and its layers come to learn equally fast',
    async (name) => {
      const network = await openTask(name);
      const pictures = makePictures(4, network.width, network.height);
      const before = outputsOf(network, pictures, network.layer);
      const merged = mergeNormalization(network, network.layer, pictures[0]!);
      expect(farthest(outputsOf(merged, pictures, network.layer), before)).toBeLessThan(1e-4 * largest(before));
      expect(rescale(merged, network.layer, pictures, createRandom(1)).isEven).toBe(true);
      network.dispose();
    },
  );

  it('prednet is told to be another after rescaling: its gates are not homogeneous', async () => {
    const network = await openTask('prednet');
    const pictures = makePictures(4, network.width, network.height);
    const { isEven, drift } = rescale(network, network.layer, pictures, createRandom(1));
    expect(isEven && drift < noticeableDrift).toBe(false);
    network.dispose();
  });
});
