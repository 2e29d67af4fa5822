/** Mean and spread of numbers that come one at a time (Welford, in double precision). */
export class RunningMean {
  count = 0;
  mean = 0;
  #squares = 0;

  /** Takes one more number. */
  add(value: number): void {
    this.count++;
    const before = value - this.mean;
    this.mean += before / this.count;
    this.#squares += before * (value - this.mean);
  }

  /** Standard deviation of the sample; NaN for fewer than two numbers. */
  get deviation(): number {
    return this.count < 2 ? NaN : Math.sqrt(this.#squares / (this.count - 1));
  }

  /** Mean ± 1.96 standard errors; undefined for fewer than two numbers. */
  get interval(): readonly [low: number, high: number] | undefined {
    if (this.count < 2) return undefined;
    const half = (1.96 * this.deviation) / Math.sqrt(this.count);
    return [this.mean - half, this.mean + half];
  }
}
