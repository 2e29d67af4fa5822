import type { AmbientSoundConfig } from '../../../src/models/ambient-sound/config.js';

/** A weight, as the trainer holds it. */
export interface PlainWeight {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

type Weights = ReadonlyMap<string, PlainWeight>;

/** Pictures of a batch, each [side, side, channels]. */
interface Planes {
  readonly side: number;
  readonly channels: number;
  readonly at: readonly Float64Array[];
}

/**
 * The network while learning, without dropout, written once more: loops in double precision, no library.
 *
 * @param pixels each [imageSize, imageSize, 3], RGB in 0–255.
 * @returns scores of each picture.
 */
export function plainScores(
  pixels: readonly ArrayLike<number>[],
  weights: Weights,
  { imageSize, colour, mean, scale, channels, conv1Stride }: AmbientSoundConfig,
): number[][] {
  const inputs = pixels.map((picture) =>
    Float64Array.from({ length: imageSize * imageSize * 3 }, (_, i) => {
      const channel = i % 3;
      return (picture[i - channel + (colour === 'bgr' ? 2 - channel : channel)]! - mean[channel]!) / scale;
    }),
  );
  const five = channels.length === 5;
  let x: Planes = { side: imageSize, channels: 3, at: inputs };
  channels.forEach((_, i) => {
    const name = `conv${i + 1}`;
    const kernel = weights.get(`${name}.weight`)!.shape[0]!;
    const groups = five && [1, 3, 4].includes(i) ? 2 : 1;
    const made = convolution(x, weights, name, {
      groups,
      stride: i === 0 ? conv1Stride : 1,
      pad: i === 0 ? 0 : (kernel - 1) / 2,
    });
    x = { ...made, at: normalise(made.at, weights, name).map((plane) => plane.map((value) => Math.max(0, value))) };
    if (!five || [0, 1, 4].includes(i)) x = pool(x);
  });
  let rows: readonly Float64Array[] = x.at;
  for (const name of ['fc6', 'fc7']) {
    const made = rows.map((row) => full(row, weights, name));
    rows = normalise(made, weights, name).map((row) => row.map((value) => Math.max(0, value)));
  }
  return rows.map((row) => [...full(row, weights, 'fc8')]);
}

/** The loss of scores, as the definitions have it. */
export function plainLoss(
  scores: readonly number[][],
  {
    label,
    bits,
    weight,
  }: { readonly label: readonly number[]; readonly bits: readonly number[][]; readonly weight: readonly number[] },
  target: AmbientSoundConfig['target'],
): number {
  const losses = scores.map((row, i) => {
    if (target === 'clusters') {
      if (label[i]! < 0) return 0;
      return Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[label[i]!]!;
    }
    return row.reduce((sum, value, n) => {
      const chance = 1 / (1 + Math.exp(-value));
      return sum - Math.log(bits[i]![n] === 1 ? chance : 1 - chance);
    }, 0);
  });
  return losses.reduce((sum, loss, i) => sum + loss * weight[i]!, 0) / weight.reduce((a, b) => a + b, 0);
}

function convolution(
  { side, channels, at }: Planes,
  weights: Weights,
  name: string,
  { groups, stride, pad }: { readonly groups: number; readonly stride: number; readonly pad: number },
): Planes {
  const [weight, bias] = [weights.get(`${name}.weight`)!, weights.get(`${name}.bias`)!];
  const [kernel, , inputs, outputs] = weight.shape as [number, number, number, number];
  const out = Math.floor((side + 2 * pad - kernel) / stride) + 1;
  const planes = at.map((plane) => {
    const result = new Float64Array(out * out * outputs);
    for (let i = 0; i < result.length; i++) {
      const [o, x, y] = [i % outputs, Math.floor(i / outputs) % out, Math.floor(i / outputs / out)];
      const first = Math.floor(o / (outputs / groups)) * inputs;
      let sum = bias.data[o]!;
      for (let v = 0; v < kernel; v++) {
        for (let u = 0; u < kernel; u++) {
          const [row, column] = [y * stride + v - pad, x * stride + u - pad];
          if (row < 0 || column < 0 || row >= side || column >= side) continue;
          for (let c = 0; c < inputs; c++)
            sum +=
              plane[(row * side + column) * channels + first + c]! *
              weight.data[((v * kernel + u) * inputs + c) * outputs + o]!;
        }
      }
      result[i] = sum;
    }
    return result;
  });
  return { side: out, channels: outputs, at: planes };
}

/** By mean and variance of each channel over the batch and the picture; 1e-5 beside the variance. */
function normalise(rows: readonly Float64Array[], weights: Weights, name: string): Float64Array[] {
  const [scale, offset] = [weights.get(`${name}_bn.scale`)!.data, weights.get(`${name}_bn.offset`)!.data];
  const channels = scale.length;
  const count = (rows.length * rows[0]!.length) / channels;
  const [mean, variance] = [new Float64Array(channels), new Float64Array(channels)];
  for (const row of rows) row.forEach((value, i) => (mean[i % channels]! += value / count));
  for (const row of rows)
    row.forEach((value, i) => (variance[i % channels]! += (value - mean[i % channels]!) ** 2 / count));
  return rows.map((row) =>
    row.map((value, i) => {
      const c = i % channels;
      return ((value - mean[c]!) / Math.sqrt(variance[c]! + 1e-5)) * scale[c]! + offset[c]!;
    }),
  );
}

/** Maxima of windows of 3 at every second place; the last one may stick out. */
function pool({ side, channels, at }: Planes): Planes {
  const out = Math.ceil((side - 3) / 2) + 1;
  const planes = at.map((plane) => {
    const result = new Float64Array(out * out * channels).fill(-Infinity);
    for (let i = 0; i < result.length; i++) {
      const [c, x, y] = [i % channels, Math.floor(i / channels) % out, Math.floor(i / channels / out)];
      for (let v = 2 * y; v < Math.min(side, 2 * y + 3); v++)
        for (let u = 2 * x; u < Math.min(side, 2 * x + 3); u++)
          result[i] = Math.max(result[i]!, plane[(v * side + u) * channels + c]!);
    }
    return result;
  });
  return { side: out, channels, at: planes };
}

function full(x: Float64Array, weights: Weights, name: string): Float64Array {
  const [weight, bias] = [weights.get(`${name}.weight`)!, weights.get(`${name}.bias`)!];
  const outputs = bias.data.length;
  return Float64Array.from({ length: outputs }, (_, o) =>
    x.reduce((sum, value, i) => sum + value * weight.data[i * outputs + o]!, bias.data[o]!),
  );
}
