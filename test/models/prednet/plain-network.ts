import type { PredNetConfig } from '../../../src/models/prednet/config.js';

/** A weight's numbers, in our layout. */
export interface PlainWeight {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A picture of one clip: [height, width, channels]. */
interface Grid {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/** What the rewrite makes of one clip. */
export interface PlainRollOut {
  /** Ahat_0 of each frame. */
  readonly predictions: readonly Float64Array[];
  /** Mean of E, by frame and layer. */
  readonly errors: readonly (readonly number[])[];
  /** By frame and layer: R, E, A, Ahat. */
  readonly layers: readonly (readonly {
    readonly R: Grid;
    readonly E: Grid;
    readonly A: Grid;
    readonly Ahat: Grid;
  }[])[];
}

/** PredNet of one clip in double precision, written after the specification with loops and nothing united. */
export function plainRollOut(
  frames: readonly ArrayLike<number>[],
  weights: ReadonlyMap<string, PlainWeight>,
  {
    width,
    height,
    channels,
    targetChannels,
    stateChannels,
    pixels,
    passes,
    extrapolateFrom,
  }: Pick<
    PredNetConfig,
    'width' | 'height' | 'channels' | 'targetChannels' | 'stateChannels' | 'pixels' | 'passes' | 'extrapolateFrom'
  >,
): PlainRollOut {
  const targets = [channels, ...targetChannels];
  const count = targets.length;
  const zeros = (l: number, features: number): Grid => grid(height >> l, width >> l, features);
  let R = stateChannels.map((features, l) => zeros(l, features));
  let C = stateChannels.map((features, l) => zeros(l, features));
  let E = targets.map((features, l) => zeros(l, 2 * features));
  let passed = [...E];
  const predictions: Float64Array[] = [];
  const errors: number[][] = [];
  const layers: { R: Grid; E: Grid; A: Grid; Ahat: Grid }[][] = [];
  frames.forEach((frame, t) => {
    const [nextR, nextC]: [Grid[], Grid[]] = [[], []];
    for (let l = count - 1; l >= 0; l--) {
      const parts = [R[l]!, passed[l]!, ...(l < count - 1 ? [doubled(nextR[l + 1]!)] : [])];
      const input = joined(parts);
      const gate = (name: string, activation: (x: number) => number) =>
        mapped(convolved(input, weights.get(`${name}_${l}.weight`)!, weights.get(`${name}_${l}.bias`)!), activation);
      const hard = (x: number) => Math.min(1, Math.max(0, 0.2 * x + 0.5));
      const [i, f, o, g] = [gate('i', hard), gate('f', hard), gate('o', hard), gate('c', Math.tanh)];
      nextC[l] = mapped(i, (value, at) => f.data[at]! * C[l]!.data[at]! + value * g.data[at]!);
      nextR[l] = mapped(o, (value, at) => value * Math.tanh(nextC[l]!.data[at]!));
    }
    [R, C] = [nextR, nextC];
    const isBlind = extrapolateFrom > 0 && t >= extrapolateFrom;
    let A: Grid = { height, width, channels, data: isBlind ? predictions[t - 1]! : Float64Array.from(frame) };
    const made: { R: Grid; E: Grid; A: Grid; Ahat: Grid }[] = [];
    for (let l = 0; l < count; l++) {
      const raw = convolved(R[l]!, weights.get(`ahat_${l}.weight`)!, weights.get(`ahat_${l}.bias`)!);
      const Ahat = mapped(raw, (x) => {
        if (l > 0) return Math.max(0, x);
        if (pixels === 'straight') return x;
        return Math.min(1, pixels === 'relu' ? Math.max(0, x) : Math.log1p(Math.exp(x)));
      });
      if (l === 0)
        predictions.push(pixels === 'straight' ? Ahat.data.map((x) => Math.min(1, Math.max(0, x))) : Ahat.data);
      const low = mapped(Ahat, (x, at) => Math.max(0, x - A.data[at]!));
      const high = mapped(Ahat, (x, at) => Math.max(0, A.data[at]! - x));
      E[l] = joined([low, high]);
      passed[l] = passes === 'errors' ? E[l]! : joined([zeros(l, A.channels), A]);
      made.push({ R: R[l]!, E: E[l]!, A, Ahat });
      if (l < count - 1) {
        const next = convolved(passed[l]!, weights.get(`a_${l}.weight`)!, weights.get(`a_${l}.bias`)!);
        A = pooled(mapped(next, (x) => Math.max(0, x)));
      }
    }
    E = [...E];
    passed = [...passed];
    layers.push(made);
    errors.push(made.map((layer) => mean(layer.E.data)));
  });
  return { predictions, errors, layers };
}

/** The loss by its definition, of one clip. */
export function plainLoss(
  frames: readonly ArrayLike<number>[],
  rolled: PlainRollOut,
  {
    layers,
    objective,
    pixelLoss,
    extrapolateFrom,
  }: Pick<PredNetConfig, 'layers' | 'objective' | 'pixelLoss' | 'extrapolateFrom'>,
): number {
  let sum = 0;
  for (let t = 1; t < frames.length; t++) {
    if (objective === 'pixels' || (objective === 'errors-then-pixels' && t >= extrapolateFrom)) {
      const shown = rolled.layers[t]![0]!.Ahat.data;
      const gaps = Array.from(shown, (value, at) => Math.abs(value - frames[t]![at]!));
      sum += pixelLoss === 'l1' ? 0.5 * mean(gaps) : mean(gaps.map((gap) => gap * gap));
    } else rolled.errors[t]!.forEach((error, l) => (sum += error * (l === 0 ? 1 : layers === 'Lall' ? 0.1 : 0)));
  }
  return frames.length > 1 ? sum / (frames.length - 1) : 0;
}

/** Mean of numbers. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function grid(height: number, width: number, channels: number): Grid {
  return { height, width, channels, data: new Float64Array(height * width * channels) };
}

function mapped(from: Grid, change: (value: number, at: number) => number): Grid {
  return { ...from, data: from.data.map(change) };
}

function joined(parts: readonly Grid[]): Grid {
  const { height, width } = parts[0]!;
  const out = grid(height, width, parts.reduce((sum, { channels }) => sum + channels, 0)); // prettier-ignore
  for (let pixel = 0, at = 0; pixel < height * width; pixel++)
    for (const { channels, data } of parts)
      for (let c = 0; c < channels; c++) out.data[at++] = data[pixel * channels + c]!;
  return out;
}

function doubled({ height, width, channels, data }: Grid): Grid {
  const out = grid(2 * height, 2 * width, channels);
  for (let y = 0; y < 2 * height; y++)
    for (let x = 0; x < 2 * width; x++)
      for (let c = 0; c < channels; c++)
        out.data[(y * 2 * width + x) * channels + c] = data[((y >> 1) * width + (x >> 1)) * channels + c]!;
  return out;
}

function pooled({ height, width, channels, data }: Grid): Grid {
  const out = grid(height / 2, width / 2, channels);
  out.data.fill(-Infinity);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        const at = ((y >> 1) * out.width + (x >> 1)) * channels + c;
        out.data[at] = Math.max(out.data[at]!, data[(y * width + x) * channels + c]!);
      }
  return out;
}

function convolved({ height, width, channels, data }: Grid, weight: PlainWeight, bias: PlainWeight): Grid {
  const outputs = weight.shape[3]!;
  const out = grid(height, width, outputs);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let o = 0; o < outputs; o++) {
        let sum = bias.data[o]!;
        for (let dy = 0; dy < 3; dy++)
          for (let dx = 0; dx < 3; dx++) {
            const [fromY, fromX] = [y + dy - 1, x + dx - 1];
            if (fromY < 0 || fromX < 0 || fromY >= height || fromX >= width) continue;
            for (let c = 0; c < channels; c++)
              sum +=
                data[(fromY * width + fromX) * channels + c]! *
                weight.data[((dy * 3 + dx) * channels + c) * outputs + o]!;
          }
        out.data[(y * width + x) * outputs + o] = sum;
      }
  return out;
}
