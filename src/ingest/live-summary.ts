import type { FailureCode, ProgressEvent } from '../core/index.js';

/** What a running ingest says of itself. */
export interface LiveSummary {
  /** One more video failed. */
  failed(code: FailureCode): void;
  /** The commonest failures, `cannot-open 12, too-short 3`; empty if there are none. */
  topFailures(): string;
  /** How often each code came. */
  codes(): Readonly<Record<string, number>>;
  /** Name of the last video, success share and top failures for people; rates and memory as numbers. */
  progress(last: string, counts: Tally): Pick<ProgressEvent, 'done' | 'counts' | 'note' | 'values'>;
}

interface Tally {
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
}

const namedCodes = 3;

/** A summary that counts from now on; `memoryBytes` gives what the job's processes hold. */
export function createLiveSummary(memoryBytes: () => number): LiveSummary {
  const codes = new Map<FailureCode, number>();
  const started = performance.now();
  const topFailures = () =>
    [...codes]
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .slice(0, namedCodes)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ');
  return {
    failed: (code) => void codes.set(code, (codes.get(code) ?? 0) + 1),
    topFailures,
    codes: () => Object.fromEntries(codes),
    progress(last, counts) {
      const { done, skipped, failed } = counts;
      const tried = done + skipped + failed;
      const values = {
        perSecond: (done + failed) / Math.max(1e-3, (performance.now() - started) / 1000),
        usableShare: (done + skipped) / Math.max(1, tried),
        memoryBytes: memoryBytes(),
      };
      const note = [
        last,
        `${Math.floor(values.usableShare * 100)} % usable`,
        topFailures(),
        `${Math.round(values.memoryBytes / 2 ** 20)} MiB`,
      ];
      return { done: tried, counts: { ...counts }, note: note.filter((part) => part !== '').join(' · '), values };
    },
  };
}
