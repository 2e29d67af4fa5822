/** One measured number. */
export interface Metric {
  /** As in the contract's list: `top1`, `classMean`, `balancedAccuracy`, …. */
  readonly name: string;
  /** How it is computed, where published code does so in several ways: `gauss11`, `uniform7.L1`, …. Never compare two variants. */
  readonly variant?: string;
  readonly value: number;
  /** `fraction`, `dB`, `px`, `nats`, …. */
  readonly unit: string;
  readonly direction: 'higher' | 'lower';
  /** How many examples were measured. */
  readonly examples: number;
  readonly split: string;
  /** 95 % interval, where one makes sense. */
  readonly interval?: readonly [low: number, high: number];
  /** Values of the single seeds, where the value is their mean. */
  readonly seeds?: readonly number[];
  /** Values on the single official splits, where the value is their mean. */
  readonly perSplit?: readonly number[];
}

/** What a trivial or published competitor reaches on the same data. */
export interface Rival {
  /** `chance`, `untrained`, `copy-last`, …. */
  readonly name: string;
  readonly metrics: readonly Metric[];
  /** Set for figures taken from a paper: which. */
  readonly published?: string;
  /** What it is told that the model is not, such as the truth: it shows what can be reached, and need not be beaten. */
  readonly told?: string;
}

/** A metric step by step, of what was evaluated or of a rival. */
export interface MetricCurve extends Pick<Metric, 'name' | 'variant' | 'unit' | 'direction' | 'split' | 'examples'> {
  /** Name of the rival; null: what was evaluated. */
  readonly of: string | null;
  /** Which of several samples it is of, such as `best of 20`; default: their mean. */
  readonly selection?: string;
  /** What `steps` count: `frame`, …. */
  readonly stepName: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
  /** Ends of the 95 % interval at each step. */
  readonly intervals?: readonly (readonly [low: number, high: number])[];
  /** The last step that was trained for. */
  readonly horizon?: number;
}

/** True for two values of one kind: equal name, variant, split and unit. */
export function isSameKind(a: KindOfMetric, b: KindOfMetric): boolean {
  return a.name === b.name && a.variant === b.variant && a.split === b.split && a.unit === b.unit;
}

type KindOfMetric = Pick<Metric, 'name' | 'variant' | 'split' | 'unit'>;
