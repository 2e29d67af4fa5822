import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { TrainingError, type Random } from '../../core/index.js';
import {
  compile,
  createVariable,
  dense,
  dropout,
  gaussian,
  lossAndGradients,
  momentumSgd,
  softmaxCrossEntropy,
  tf,
  type Encoder,
  type Parameter,
  type Tensor,
} from '../../engine/index.js';
import { topKAccuracy } from '../metrics/index.js';
import { drawHeldOutGroups, type SelectedOn } from '../probe/index.js';
import { toImages } from '../videos/describe.js';
import type { PictureSpool } from '../videos/picture-spool.js';

/** How the whole network learns the labels. */
export interface FineTuneSettings {
  readonly steps: number;
  readonly batchSize: number;
  /** Candidates; one is chosen on held-out groups of the training list. */
  readonly learningRates: readonly number[];
  /** Shares of the steps at which the rate falls to a tenth. */
  readonly learningRateDrops: readonly number[];
  readonly momentum: number;
  readonly weightDecay: number;
  /** Share of the features that a step leaves out. */
  readonly dropout: number;
  /** Whether the layers are scaled to learn equally fast before; see `rescale`. */
  readonly rescale: boolean;
}

/** Videos of one list: picture `t` of video `v` is number `v * ticks + t` of the spool. */
export interface LabelledPictures {
  readonly spool: PictureSpool;
  readonly ticks: number;
  /** [videos], 0-based among the classes that are here. */
  readonly labels: Int32Array;
  readonly groups: readonly string[];
}

/** An encoder that can be fine-tuned. */
export type TunableEncoder = Encoder & Required<Pick<Encoder, 'weights'>>;

/**
 * Trains a linear layer on top of an encoder together with all of its weights, on single pictures drawn at random from the videos, half of them mirrored;
 * batch statistics stay as they are. The rate is chosen on groups held out of the training list, then all of it is trained on. The encoder has its
 * own weights back afterwards.
 *
 * @returns logits of every picture of the test list, float64 [videos × ticks, classes], and the rate, which is `fixed` where there was nothing to
 * choose among or on.
 * @throws TrainingError where the network ends in scores that are not finite, at every rate or at the one that was chosen.
 */
export async function fineTune(
  encoder: TunableEncoder,
  {
    layer,
    train,
    test,
    classes,
    settings,
    random,
    onStep,
  }: {
    readonly layer: string;
    readonly train: LabelledPictures;
    readonly test: LabelledPictures;
    readonly classes: number;
    readonly settings: FineTuneSettings;
    readonly random: Random;
    /** Told of every step; throws to stop. */
    readonly onStep: () => void;
  },
): Promise<{ readonly logits: Float64Array; readonly learningRate: number; readonly selectedOn: SelectedOn }> {
  const first = encoder.weights.map((weight) => weight.clone());
  const restore = (): void => encoder.weights.forEach((weight, i) => weight.assign(first[i]!));
  const learn = async (
    rows: readonly number[],
    learningRate: number,
    asked: LabelledPictures,
    askedRows: readonly number[],
  ): Promise<Float64Array> => {
    const tuned = createTunedNetwork(encoder, { layer, classes, settings, random });
    try {
      const draws = random.fork('batches');
      for (let step = 0; step < settings.steps; step++) {
        const rate = settings.learningRateDrops.reduce(
          (value, share) => (step >= share * settings.steps ? value / 10 : value),
          learningRate,
        );
        const batch = drawBatch(train, rows, settings.batchSize, encoder, draws);
        tuned.learn(batch, rate, [step, 1]);
        onStep();
        await yieldToEvents(); // signals come in here
      }
      return tuned.logits(asked, askedRows);
    } finally {
      tuned.dispose();
      restore();
    }
  };
  try {
    const all = Array.from(train.labels, (_, row) => row);
    let learningRate = settings.learningRates[0]!;
    let selectedOn: SelectedOn = 'fixed';
    if (settings.learningRates.length > 1) {
      const held = drawHeldOutGroups(train, { share: 0.25, random: random.fork('held-out') });
      const [fitting, choosing] = [false, true].map((isHeld) =>
        all.filter((row) => held.has(train.groups[row]!) === isHeld),
      ) as [number[], number[]];
      const candidates = choosing.length > 0 && fitting.length > 0 ? settings.learningRates : [];
      if (candidates.length > 0) selectedOn = 'group-val';
      let best = -1;
      for (const candidate of candidates) {
        const logits = await learn(fitting, candidate, train, choosing);
        if (!logits.every(Number.isFinite)) continue;
        const scores = meanOverTicks(logits, train.ticks, classes);
        const accuracy = topKAccuracy({ scores, labels: choosing.map((row) => train.labels[row]!), classes });
        if (accuracy > best) [best, learningRate] = [accuracy, candidate];
      }
      if (candidates.length > 0 && best < 0) throw diverged(candidates);
    }
    const testRows = Array.from(test.labels, (_, row) => row);
    const logits = await learn(all, learningRate, test, testRows);
    if (!logits.every(Number.isFinite)) throw diverged([learningRate]);
    return { logits, learningRate, selectedOn };
  } finally {
    first.forEach((weight) => weight.dispose());
  }
}

function diverged(rates: readonly number[]): TrainingError {
  return new TrainingError(
    `Fine-tuning ends in scores that are not finite at rate ${rates.join(', ')}. Name lower fineTune.learningRates.`,
    { context: { learningRates: rates } },
  );
}

/** Mean of the logits of each video's pictures: float64 [videos, classes]. */
export function meanOverTicks(logits: Float64Array, ticks: number, classes: number): Float64Array {
  const out = new Float64Array(logits.length / ticks);
  for (let i = 0; i < logits.length; i++)
    out[Math.floor(i / (ticks * classes)) * classes + (i % classes)]! += logits[i]! / ticks;
  return out;
}

interface Batch {
  /** float32 [batch, height, width, 3] in 0–255. */
  readonly images: Tensor;
  /** int32 [batch]. */
  readonly labels: Tensor;
}

function drawBatch(
  { spool, ticks, labels }: LabelledPictures,
  rows: readonly number[],
  batchSize: number,
  { width, height }: Encoder,
  random: Random,
): Batch {
  const pixels = new Float32Array(batchSize * width * height * 3);
  const drawn = Int32Array.from({ length: batchSize }, () => rows[random.int(rows.length)]!);
  drawn.forEach((row, i) => {
    const picture = spool.read(row * ticks + random.int(ticks));
    const isMirrored = random.int(2) === 1;
    for (let at = 0, to = i * picture.length; at < picture.length; at += 3, to += 3) {
      const x = (at / 3) % width;
      const from = isMirrored ? at + 3 * (width - 1 - 2 * x) : at;
      for (let c = 0; c < 3; c++) pixels[to + c] = picture[from + c]!;
    }
  });
  return {
    images: tf.tensor(pixels, [batchSize, height, width, 3]),
    labels: tf.tensor(
      drawn.map((row) => labels[row]!),
      [batchSize],
      'int32',
    ),
  };
}

function createTunedNetwork(
  encoder: TunableEncoder,
  {
    layer,
    classes,
    settings: { momentum, weightDecay, dropout: rate, batchSize },
    random,
  }: {
    readonly layer: string;
    readonly classes: number;
    readonly settings: FineTuneSettings;
    readonly random: Random;
  },
) {
  const features = encoder.layers[layer]!;
  const weight = createVariable('head.weight', [features, classes], { init: gaussian(0.01), random });
  const bias = createVariable('head.bias', [classes], { init: 0, random });
  const score = (images: Tensor, seed: Tensor | null): Tensor => {
    const flat = tf.reshape(encoder.encode(images, layer), [-1, features]);
    return dense(seed === null ? flat : dropout(flat, rate, seed), weight, bias);
  };
  const parameters: Parameter[] = [...encoder.weights, weight].map((variable) => ({ name: variable.name, variable }));
  parameters.push({ name: bias.name, variable: bias, decayMultiplier: 0 });
  const optimizer = momentumSgd(parameters, { momentum, weightDecay });
  const step = compile((images: Tensor, labels: Tensor, learningRate: Tensor, seed: Tensor) => {
    const { result, gradients } = lossAndGradients(parameters, () => ({
      loss: softmaxCrossEntropy(score(images, seed), labels),
    }));
    optimizer.apply(gradients, learningRate);
    return result.loss;
  });
  return {
    learn({ images, labels }: Batch, learningRate: number, seed: readonly [number, number]): void {
      const given = [tf.scalar(learningRate), tf.tensor1d([...seed], 'int32')] as const;
      step(images, labels, ...given).dispose();
      tf.dispose([images, labels, ...given]);
    },
    /** float64 [rows × ticks, classes]. */
    logits({ spool, ticks }: LabelledPictures, rows: readonly number[]): Float64Array {
      const out = new Float64Array(rows.length * ticks * classes);
      const numbers = rows.flatMap((row) => Array.from({ length: ticks }, (_, tick) => row * ticks + tick));
      for (let from = 0; from < numbers.length; from += batchSize) {
        const pictures = numbers.slice(from, from + batchSize).map((number) => spool.read(number));
        const scores = tf.tidy(() => score(toImages(pictures, encoder), null));
        out.set(scores.dataSync(), from * classes);
        scores.dispose();
      }
      return out;
    },
    dispose(): void {
      step.dispose();
      optimizer.dispose();
      tf.dispose([weight, bias]);
    },
  };
}
