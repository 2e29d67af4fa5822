import { z } from 'zod';
import { ConfigError, type Metric } from '../../core/index.js';
import type { Segmenter } from '../../engine/index.js';
import { splitSources } from '../benchmarks/roles.js';
import { defineEvaluator, type EvaluateContext, type EvaluationOutput } from '../define-evaluator.js';
import {
  bootstrapInterval,
  centredEllipse,
  contourAccuracy,
  regionSimilarity,
  weightedMean,
} from '../metrics/index.js';
import { masksOf, type MaskSequence } from '../mining/mask-truth.js';
import { salientMasks } from '../mining/saliency.js';
import { openUntrained } from '../untrained.js';
import { byGroup, decayParts } from './over-time.js';
import { cutMap, relativeLevel, segmentPicture, usualWindows } from './segment.js';

const configSchema = z.strictObject({
  everyFrames: z.int().positive().default(2).describe('Every so many frames of a sequence one is scored.'),
  scales: z
    .array(z.number().positive().max(2))
    .min(1)
    .default([...usualWindows.scales])
    .describe('Sides of the windows that are laid over a picture, over its shorter side.'),
  stride: z
    .number()
    .gt(0)
    .max(1)
    .default(usualWindows.stride)
    .describe('From one window to the next, over the side of the window.'),
  centre: z
    .number()
    .nonnegative()
    .default(usualWindows.centre)
    .describe(
      'What a place loses for its distance from the middle of the picture, where people put things; 0: nothing.',
    ),
  cut: z
    .enum(['relative', 'absolute'])
    .default('relative')
    .describe(
      'Whether a place is of the thing by how its votes stand between the median and the greatest of the picture, or by the votes.',
    ),
  level: z
    .number()
    .default(usualWindows.level)
    .describe('From where on: a share of the way from the median to the greatest, or votes, from -1 to 1.'),
  saliency: z
    .boolean()
    .default(true)
    .describe('Score what stands out by its motion, too: a rival that sees the frames around each picture.'),
  bootstrapDraws: z.int().positive().default(2000).describe('Draws behind each interval.'),
});

type Config = z.infer<typeof configSchema>;

interface MaskScore {
  readonly J: number;
  readonly F: number;
}

/** J and F of one picture, for each model and by saliency, and J of the fixed shapes. */
interface PictureScore {
  readonly sequence: string;
  readonly frame: number;
  readonly models: readonly MaskScore[];
  /** Null where it is not asked for. */
  readonly saliency: MaskScore | null;
  readonly all: number;
  readonly ellipses: readonly number[];
}

/** Radii of the fixed ellipses, as shares of width and height: the best for all pictures is the rival. */
const radii = Array.from({ length: 10 }, (_, i) => 0.05 * (i + 1));

/**
 * How well a model draws the thing that moves from single pictures of DAVIS, without motion: J and F as DAVIS defines them, mean over the
 * frames of a sequence and then over sequences, with the share of frames above a half (`JRecall`, `FRecall`) and the fall from a sequence's first
 * quarter to its last (`JDecay`, `FDecay`), and `imageJ`, the mean over pictures; beside the best fixed ellipse, the whole picture, what stands out
 * by its motion, and the untrained network. All objects of a frame count as one; the first and last frames count, too.
 */
export default defineEvaluator({
  name: 'segmentation',
  version: 1,
  needs: 'segmenter',
  config: configSchema,
  async *evaluate(segmenter, config, context): AsyncIterable<EvaluationOutput> {
    const { test } = splitSources(context.data, context.split, { needsTraining: false });
    const sequences = test.flatMap(({ source, entry }) => {
      const found = masksOf(source.paths, entry.group);
      return found ? [found] : [];
    });
    if (sequences.length === 0)
      throw new ConfigError('None of the sources has masks beside its pictures: evaluate on davis:DIR.');
    const untrained = await openUntrained(context);
    let scores: PictureScore[];
    try {
      scores = await scorePictures([segmenter, ...untrained], sequences, config, context);
    } finally {
      untrained.forEach((model) => model.dispose());
    }
    const groups = scores.map(({ sequence }) => sequence);
    const summarise = (columns: Readonly<Record<string, readonly number[]>>, withInterval: boolean): Metric[] =>
      Object.entries(columns).map(([name, values]) =>
        metricOf(name, values, groups, withInterval ? { config, context } : null),
      );
    const ofModel = (model: number) => ({
      J: scores.map(({ models }) => models[model]!.J),
      F: scores.map(({ models }) => models[model]!.F),
      imageJ: scores.map(({ models }) => models[model]!.J),
    });
    const { J, F, imageJ } = ofModel(0);
    const recall = (values: readonly number[]) => values.map((value) => Number(value > 0.5));
    const decay = (values: readonly number[]) => byGroup(values, groups, decayParts);
    const all = { J, F, imageJ, JRecall: recall(J), FRecall: recall(F), JDecay: decay(J), FDecay: decay(F) };
    for (const metric of summarise(all, true)) yield { kind: 'metric', metric };
    const meanEllipse = (i: number) =>
      sequenceMean(
        scores.map(({ ellipses }) => ellipses[i]!),
        groups,
      );
    const best = radii.map((_, i) => i).sort((a, b) => meanEllipse(b) - meanEllipse(a))[0]!;
    const ellipse = scores.map(({ ellipses }) => ellipses[best]!);
    const rivals = {
      ellipse: { J: ellipse, imageJ: ellipse },
      'all-foreground': { J: scores.map(({ all }) => all), imageJ: scores.map(({ all }) => all) },
    };
    for (const [name, columns] of Object.entries(rivals))
      yield { kind: 'rival', rival: { name, metrics: summarise(columns, false) } };
    if (config.saliency) {
      const own = scores.map(({ saliency }) => saliency!);
      const columns = { J: own.map((score) => score.J), F: own.map((score) => score.F) };
      const metrics = summarise({ ...columns, imageJ: columns.J }, false);
      yield { kind: 'rival', rival: { name: 'saliency', metrics, told: 'the frames around each picture' } };
    }
    if (untrained.length > 0) {
      const mean = (key: 'J' | 'F') =>
        scores.map(({ models }) => models.slice(1).reduce((sum, own) => sum + own[key], 0) / untrained.length);
      const columns = { J: mean('J'), F: mean('F'), imageJ: mean('J') };
      yield { kind: 'rival', rival: { name: 'untrained', metrics: summarise(columns, false) } };
    }
    for (const { sequence, frame, models } of scores)
      yield { kind: 'prediction', row: { sequence, frame, ...models[0]!, ellipse: radii[best]! } };
  },
});

async function scorePictures(
  models: readonly Segmenter[],
  sequences: readonly MaskSequence[],
  { everyFrames, scales, stride, centre, cut, level, saliency }: Config,
  { emit, signal }: EvaluateContext<'segmenter'>,
): Promise<PictureScore[]> {
  const scores: PictureScore[] = [];
  for (const [n, sequence] of sequences.entries()) {
    signal.throwIfAborted();
    const salient = saliency ? await salientMasks(sequence, everyFrames) : null;
    let frame = -1;
    for await (const { data, width, height, channels } of sequence.frames()) {
      frame++;
      if (frame % everyFrames !== 0) continue;
      signal.throwIfAborted();
      const truth = await sequence.mask(frame);
      if (!truth) continue;
      if (truth.data.length !== width * height)
        throw new ConfigError(
          `${sequence.name}: frame ${frame} has ${width * height} pixels, its mask ${truth.data.length}.`,
        );
      const rgb =
        channels === 3 ? data : Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)]!);
      const score = (mask: Uint8Array): MaskScore => ({
        J: regionSimilarity(truth.data, mask),
        F: contourAccuracy(truth.data, mask, width, height),
      });
      const own = models.map((model) => {
        const map = segmentPicture(model, rgb, width, height, { scales, stride, centre });
        return score(cutMap(map, width, height, cut === 'relative' ? relativeLevel(map, level) : level));
      });
      scores.push({
        sequence: sequence.name,
        frame,
        models: own,
        saliency: salient && score(salient[frame] ?? new Uint8Array(width * height)),
        all: truth.data.reduce((sum, value) => sum + value, 0) / truth.data.length,
        ellipses: radii.map((radius) => regionSimilarity(truth.data, centredEllipse(width, height, radius, radius))),
      });
    }
    emit({ kind: 'progress', stage: 'evaluate', done: n + 1, total: sequences.length, unit: 'sequences' });
  }
  if (scores.length === 0) throw new ConfigError('No frame has a mask to be scored against.');
  return scores;
}

/** Mean over the pictures of each sequence, and then over sequences; by `imageJ` over pictures. */
function metricOf(
  name: string,
  values: readonly number[],
  groups: readonly string[],
  interval: { readonly config: Config; readonly context: EvaluateContext<'segmenter'> } | null,
): Metric {
  const statistic = (weights?: Float64Array) =>
    name === 'imageJ' ? weightedMean(values, weights) : sequenceMean(values, groups, weights);
  const span =
    interval &&
    bootstrapInterval({
      groups,
      statistic,
      random: interval.context.random.fork('bootstrap', name),
      draws: interval.config.bootstrapDraws,
    });
  const direction = name.endsWith('Decay') ? 'lower' : 'higher';
  const about = { unit: 'fraction', direction, examples: values.length, split: 'test' } as const;
  return { name, value: statistic(), ...about, ...(span ? { interval: span } : {}) };
}

/** A sequence that was drawn twice counts twice. */
function sequenceMean(values: readonly number[], groups: readonly string[], weights?: Float64Array): number {
  const bySequence = new Map<string, { sum: number; pictures: number; weight: number }>();
  values.forEach((value, i) => {
    const entry = bySequence.get(groups[i]!) ?? { sum: 0, pictures: 0, weight: weights ? weights[i]! : 1 };
    entry.sum += value;
    entry.pictures++;
    bySequence.set(groups[i]!, entry);
  });
  const all = [...bySequence.values()];
  const weight = all.reduce((sum, own) => sum + own.weight, 0);
  return all.reduce((sum, own) => sum + (own.weight * own.sum) / own.pictures, 0) / weight;
}
