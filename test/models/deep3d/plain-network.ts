import type { Deep3dConfig } from '../../../src/models/deep3d/config.js';

/** A weight, as the trainer holds it. */
export interface PlainWeight {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

interface Map3 {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly at: Float64Array; // [height, width, channels]
}

/**
 * Deep3D once more: loops in double precision, no library, inference. Gives the right eye of one picture, and its distribution over shifts.
 *
 * @param left [height, width, 3], 0–255.
 */
export function plainRight(
  left: ArrayLike<number>,
  weights: ReadonlyMap<string, PlainWeight>,
  config: Deep3dConfig,
): { readonly right: Float64Array; readonly probabilities: Float64Array } {
  const { width, height, mean, scale, channels, convolutions, reach, emptyChannel } = config;
  const of = (name: string) => weights.get(name)!;
  let x: Map3 = {
    height,
    width,
    channels: 3,
    at: Float64Array.from({ length: height * width * 3 }, (_, i) => (left[i]! - mean[i % 3]!) / scale),
  };
  const levels: Map3[] = [];
  channels.forEach((_, level) => {
    for (let n = 1; n <= convolutions[level]!; n++)
      x = relu(convolve(x, of(`conv${level + 1}_${n}.weight`), of(`conv${level + 1}_${n}.bias`)));
    x = pool(x);
    levels.push(x);
  });
  const fc6 = linear(x.at, of('fc6.weight'), of('fc6.bias')).map((v) => Math.max(0, v));
  const fc7 = linear(fc6, of('fc7.weight'), of('fc7.bias')).map((v) => Math.max(0, v));
  const deepest = levels.at(-1)!;
  const shifts = 2 * reach + 1;
  const maps = levels.slice(0, -1).map((map, level) => {
    const part = (name: string) => of(`branch${level + 1}_bn.${name}`).data;
    const normal = map.at.map((value, i) => {
      const c = i % map.channels;
      return (
        ((value - part('mean')[c]!) / Math.sqrt(part('variance')[c]! + 1e-3)) * part('scale')[c]! + part('offset')[c]!
      );
    });
    return relu(convolve({ ...map, at: normal }, of(`branch${level + 1}.weight`), of(`branch${level + 1}.bias`)));
  });
  maps.push(
    relu({
      height: deepest.height,
      width: deepest.width,
      channels: shifts,
      at: linear(fc7, of('fc8.weight'), of('fc8.bias')),
    }),
  );
  const parts = maps.map((map, level) =>
    enlarge(map, of(`up${level + 1}.weight`), of(`up${level + 1}.bias`), 2 ** level),
  );
  const sum = { ...parts[0]!, at: parts[0]!.at.map((_, i) => parts.reduce((total, part) => total + part.at[i]!, 0)) };
  const logits = convolve(
    relu(enlarge(relu(sum), of('up.weight'), of('up.bias'), 2)),
    of('last.weight'),
    of('last.bias'),
  );
  const probabilities = new Float64Array(logits.at.length);
  const right = new Float64Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const own = logits.at.subarray(i * shifts, (i + 1) * shifts);
    const most = Math.max(...own);
    const total = own.reduce((s, v) => s + Math.exp(v - most), 0);
    own.forEach((v, k) => {
      const p = Math.exp(v - most) / total;
      probabilities[i * shifts + k] = p;
      if (emptyChannel && k === 0) return;
      const from = Math.min(width - 1, Math.max(0, (i % width) - (k - reach)));
      for (let c = 0; c < 3; c++) right[3 * i + c]! += p * left[3 * (i - (i % width) + from) + c]!;
    });
  }
  return { right, probabilities };
}

function relu(map: Map3): Map3 {
  return { ...map, at: map.at.map((v) => Math.max(0, v)) };
}

function convolve(x: Map3, { shape, data }: PlainWeight, bias: PlainWeight): Map3 {
  const [size, , inputs, outputs] = shape as [number, number, number, number];
  const half = (size - 1) / 2;
  const at = new Float64Array(x.height * x.width * outputs);
  for (let y = 0; y < x.height; y++)
    for (let u = 0; u < x.width; u++)
      for (let o = 0; o < outputs; o++) {
        let sum = bias.data[o]!;
        for (let dy = 0; dy < size; dy++)
          for (let dx = 0; dx < size; dx++) {
            const [row, column] = [y + dy - half, u + dx - half];
            if (row < 0 || column < 0 || row >= x.height || column >= x.width) continue;
            for (let c = 0; c < inputs; c++)
              sum +=
                x.at[(row * x.width + column) * inputs + c]! * data[((dy * size + dx) * inputs + c) * outputs + o]!;
          }
        at[(y * x.width + u) * outputs + o] = sum;
      }
  return { ...x, channels: outputs, at };
}

function pool(x: Map3): Map3 {
  const [height, width] = [x.height / 2, x.width / 2];
  const at = new Float64Array(height * width * x.channels);
  for (let i = 0; i < at.length; i++) {
    const [c, u, y] = [i % x.channels, Math.floor(i / x.channels) % width, Math.floor(i / (x.channels * width))];
    const value = (dy: number, dx: number) => x.at[((2 * y + dy) * x.width + 2 * u + dx) * x.channels + c]!;
    at[i] = Math.max(value(0, 0), value(0, 1), value(1, 0), value(1, 1));
  }
  return { height, width, channels: x.channels, at };
}

function linear(x: ArrayLike<number>, { shape, data }: PlainWeight, bias: PlainWeight): Float64Array {
  const [inputs, outputs] = shape as [number, number];
  return Float64Array.from({ length: outputs }, (_, o) => {
    let sum = bias.data[o]!;
    for (let i = 0; i < inputs; i++) sum += x[i]! * data[i * outputs + o]!;
    return sum;
  });
}

/** Each input number is spread over a kernel's place: the middle of the kernel lies on the middle of the pixel. */
function enlarge(x: Map3, { shape, data }: PlainWeight, bias: PlainWeight, factor: number): Map3 {
  const [size, , outputs, inputs] = shape as [number, number, number, number];
  const [height, width, pad] = [x.height * factor, x.width * factor, (size - factor) / 2];
  const at = Float64Array.from({ length: height * width * outputs }, (_, i) => bias.data[i % outputs]!);
  for (let y = 0; y < x.height; y++)
    for (let u = 0; u < x.width; u++)
      for (let dy = 0; dy < size; dy++)
        for (let dx = 0; dx < size; dx++) {
          const [row, column] = [y * factor + dy - pad, u * factor + dx - pad];
          if (row < 0 || column < 0 || row >= height || column >= width) continue;
          for (let o = 0; o < outputs; o++)
            for (let c = 0; c < inputs; c++)
              at[(row * width + column) * outputs + o]! +=
                x.at[(y * x.width + u) * inputs + c]! * data[((dy * size + dx) * outputs + o) * inputs + c]!;
        }
  return { height, width, channels: outputs, at };
}
