import type { Random } from '../../core/index.js';
import type { Predictor, Tensor } from '../../engine/index.js';
import { energyScore, maxPsnr, movingArea, meanSquaredError, psnrOfError, type MovingArea } from '../metrics/index.js';
import { forecast, forecastEachFrame, reconstruct, type Futures } from './forecast.js';
import type { FrameMetric } from './frame-metrics.js';
import type { PictureDistance } from './picture-distance.js';
import { Scoreboard } from './scoreboard.js';
import { frameAt, type Sequence } from './sequences.js';

/** How a model is asked: on from its own frames, or with the truth after each frame. */
export type Mode = 'multi-step' | 'one-step';

/** A model or rival, and what it has reached so far. */
export interface Competitor {
  readonly name: string;
  readonly predictor: Predictor;
  /** Futures drawn of each sequence. */
  readonly samples: number;
  /** Whether it is shown what comes, which no prediction is: a bound for models with latent variables. */
  readonly seesFuture: boolean;
  readonly boards: Readonly<Record<Mode, Scoreboard>>;
  /** Predicted frames that equal the truth, whose PSNR is cut at 100 dB. */
  readonly framesCapped: Record<Mode, number>;
}

/** What is measured, of how many frames. */
export interface Contest {
  readonly observe: number;
  readonly steps: number;
  readonly modes: readonly Mode[];
  readonly metrics: readonly FrameMetric[];
  readonly pictureDistances: readonly PictureDistance[];
  /** Whether several futures may differ, so that all are scored as draws from a distribution. */
  readonly drawsSeveral: boolean;
}

/** A batch of sequences, and what is worked out of the truth only once. */
export interface Heat {
  readonly sequences: readonly Sequence[];
  /** float32 [batch, frames, height, width, channels] in 0–1. */
  readonly clips: Tensor;
  /** What moves from the frame before to this one. */
  moving(item: number, frame: number): MovingArea;
}

/** A competitor that has done nothing yet. */
export function enterCompetitor(
  name: string,
  predictor: Predictor,
  {
    samples = 1,
    bestOf = [],
    seesFuture = false,
  }: { readonly samples?: number; readonly bestOf?: readonly number[]; readonly seesFuture?: boolean } = {},
): Competitor {
  return {
    name,
    predictor,
    samples: predictor.isStochastic ? samples : 1,
    seesFuture,
    boards: { 'multi-step': new Scoreboard(bestOf), 'one-step': new Scoreboard(bestOf) },
    framesCapped: { 'multi-step': 0, 'one-step': 0 },
  };
}

/** A batch, with its moving areas kept once they are known. */
export function openHeat(sequences: readonly Sequence[], clips: Tensor, size: Predictor): Heat {
  const known = new Map<string, MovingArea>();
  return {
    sequences,
    clips,
    moving(item, frame) {
      const key = `${item}/${frame}`;
      const { data } = sequences[item]!;
      const area = known.get(key) ?? movingArea(frameAt(data, frame - 1, size), frameAt(data, frame, size));
      known.set(key, area);
      return area;
    },
  };
}

/**
 * Lets a competitor predict a batch and scores what it gives.
 * `onFuture` is told of the first future of each batch that goes on from own frames.
 */
export function compete(
  competitor: Competitor,
  mode: Mode,
  {
    heat,
    contest,
    random,
    onFuture,
  }: {
    readonly heat: Heat;
    readonly contest: Contest;
    readonly random: Random;
    readonly onFuture?: (futures: Futures) => void;
  },
): void {
  const { predictor, samples, boards, seesFuture } = competitor;
  const { observe, steps } = contest;
  if (seesFuture && mode === 'one-step') return;
  const first = firstFrame(mode, contest);
  const count = observe + steps - first;
  const seeds = Array.from({ length: samples }, (_, sample) => random.fork('sample', sample));
  const futures =
    mode === 'multi-step'
      ? seesFuture
        ? [reconstruct(predictor, heat.clips, observe)]
        : forecast(predictor, heat.clips, { observe, steps, seeds })
      : [forecastEachFrame(predictor, heat.clips, random.fork('each frame'))];
  const board = boards[mode];
  const measures = [...contest.metrics, ...contest.pictureDistances];
  const scores = heat.sequences.map(() => measures.map((): (number | null)[][] => []));
  const errors = new Float64Array(scores.length);
  const spread = createSpread(mode === 'multi-step' ? samples : 1);
  const kept: Futures[] = [];
  let isFirst = true;
  for (const frames of futures) {
    if (isFirst && mode === 'multi-step') onFuture?.(frames);
    isFirst = false;
    spread?.add(frames);
    if (contest.drawsSeveral && mode === 'multi-step' && kept.length < mostKept) kept.push(frames);
    const distances = contest.pictureDistances.map((one) => one.measure(heat.clips, frames, { first, count }));
    heat.sequences.forEach(({ data }, item) => {
      const rows = measures.map((): (number | null)[] => []);
      for (let step = 0; step < count; step++) {
        const truth = frameAt(data, first + step, predictor);
        const predicted = frameAt(frames, item * count + step, predictor);
        contest.metrics.forEach((metric, m) => {
          const moving = metric.needsMotion ? heat.moving(item, first + step) : noMotion;
          rows[m]!.push(metric.measure(truth, predicted, moving));
        });
        distances.forEach((values, d) => rows[contest.metrics.length + d]!.push(values[item * count + step]!));
        const error = meanSquaredError(truth, predicted);
        errors[item]! += error / (count * samples);
        if (psnrOfError(error) === maxPsnr) competitor.framesCapped[mode]++;
      }
      rows.forEach((row, m) => scores[item]![m]!.push(row));
    });
  }
  scores.forEach((ofItem) => ofItem.forEach((values, m) => board.add(measures[m]!, values)));
  if (spread) addDiversity(board, spread.variances(heat.sequences.length), errors);
  if (kept.length > 0) {
    heat.sequences.forEach(({ data }, item) => {
      const perStep = Array.from({ length: count }, (_, step) => {
        const truth = frameAt(data, first + step, predictor).data as Float32Array;
        const drawn = kept.map((frames) => frameAt(frames, item * count + step, predictor).data as Float32Array);
        return energyScore(truth, drawn);
      });
      board.add({ name: 'energyScore', unit: 'level', direction: 'lower' }, [perStep]);
    });
  }
}

/** Place in its sequence of the first frame that is predicted. */
export function firstFrame(mode: Mode, { observe }: Pick<Contest, 'observe'>): number {
  return mode === 'multi-step' ? observe : 1;
}

/** Futures of a batch that are held for the energy score, whose value does not depend on how many there are. */
const mostKept = 10;

const noMotion: MovingArea = { mask: new Uint8Array(0), share: 0 };

function addDiversity(board: Scoreboard, variances: readonly number[], errors: Float64Array): void {
  variances.forEach((variance, item) => {
    board.add({ name: 'diversity', unit: '', direction: 'higher' }, [[variance / errors[item]!]]);
  });
}

/** Sums over samples from which their variance follows; null for a single sample. */
function createSpread(samples: number) {
  if (samples < 2) return null;
  let sums: Float64Array | null = null;
  let squares: Float64Array | null = null;
  return {
    add(frames: Futures) {
      sums ??= new Float64Array(frames.length);
      squares ??= new Float64Array(frames.length);
      for (let i = 0; i < frames.length; i++) {
        sums[i]! += frames[i]!;
        squares[i]! += frames[i]! * frames[i]!;
      }
    },
    /** Mean over pixels and steps of the variance over samples, for each sequence: half the mean squared difference of pairs. */
    variances(batch: number): number[] {
      const size = sums!.length / batch;
      return Array.from({ length: batch }, (_, item) => {
        let total = 0;
        for (let i = item * size; i < (item + 1) * size; i++)
          total += Math.max(0, squares![i]! - (sums![i]! * sums![i]!) / samples) / (samples - 1);
        return total / size;
      });
    },
  };
}
