/** Where the time of a training goes. */
export type TimeKind = 'dataWait' | 'upload' | 'capture' | 'compute' | 'validation' | 'saving';

/** Adds up seconds by what they were spent on. */
export interface Stopwatch {
  /** Runs something and counts its time. */
  measure<T>(kind: TimeKind, work: () => T): T;
  add(kind: TimeKind, seconds: number): void;
  /** Seconds of each kind, and of all else since the start under `other`. */
  totals(): Readonly<Record<TimeKind | 'other' | 'total', number>>;
}

/** A stopwatch that starts now; `clock` gives milliseconds. */
export function createStopwatch(clock: () => number): Stopwatch {
  const startMs = clock();
  const seconds: Record<TimeKind, number> = {
    dataWait: 0,
    upload: 0,
    capture: 0,
    compute: 0,
    validation: 0,
    saving: 0,
  };
  const add = (kind: TimeKind, more: number) => void (seconds[kind] += more);
  return {
    add,
    measure(kind, work) {
      const fromMs = clock();
      const done = <T>(result: T): T => {
        add(kind, (clock() - fromMs) / 1000);
        return result;
      };
      const result = work();
      return result instanceof Promise ? (result.then(done) as typeof result) : done(result);
    },
    totals() {
      const total = (clock() - startMs) / 1000;
      const counted = Object.values(seconds).reduce((sum, one) => sum + one, 0);
      return { ...seconds, other: Math.max(0, total - counted), total };
    },
  };
}
