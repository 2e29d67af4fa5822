import type { Metric } from '../../core/index.js';
import { bestOfWeights, RunningMean, worstSample } from '../metrics/index.js';

/** What tells one measured quantity from another. */
export type Measured = Pick<Metric, 'name' | 'unit' | 'direction'> & { readonly variant?: string };

/** Values of one metric on one sequence: [samples][steps]; null where a frame has nothing to measure. */
export type SampleValues = readonly (readonly (number | null)[])[];

/** A way to choose among the samples of a sequence: `mean`, `worst`, `best 20`. */
export type Selection = 'mean' | 'worst' | `best ${number}`;

/** One metric under one selection, over all sequences. */
export interface ScoreSummary {
  readonly measured: Measured;
  readonly selection: Selection;
  /** Mean over sequences of their means over time. */
  readonly overall: RunningMean;
  readonly perStep: readonly RunningMean[];
  /** One value a sequence, in order; NaN where nothing could be measured. */
  readonly perSequence: readonly number[];
}

/**
 * Gathers what a competitor reaches, sequence by sequence. Of several samples one is chosen for all steps by its mean over time: never
 * another at each step.
 */
export class Scoreboard {
  readonly #entries = new Map<
    string,
    { -readonly [K in keyof ScoreSummary]: ScoreSummary[K] } & {
      perSequence: number[];
    }
  >();
  readonly #bestOf: readonly number[];

  /** `bestOf`: of how many samples the best is taken; numbers above the samples there are, are left out. */
  constructor(bestOf: readonly number[]) {
    this.#bestOf = bestOf;
  }

  /** Takes the values of one metric on one more sequence. */
  add(measured: Measured, values: SampleValues): void {
    const kept = values[0]!.map((_, step) => step).filter((step) => values[0]![step] !== null);
    const means = values.map((steps) => kept.reduce((sum, step) => sum + steps[step]!, 0) / kept.length);
    const samples = values.length;
    const selections: [Selection, ArrayLike<number>][] = [['mean', new Float64Array(samples).fill(1 / samples)]];
    if (samples > 1) {
      const comparable = means.map((value) => (Number.isNaN(value) ? 0 : value)); // all or none are NaN
      for (const n of this.#bestOf.filter((each) => each <= samples))
        selections.push([`best ${n}`, bestOfWeights(comparable, n, measured.direction)]);
      const worst = worstSample(comparable, measured.direction);
      selections.push(['worst', Float64Array.from({ length: samples }, (_, i) => (i === worst ? 1 : 0))]);
    }
    for (const [selection, weights] of selections) {
      const entry = this.#entry(measured, selection, values[0]!.length);
      const weigh = (of: (sample: number) => number) => {
        let sum = 0;
        for (let i = 0; i < samples; i++) if (weights[i]! > 0) sum += weights[i]! * of(i);
        return sum;
      };
      for (const step of kept) entry.perStep[step]!.add(weigh((i) => values[i]![step]!));
      const value = kept.length === 0 ? NaN : weigh((i) => means[i]!);
      if (!Number.isNaN(value)) entry.overall.add(value);
      entry.perSequence.push(value);
    }
  }

  /** All that was gathered, in the order in which it came first. */
  get summaries(): readonly ScoreSummary[] {
    return [...this.#entries.values()];
  }

  /** One metric under one selection; undefined if there is none such. */
  find(measured: Pick<Measured, 'name' | 'variant'>, selection: Selection = 'mean'): ScoreSummary | undefined {
    return this.#entries.get(keyOf(measured, selection));
  }

  #entry(measured: Measured, selection: Selection, steps: number) {
    const key = keyOf(measured, selection);
    const entry = this.#entries.get(key) ?? {
      measured,
      selection,
      overall: new RunningMean(),
      perStep: Array.from({ length: steps }, () => new RunningMean()),
      perSequence: [],
    };
    this.#entries.set(key, entry);
    return entry;
  }
}

function keyOf({ name, variant = '' }: Pick<Measured, 'name' | 'variant'>, selection: Selection): string {
  return JSON.stringify([name, variant, selection]);
}
