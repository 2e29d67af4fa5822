import type { SvgLpPlan } from '../../../src/models/svg-lp/plan.js';

/** A weight, as the trainer holds it. */
export interface PlainWeight {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Weights by name. */
export type PlainWeights = ReadonlyMap<string, PlainWeight>;

/** Feature maps of a batch. */
interface Maps {
  readonly count: number;
  readonly side: number;
  readonly channels: number;
  /** [count, side, side, channels]. */
  readonly at: Float64Array;
}

type Rows = number[][];

/** The terms of a plain loss. */
export interface PlainLoss {
  readonly loss: number;
  readonly error: number;
  readonly kl: number;
  /** [frames - 1], each [videos, side, side, channels]. */
  readonly decoded: readonly Float64Array[];
}

/**
 * Loss of SVG as the released training loop has it, written once more: frame by frame in double precision, every frame encoded
 * as a source and again as a target, skip connections put beside the features, batch statistics of one frame at a time.
 *
 * @param frames [frames] of [videos, side, side, channels] in 0–1.
 * @param noise [frames - 1][videos][latentSize].
 */
export function plainLoss(
  weights: PlainWeights,
  frames: readonly Float64Array[],
  noise: readonly Rows[],
  plan: SvgLpPlan,
): PlainLoss {
  const { imageSize: side, channels, observes, skipMode, prior, klWeight } = plan;
  const count = frames[0]!.length / (side * side * channels);
  const net = new Plain(weights, plan);
  const states = { posterior: [] as State[], prior: [] as State[], predictor: [] as State[] };
  const decoded: Float64Array[] = [];
  let [error, kl] = [0, 0];
  let skips: readonly Maps[] = [];
  for (let i = 1; i < frames.length; i++) {
    const source = net.encode({ count, side, channels, at: frames[i - 1]! });
    const target = net.encode({ count, side, channels, at: frames[i]! });
    const refresh = { lastGroundTruth: i <= observes, anchor: i < observes || i === 1, everyFrame: true }[skipMode];
    if (refresh) skips = source.skips;
    let inputs = source.code;
    if (prior !== 'none') {
      const q = net.gaussian('posterior', target.code, states.posterior);
      const p = prior === 'learned' ? net.gaussian('prior', source.code, states.prior) : null;
      const z = q.mean.map((row, b) =>
        row.map((mean, k) => mean + Math.exp(q.logVariance[b]![k]! / 2) * noise[i - 1]![b]![k]!),
      );
      inputs = source.code.map((row, b) => [...row, ...z[b]!]);
      for (let b = 0; b < count; b++)
        for (let k = 0; k < plan.latentSize; k++) {
          const [mq, vq] = [q.mean[b]![k]!, Math.exp(q.logVariance[b]![k]!)];
          const [mp, vp] = p ? [p.mean[b]![k]!, Math.exp(p.logVariance[b]![k]!)] : [0, 1];
          kl += (Math.log(Math.sqrt(vp) / Math.sqrt(vq)) + (vq + (mq - mp) * (mq - mp)) / (2 * vp) - 0.5) / count;
        }
    }
    const g = net
      .head('predictor', 'output', net.recur('predictor', inputs, states.predictor))
      .map((row) => row.map(Math.tanh));
    const frame = net.decode(g, skips).at;
    decoded.push(frame);
    error +=
      frame.reduce((sum, value, j) => sum + (value - frames[i]![j]!) * (value - frames[i]![j]!), 0) / frame.length;
  }
  return { loss: error + klWeight * kl, error, kl, decoded };
}

interface State {
  h: Rows;
  c: Rows;
}

class Plain {
  constructor(
    readonly weights: PlainWeights,
    readonly plan: SvgLpPlan,
  ) {}

  encode(frames: Maps): { code: Rows; skips: Maps[] } {
    const { imageSize, backbone } = this.plan;
    const levels = Math.log2(imageSize) - 2;
    const skips: Maps[] = [];
    let x = frames;
    for (let level = 1; level <= levels; level++) {
      if (backbone === 'dcgan')
        x = this.unit(convolve(x, this.of(`encoder.c${level}.weight`), 2, 1), `encoder.c${level}`);
      else
        for (let i = 1; this.weights.has(`encoder.c${level}_${i}.weight`); i++)
          x = this.unit(convolve(x, this.of(`encoder.c${level}_${i}.weight`), 1, 1), `encoder.c${level}_${i}`);
      skips.push(x);
      if (backbone === 'vgg') x = pool(x);
    }
    const top = `encoder.c${levels + 1}`;
    const code = this.unit(convolve(x, this.of(`${top}.weight`), 1, 0), top, Math.tanh);
    return { code: rowsOf(code), skips };
  }

  decode(codes: Rows, skips: readonly Maps[]): Maps {
    const { imageSize, backbone } = this.plan;
    const levels = Math.log2(imageSize) - 2;
    const input = { count: codes.length, side: 1, channels: codes[0]!.length, at: Float64Array.from(codes.flat()) };
    let x = this.unit(convolveTransposed(input, this.of('decoder.u1.weight'), 1, 0), 'decoder.u1');
    for (let n = 2; n <= levels + 1; n++) {
      const skip = skips[levels + 1 - n]!;
      const isLast = n === levels + 1;
      if (backbone === 'dcgan') {
        const y = convolveTransposed(beside(x, skip), this.of(`decoder.u${n}.weight`), 2, 1);
        x = isLast ? this.out(y, `decoder.u${n}`) : this.unit(y, `decoder.u${n}`);
        continue;
      }
      x = beside(enlarge(x), skip);
      for (let i = 1; this.weights.has(`decoder.u${n}_${i}.weight`); i++) {
        const name = `decoder.u${n}_${i}`;
        const ends = isLast && !this.weights.has(`decoder.u${n}_${i + 1}.weight`);
        x = ends
          ? this.out(convolveTransposed(x, this.of(`${name}.weight`), 1, 1), name)
          : this.unit(convolve(x, this.of(`${name}.weight`), 1, 1), name);
      }
    }
    return x;
  }

  gaussian(net: string, x: Rows, states: State[]): { mean: Rows; logVariance: Rows } {
    const h = this.recur(net, x, states);
    return { mean: this.head(net, 'mean', h), logVariance: this.head(net, 'logVariance', h) };
  }

  recur(net: string, x: Rows, states: State[]): Rows {
    let h = this.head(net, 'embed', x);
    for (let layer = 1; this.weights.has(`${net}.lstm${layer}.input`); layer++) {
      const zeros = () => h.map(() => new Array<number>(this.plan.hiddenSize).fill(0));
      const state = (states[layer - 1] ??= { h: zeros(), c: zeros() });
      const next = h.map((row, b) =>
        plainCell(row, { h: state.h[b]!, c: state.c[b]! }, this.cell(`${net}.lstm${layer}`)),
      );
      states[layer - 1] = { h: next.map((one) => one.h), c: next.map((one) => one.c) };
      h = states[layer - 1]!.h;
    }
    return h;
  }

  head(net: string, head: string, x: Rows): Rows {
    return multiply(x, this.of(`${net}.${head}.weight`), this.of(`${net}.${head}.bias`).data);
  }

  private cell(name: string): CellWeights {
    const [bias, second] = [this.of(`${name}.bias`).data, this.weights.get(`${name}.hiddenBias`)?.data];
    return {
      input: this.of(`${name}.input`).data,
      hidden: this.of(`${name}.hidden`).data,
      bias: bias.map((value, i) => value + (second?.[i] ?? 0)),
    };
  }

  private of(name: string): PlainWeight {
    const found = this.weights.get(name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  }

  private biased(x: Maps, name: string): Maps {
    const bias = this.of(`${name}.bias`).data;
    return { ...x, at: x.at.map((value, i) => value + bias[i % x.channels]!) };
  }

  private out(x: Maps, name: string): Maps {
    const y = this.biased(x, name);
    return { ...y, at: y.at.map((value) => 1 / (1 + Math.exp(-value))) };
  }

  private unit(x: Maps, name: string, activation = (value: number) => (value > 0 ? value : 0.2 * value)): Maps {
    const { at, channels } = this.biased(x, name);
    const [scale, offset] = [this.of(`${name}_bn.scale`).data, this.of(`${name}_bn.offset`).data];
    const count = at.length / channels;
    const out = new Float64Array(at.length);
    for (let c = 0; c < channels; c++) {
      let [mean, variance] = [0, 0];
      for (let i = c; i < at.length; i += channels) mean += at[i]! / count;
      for (let i = c; i < at.length; i += channels) variance += ((at[i]! - mean) * (at[i]! - mean)) / count;
      for (let i = c; i < at.length; i += channels)
        out[i] = activation(((at[i]! - mean) / Math.sqrt(variance + 1e-5)) * scale[c]! + offset[c]!);
    }
    return { ...x, at: out };
  }
}

/** Weights of an LSTM: [inputs, 4 · hidden], [hidden, 4 · hidden], [4 · hidden]. */
export interface CellWeights {
  readonly input: ArrayLike<number>;
  readonly hidden: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

/** One LSTM step of one row, gates i, f, g, o. */
export function plainCell(
  x: readonly number[],
  state: { h: number[]; c: number[] },
  weights: CellWeights,
): { h: number[]; c: number[] } {
  const size = state.h.length;
  const gate = (n: number) =>
    weights.bias[n]! +
    x.reduce((sum, value, i) => sum + value * weights.input[i * 4 * size + n]!, 0) +
    state.h.reduce((sum, value, i) => sum + value * weights.hidden[i * 4 * size + n]!, 0);
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
  const c = state.c.map((old, k) => sigmoid(gate(size + k)) * old + sigmoid(gate(k)) * Math.tanh(gate(2 * size + k)));
  return { c, h: c.map((value, k) => sigmoid(gate(3 * size + k)) * Math.tanh(value)) };
}

function multiply(x: Rows, weight: PlainWeight, bias: Float64Array): Rows {
  const outputs = bias.length;
  return x.map((row) =>
    Array.from(bias, (value, o) => row.reduce((sum, one, i) => sum + one * weight.data[i * outputs + o]!, value)),
  );
}

function rowsOf({ count, at }: Maps): Rows {
  const length = at.length / count;
  return Array.from({ length: count }, (_, b) => Array.from(at.subarray(b * length, (b + 1) * length)));
}

/** Visits the taps of a convolution: places in the large map, in the small one, and in the kernel. */
function eachTap(
  {
    count,
    large,
    small,
    kernel,
    stride,
    pad,
  }: Record<'count' | 'large' | 'small' | 'kernel' | 'stride' | 'pad', number>,
  visit: (inLarge: number, inSmall: number, tap: number) => void,
): void {
  for (let n = 0; n < count; n++)
    for (let y = 0; y < small; y++)
      for (let x = 0; x < small; x++)
        for (let v = 0; v < kernel; v++)
          for (let u = 0; u < kernel; u++) {
            const [row, column] = [y * stride + v - pad, x * stride + u - pad];
            if (row < 0 || column < 0 || row >= large || column >= large) continue;
            visit((n * large + row) * large + column, (n * small + y) * small + x, v * kernel + u);
          }
}

function convolve(x: Maps, { shape, data }: PlainWeight, stride: number, pad: number): Maps {
  const [kernel, , inputs, outputs] = shape as [number, number, number, number];
  const side = Math.floor((x.side + 2 * pad - kernel) / stride) + 1;
  const at = new Float64Array(x.count * side * side * outputs);
  eachTap({ count: x.count, large: x.side, small: side, kernel, stride, pad }, (from, to, tap) => {
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++)
        at[to * outputs + o]! += x.at[from * inputs + i]! * data[(tap * inputs + i) * outputs + o]!;
  });
  return { count: x.count, side, channels: outputs, at };
}

function convolveTransposed(x: Maps, { shape, data }: PlainWeight, stride: number, pad: number): Maps {
  const [kernel, , outputs, inputs] = shape as [number, number, number, number];
  const side = (x.side - 1) * stride + kernel - 2 * pad;
  const at = new Float64Array(x.count * side * side * outputs);
  eachTap({ count: x.count, large: side, small: x.side, kernel, stride, pad }, (to, from, tap) => {
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++)
        at[to * outputs + o]! += x.at[from * inputs + i]! * data[(tap * outputs + o) * inputs + i]!;
  });
  return { count: x.count, side, channels: outputs, at };
}

function beside(a: Maps, b: Maps): Maps {
  const at = new Float64Array(a.at.length + b.at.length);
  const channels = a.channels + b.channels;
  for (let p = 0; p < a.count * a.side * a.side; p++) {
    at.set(a.at.subarray(p * a.channels, (p + 1) * a.channels), p * channels);
    at.set(b.at.subarray(p * b.channels, (p + 1) * b.channels), p * channels + a.channels);
  }
  return { ...a, channels, at };
}

function enlarge(x: Maps): Maps {
  return mapPlaces(x, 2 * x.side, (y, u) => [[y >> 1, u >> 1]]);
}

function pool(x: Maps): Maps {
  return mapPlaces(x, x.side / 2, (y, u) => [0, 1].flatMap((v) => [0, 1].map((w) => [2 * y + v, 2 * u + w] as const)));
}

/** The largest of some places for each place of another size. */
function mapPlaces(
  x: Maps,
  side: number,
  from: (y: number, x: number) => readonly (readonly [number, number])[],
): Maps {
  const at = new Float64Array(x.count * side * side * x.channels);
  for (let n = 0, to = 0; n < x.count; n++)
    for (let y = 0; y < side; y++)
      for (let u = 0; u < side; u++)
        for (let c = 0; c < x.channels; c++, to++)
          at[to] = Math.max(...from(y, u).map(([v, w]) => x.at[((n * x.side + v) * x.side + w) * x.channels + c]!));
  return { ...x, side, at };
}
