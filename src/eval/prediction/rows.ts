import type { Random } from '../../core/index.js';
import { tf } from '../../engine/index.js';
import type { EvaluatedModel } from '../define-evaluator.js';
import type { Competitor, Mode } from './competitor.js';
import type { Sequence } from './sequences.js';
import { pairedProbability } from './standings.js';

/** What every line of `curves.jsonl` says of the evaluation. */
export interface RowContext {
  readonly evaluated: EvaluatedModel | undefined;
  readonly dataset: { readonly signal: string; readonly digest: string };
  readonly observe: number;
  readonly steps: number;
  readonly random: Random;
  readonly seed: number | null;
}

/**
 * The lines of a competitor in `curves.jsonl`: one for each metric and selection, beside what the others reach and how likely that is by chance. The
 * model is the first of `others`: who does not predict by its weights has no hash of them.
 */
export function curveRows(
  competitor: Competitor,
  others: readonly Competitor[],
  mode: Mode,
  { evaluated, dataset, observe, steps, random, seed }: RowContext,
): Readonly<Record<string, unknown>>[] {
  const { name, samples, boards, framesCapped, predictor } = competitor;
  const checkpointSha = predictor === others[0]?.predictor ? (evaluated?.weightsSha256 ?? null) : null;
  return boards[mode].summaries
    .filter(({ overall }) => overall.count > 0)
    .map((summary) => {
      const { measured, selection, overall, perStep } = summary;
      const baselines = others.flatMap((other) => {
        const theirs = other.boards[mode].find(measured);
        if (other === competitor || !theirs || theirs.overall.count === 0) return [];
        const p = pairedProbability(summary, theirs, random.fork('paired', name, other.name, measured.name));
        return [[other.name, { mean: theirs.overall.mean, p }] as const];
      });
      return {
        model: name,
        task: evaluated?.task ?? null,
        checkpointSha,
        dataset: dataset.signal,
        datasetSha: dataset.digest,
        split: 'held-out',
        mode,
        nCond: mode === 'multi-step' ? observe : 1,
        nPred: mode === 'multi-step' ? steps : observe + steps - 1,
        nSeq: overall.count,
        nSamples: mode === 'multi-step' ? samples : 1,
        select: selection,
        metric: measured.name,
        variant: measured.variant ?? null,
        unit: measured.unit,
        perStep: perStep.map(({ count, mean }) => (count === 0 ? null : mean)),
        perStepCi95: perStep.map(({ interval }) => interval ?? null),
        mean: overall.mean,
        ci95: overall.interval ?? null,
        baselines: Object.fromEntries(baselines),
        framesCapped: framesCapped[mode],
        seed,
        backend: tf.getBackend(),
        tfjs: tf.version_core,
      };
    });
}

/** The lines of `predictions.jsonl`: what every competitor reaches on each sequence, for paired tests between models. */
export function sequenceRows(
  sequences: readonly Pick<Sequence, 'key' | 'source' | 'start'>[],
  competitors: readonly Competitor[],
  mode: Mode,
): Readonly<Record<string, unknown>>[] {
  return sequences.map(({ key, source, start }, item) => ({
    key,
    source,
    start,
    mode,
    values: Object.fromEntries(
      competitors.map(({ name, boards }) => [
        name,
        Object.fromEntries(
          boards[mode].summaries.map(({ measured, selection, perSequence }) => {
            const kind = [measured.name, measured.variant].filter(Boolean).join('.');
            const value = perSequence[item]!;
            return [selection === 'mean' ? kind : `${kind} ${selection}`, Number.isNaN(value) ? null : value];
          }),
        ),
      ]),
    ),
  }));
}
