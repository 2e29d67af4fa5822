import type { WangGuptaConfig } from '../../../src/models/wang-gupta/config.js';

/** A weight, as the trainer holds it. */
export interface PlainWeight {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface Plane {
  readonly side: number;
  readonly channels: number;
  readonly at: Float64Array; // [side, side, channels]
}

/**
 * The released network, written once more: loops in double precision, no library. What every layer gives for one picture.
 *
 * @param pixels [imageSize, imageSize, 3], RGB in 0–255.
 */
export function plainFeatures(
  pixels: ArrayLike<number>,
  weights: ReadonlyMap<string, PlainWeight>,
  { imageSize, colour, scale, conv1Stride, lastRelu }: WangGuptaConfig,
): Readonly<Record<string, number[]>> {
  const of = (name: string) => weights.get(name)!;
  const mean = of('data.mean').data;
  const input = Float64Array.from({ length: imageSize * imageSize * 3 }, (_, i) => {
    const channel = colour === 'bgr' ? 2 - (i % 3) : i % 3;
    return (pixels[i - (i % 3) + channel]! - mean[i]!) / scale;
  });
  const convolve = (x: Plane, name: string, { groups = 1, stride = 1, pad = 0 } = {}) =>
    relu(convolution(x, of(`${name}.weight`), of(`${name}.bias`), { groups, stride, pad }));
  let x: Plane = { side: imageSize, channels: 3, at: input };
  x = normalise(pool(convolve(x, 'conv1', { stride: conv1Stride })));
  x = normalise(pool(convolve(x, 'conv2', { groups: 2, pad: 2 })));
  const conv3 = convolve(x, 'conv3', { pad: 1 });
  const conv4 = convolve(conv3, 'conv4', { groups: 2, pad: 1 });
  const conv5 = pool(convolve(conv4, 'conv5', { groups: 2, pad: 1 }));
  const fc6 = full([...conv5.at], of('fc6.weight'), of('fc6.bias')).map((value) => Math.max(0, value));
  const last = full(fc6, of('fc7.weight'), of('fc7.bias'));
  const fc7 = lastRelu ? last.map((value) => Math.max(0, value)) : last;
  const length = Math.hypot(...fc7) + 1e-6;
  return {
    conv3: [...conv3.at],
    conv4: [...conv4.at],
    conv5: [...conv5.at],
    fc6,
    fc7,
    embedding: fc7.map((value) => value / length),
  };
}

export function convolution(
  { side, channels, at }: Plane,
  weight: PlainWeight,
  bias: PlainWeight,
  { groups, stride, pad }: { readonly groups: number; readonly stride: number; readonly pad: number },
): Plane {
  const [kernel, , inputs, outputs] = weight.shape as [number, number, number, number];
  const out = Math.floor((side + 2 * pad - kernel) / stride) + 1;
  const result = new Float64Array(out * out * outputs);
  for (let y = 0; y < out; y++) {
    for (let x = 0; x < out; x++) {
      for (let o = 0; o < outputs; o++) {
        const group = Math.floor(o / (outputs / groups));
        let sum = bias.data[o]!;
        for (let v = 0; v < kernel; v++) {
          for (let u = 0; u < kernel; u++) {
            const [row, column] = [y * stride + v - pad, x * stride + u - pad];
            if (row < 0 || column < 0 || row >= side || column >= side) continue;
            for (let c = 0; c < inputs; c++) {
              const value = at[(row * side + column) * channels + group * inputs + c]!;
              sum += value * weight.data[((v * kernel + u) * inputs + c) * outputs + o]!;
            }
          }
        }
        result[(y * out + x) * outputs + o] = sum;
      }
    }
  }
  return { side: out, channels: outputs, at: result };
}

/** Maxima of windows of 3 at every second place; the last one may stick out. */
export function pool({ side, channels, at }: Plane): Plane {
  const out = Math.ceil((side - 3) / 2) + 1;
  const result = new Float64Array(out * out * channels).fill(-Infinity);
  for (let y = 0; y < out; y++)
    for (let x = 0; x < out; x++)
      for (let v = 2 * y; v < Math.min(side, 2 * y + 3); v++)
        for (let u = 2 * x; u < Math.min(side, 2 * x + 3); u++)
          for (let c = 0; c < channels; c++) {
            const to = (y * out + x) * channels + c;
            result[to] = Math.max(result[to]!, at[(v * side + u) * channels + c]!);
          }
  return { side: out, channels, at: result };
}

export function normalise({ side, channels, at }: Plane): Plane {
  const result = at.map((value, i) => {
    const channel = i % channels;
    let sum = 0;
    for (let c = Math.max(0, channel - 2); c <= Math.min(channels - 1, channel + 2); c++)
      sum += at[i - channel + c]! ** 2;
    return value / (1 + (1e-4 / 5) * sum) ** 0.75;
  });
  return { side, channels, at: result };
}

export function relu(plane: Plane): Plane {
  return { ...plane, at: plane.at.map((value) => Math.max(0, value)) };
}

export function full(x: readonly number[], weight: PlainWeight, bias: PlainWeight): number[] {
  const outputs = bias.data.length;
  return Array.from({ length: outputs }, (_, o) =>
    x.reduce((sum, value, i) => sum + value * weight.data[i * outputs + o]!, bias.data[o]!),
  );
}
