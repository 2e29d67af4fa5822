import { z } from 'zod';
import { ConfigError, type EncodedImage, type Metric, type Random, type SampleBatch } from '../../core/index.js';
import { tf, toTensor, type StereoModel } from '../../engine/index.js';
import { decodeImage } from '../../vision/index.js';
import { defineEvaluator, type EvaluateContext, type EvaluationOutput } from '../define-evaluator.js';
import { bootstrapInterval, weightedMean } from '../metrics/index.js';
import { openUntrained } from '../untrained.js';
import { bestShift, errorOf, matchedRight, shiftErrors, shiftedBy, type EyePair } from './rivals.js';

const stereoConfig = z.strictObject({
  reach: z
    .number()
    .gt(0)
    .max(0.3)
    .default(0.08)
    .describe('Shifts that the rivals try, and disparities that are matched, either way, as a share of the width.'),
});

/** Errors of one pair by who made its right eye, grey levels. */
type PairErrors = Readonly<Record<string, number>>;

interface Judged {
  readonly key: string;
  readonly source: string;
  readonly errors: PairErrors;
  /** Error of every whole shift, from the lowest. */
  readonly shifts: Float64Array;
}

/**
 * How near the right eyes that a model makes of left ones are to the true ones, in grey levels, beside the left eye as it is, one shift for all, the best
 * shift of a film and of a frame, and the true pair's own matched disparity; see docs/stereo.md.
 */
export default defineEvaluator({
  name: 'stereo',
  version: 2,
  needs: 'stereo',
  input: 'samples',
  config: stereoConfig,
  async *evaluate(model, { reach }, context): AsyncIterable<EvaluationOutput> {
    context.signal.throwIfAborted();
    const { dataset } = context;
    if (!dataset || dataset.samples === 0) throw new ConfigError('There are no held-out pairs to evaluate on.');
    const mean = await meanDisparity(model, context);
    const untrained = await openUntrained(context);
    const judged: Judged[] = [];
    try {
      for await (const batch of dataset.batches()) {
        context.signal.throwIfAborted();
        judged.push(...judge(batch, { model, untrained, mean, reach: Math.round(reach * model.width) }));
        batch.release();
        context.emit({
          kind: 'progress',
          stage: 'eval stereo',
          done: judged.length,
          total: dataset.samples,
          unit: 'pairs',
        });
      }
    } finally {
      untrained.forEach((each) => each.dispose());
    }
    yield* report(judged, context.random);
  },
});

/** Mean over all held-out pairs of the disparity's median, as a share of the width that is shown: less of the eye than was measured. */
async function meanDisparity(model: StereoModel, { dataset }: EvaluateContext<'stereo'>): Promise<number> {
  let [sum, count] = [0, 0];
  const enlarged = new Map<string, number>(); // the eyes of a source are of one size
  for await (const { fields, provenance } of dataset!.stored()) {
    const { disparity, left } = fields as { readonly disparity?: Float32Array; readonly left?: EncodedImage };
    if (!(disparity instanceof Float32Array) || !left)
      throw new ConfigError('The held-out samples are no stereo pairs.');
    let factor = enlarged.get(provenance.source);
    if (factor === undefined) {
      const eye = await decodeImage(left);
      factor = eye.width / model.shownOf(eye).width;
      enlarged.set(provenance.source, factor);
    }
    sum += disparity[2]! * factor;
    count++;
  }
  return sum / Math.max(1, count);
}

interface Judges {
  readonly model: StereoModel;
  readonly untrained: readonly StereoModel[];
  readonly mean: number;
  /** Pixels. */
  readonly reach: number;
}

function judge(batch: SampleBatch, { model, untrained, mean, reach }: Judges): readonly Judged[] {
  const { left, right, weight } = batch.arrays;
  if (!left || !right || !weight) throw new ConfigError('The held-out samples are not prepared as stereo pairs.');
  const [, height, width] = left.shape as [number, number, number];
  const values = width * height * 3;
  const made = seeRight(model, batch);
  const guessed = untrained.map((each) => seeRight(each, batch));
  return batch.keys.map((key, n) => {
    const part = (data: ArrayLike<number>, size = values) => (data as Uint8Array).subarray(n * size, (n + 1) * size);
    const pair: EyePair = {
      left: part(left.data as Uint8Array),
      right: part(right.data as Uint8Array),
      weight: part(weight.data as Uint8Array, width * height),
      width,
      height,
    };
    const own = (eyes: Float32Array) => errorOf(pair, eyes.subarray(n * values, (n + 1) * values));
    return {
      key,
      source: key.split('/')[0]!,
      errors: {
        model: own(made),
        ...(guessed.length > 0
          ? { untrained: guessed.reduce((sum, eyes) => sum + own(eyes), 0) / guessed.length }
          : {}),
        'copy-left': errorOf(pair, pair.left),
        'mean-disparity': errorOf(pair, shiftedBy(pair, mean * width)),
        'block-matching': errorOf(pair, matchedRight(pair, reach)),
      },
      shifts: shiftErrors(pair, reach),
    };
  });
}

/** float32 [batch, height, width, 3], 0–255. */
function seeRight(model: StereoModel, { arrays }: SampleBatch): Float32Array {
  return tf.tidy(() => model.seeRight(tf.cast(toTensor(arrays['left']!), 'float32')).right.dataSync() as Float32Array);
}

/** Rivals that know what no model can. */
const told: Readonly<Record<string, string>> = {
  'best-shift-frame': 'the best shift of each pair',
  'block-matching': 'the true right eye',
};

function* report(judged: readonly Judged[], random: Random): Generator<EvaluationOutput> {
  const groups = judged.map(({ source }) => source);
  const copied = judged.map(({ errors }) => errors['copy-left']!);
  const metricsOf = (name: string, values: readonly number[]): readonly Metric[] => {
    const one = (metric: string, unit: string, statistic: (weights?: Float64Array) => number): Metric => {
      const own = {
        name: metric,
        value: statistic(),
        unit,
        direction: 'lower',
        examples: judged.length,
        split: 'held-out',
      } as const;
      const interval = bootstrapInterval({ groups, statistic, random: random.fork(name, metric) });
      return interval ? { ...own, interval } : own;
    };
    return [
      one('mae', 'grey levels', (weights) => weightedMean(values, weights)),
      // Grey levels favour dark films: the share of the error that was to be mended does not.
      one('errorRatio', 'fraction', (weights) => weightedMean(values, weights) / weightedMean(copied, weights)),
    ];
  };
  const columns: Record<string, readonly number[]> = {};
  for (const name of Object.keys(judged[0]!.errors)) columns[name] = judged.map(({ errors }) => errors[name]!);
  columns['best-shift-film'] = bestOfFilms(judged);
  columns['best-shift-frame'] = judged.map(({ shifts }) => Math.min(...shifts));
  for (const [name, values] of Object.entries(columns)) {
    const metrics = metricsOf(name, values);
    if (name === 'model') for (const metric of metrics) yield { kind: 'metric', metric };
    else yield { kind: 'rival', rival: { name, metrics, ...(name in told ? { told: told[name]! } : {}) } };
  }
  for (const [i, { key }] of judged.entries()) {
    const errors = Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[i]!]));
    yield { kind: 'prediction', row: { key, ...errors } };
  }
}

/** Each pair's error at the one shift that is best for all pairs of its film. */
function bestOfFilms(judged: readonly Judged[]): readonly number[] {
  const best = new Map<string, number>();
  for (const source of new Set(judged.map((each) => each.source)))
    best.set(source, bestShift(judged.filter((each) => each.source === source).map(({ shifts }) => shifts)));
  return judged.map(({ source, shifts }) => shifts[best.get(source)!]!);
}
