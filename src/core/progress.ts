/** How many units ended how. */
export interface Counts {
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly [name: string]: number;
}

/** Where a long job stands. */
export interface ProgressEvent {
  readonly kind: 'progress';
  /** `ingest`, `mine`, `train`, …. */
  readonly stage: string;
  readonly done: number;
  /** Null while unknown. */
  readonly total: number | null;
  /** What is counted: `videos`, `shots`, `steps`, …. */
  readonly unit: string;
  readonly counts?: Readonly<Record<string, number>>;
  /** A short text for people, such as the current loss. */
  readonly note?: string;
  /** Measured numbers, such as the terms of the last logged loss. */
  readonly values?: Readonly<Record<string, number>>;
}

/** Something a user should know that does not end the job. */
export interface WarningEvent {
  readonly kind: 'warning';
  readonly stage: string;
  readonly message: string;
}

/** The last value of a job. */
export interface ResultEvent<R> {
  readonly kind: 'result';
  readonly result: R;
}

/** What a job's Observable emits: progress and warnings, then its result. */
export type JobEvent<R> = ProgressEvent | WarningEvent | ResultEvent<R>;

/** Rate and remaining time from progress events, measured over the job's own run. */
export class RateMeter {
  readonly #now: () => number;
  #startMs: number | null = null;
  #startDone = 0;

  /**
   * A meter that starts with the first event.
   *
   * @param now clock in milliseconds.
   */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Units per second, and seconds to the end where the total is known; null before the first second. */
  measure(event: ProgressEvent): { readonly rate: number; readonly etaSeconds: number | null } | null {
    if (this.#startMs === null) {
      this.#startMs = this.#now();
      this.#startDone = event.done;
      return null;
    }
    const seconds = (this.#now() - this.#startMs) / 1000;
    const done = event.done - this.#startDone;
    if (seconds < 1 || done <= 0) return null;
    const rate = done / seconds;
    return { rate, etaSeconds: event.total === null ? null : (event.total - event.done) / rate };
  }
}
