import { readFileSync } from 'node:fs';
import { ConfigError, decodeSafetensors, sha256, type Metric, type SafeTensor } from '../../core/index.js';
import { tf, type Tensor, type Tensor5D } from '../../engine/index.js';
import type { EvaluateContext } from '../define-evaluator.js';
import { clipDistance, ClipFeatures, createRandomClipEncoder, type ClipEncoder } from './clip-distance.js';
import type { PredictionConfig } from './config.js';
import type { Futures } from './forecast.js';
import { createI3d } from './i3d.js';
import { createLpips } from './lpips.js';
import { encoderDistance, type PictureDistance } from './picture-distance.js';

/** What is measured by the features of some network: between pictures, and between sets of clips. */
export interface FeatureMeasures {
  readonly pictureDistances: readonly PictureDistance[];
  /** Takes true clips: float32 [batch, frames, height, width, channels] in 0–1. */
  addTruth(clips: Tensor): void;
  /** Takes one future of each clip, which follows the clip's first `observe` frames. */
  addFutures(name: string, clips: Tensor, futures: Futures, observe: number): void;
  /** Distances of a competitor's clips from the true ones, observed frames included in both; variant `i3d.<hash>.5+10` for 5 seen and 10 predicted. */
  clipMetrics(name: string): Metric[];
  /** Distance of every second true clip from the others: what a perfect model would get on so few. */
  floor(): Metric[];
  dispose(): void;
}

/**
 * Opens what the settings ask for. Distances between sets of clips depend on how long these are, and how much of them was seen: their variant says both.
 *
 * @throws ConfigError if weights cannot be read or are of another network; nothing stays open then.
 */
export async function openFeatureMeasures(
  { clipFeatures, i3d, lpips, featureRun }: PredictionConfig,
  { openEncoder }: Pick<EvaluateContext<'predictor'>, 'openEncoder'>,
  { observe, steps }: { readonly observe: number; readonly steps: number },
): Promise<FeatureMeasures> {
  const pictureDistances: PictureDistance[] = [];
  const encoders: ClipEncoder[] = [];
  const dispose = () => [...pictureDistances, ...encoders].forEach((one) => one.dispose());
  try {
    if (lpips !== '') pictureDistances.push(createLpips(readWeights(lpips)));
    if (featureRun !== '') {
      if (!openEncoder) throw new ConfigError('featureRun cannot be used here: there is no way to open a run.');
      const opened = await openEncoder(featureRun);
      const weights = (opened.weightsSha256 ?? 'untrained').slice(0, 8);
      pictureDistances.push(encoderDistance(opened.encoder, { weights, dispose: () => opened.dispose() }));
    }
    if (i3d !== '') encoders.push(createI3d(readWeights(i3d)));
    if (clipFeatures === 'random') encoders.push(createRandomClipEncoder());
  } catch (error) {
    dispose();
    throw error;
  }
  const truth = encoders.map((encoder) => new ClipFeatures(encoder));
  const made = new Map<string, readonly ClipFeatures[]>();
  const toMetrics = (pairs: (place: number) => readonly [ClipFeatures, number | null]): Metric[] =>
    encoders.flatMap(({ name, variant }, place) => {
      const [{ count }, value] = pairs(place);
      if (value === null) return [];
      const ofLength = `${variant}.${observe}+${steps}`;
      return [
        { name, variant: ofLength, value, unit: 'feature²', direction: 'lower', examples: count, split: 'held-out' },
      ];
    });
  return {
    pictureDistances,
    dispose,
    addTruth: (clips) => truth.forEach((features) => features.add(clips)),
    addFutures(name, clips, futures, observe) {
      if (encoders.length === 0) return;
      const gathered = made.get(name) ?? encoders.map((encoder) => new ClipFeatures(encoder));
      made.set(name, gathered);
      const whole = tf.tidy(() => {
        const [batch, frames, ...pixels] = clips.shape as [number, number, number, number, number];
        const seen = tf.slice(clips as Tensor5D, [0, 0, 0, 0, 0], [-1, observe, -1, -1, -1]);
        return tf.concat([seen, tf.tensor5d(futures, [batch, frames - observe, ...pixels])], 1);
      });
      gathered.forEach((features) => features.add(whole));
      whole.dispose();
    },
    clipMetrics: (name) =>
      made.has(name)
        ? toMetrics((place) => [truth[place]!, clipDistance(truth[place]!.rows(), made.get(name)![place]!.rows())])
        : [],
    floor: () => toMetrics((place) => [truth[place]!, clipDistance(truth[place]!.rows(0), truth[place]!.rows(1))]),
  };
}

/** Weights of some network that a user brought. */
export interface BroughtWeights {
  readonly path: string;
  /** First 8 digits of the file's SHA-256. */
  readonly hash: string;
  readonly tensors: Readonly<Record<string, SafeTensor>>;
}

function readWeights(path: string): BroughtWeights {
  try {
    const bytes = readFileSync(path);
    return { path, hash: sha256(bytes).slice(0, 8), tensors: decodeSafetensors(bytes).tensors };
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read as .safetensors: ${(cause as Error).message}`, { cause });
  }
}

/**
 * One weight as a tensor that stays, its axes in another order.
 *
 * @throws ConfigError if it is missing or not of the shape.
 */
export function takeWeight(
  { path, tensors }: BroughtWeights,
  name: string,
  shape: readonly number[],
  order: readonly number[] = shape.map((_, i) => i),
): Tensor {
  const found = tensors[name];
  if (!found) throw new ConfigError(`${path} has no weight ${name}.`, { context: { path, name } });
  if (found.dtype !== 'float32' || found.shape.join() !== shape.join())
    throw new ConfigError(
      `Weight ${name} of ${path} is ${found.dtype} [${found.shape.join(', ')}], not float32 [${shape.join(', ')}].`,
      { context: { path, name } },
    );
  return tf.tidy(() =>
    tf.keep(tf.transpose(tf.tensor(found.data as Float32Array, [...found.shape], 'float32'), [...order])),
  );
}
