/** One measured number. */
export interface Metric {
  /** As in the contract's list: `top1`, `classMean`, `balancedAccuracy`, …. */
  readonly name: string;
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
}

/** What a trivial or published competitor reaches on the same data. */
export interface Rival {
  /** `chance`, `untrained`, `copy-last`, …. */
  readonly name: string;
  readonly metrics: readonly Metric[];
  /** Set for figures taken from a paper: which. */
  readonly published?: string;
}
