import { setTimeout as sleep } from 'node:timers/promises';
import type { FetchConfig } from './config.js';

const longestWaitSeconds = 120;

/** When a download may start, and how fast it may go. */
export interface Pace {
  /** Waits until a download from this host may start. */
  turn(host: string, signal: AbortSignal): Promise<void>;
  /** Waits before try `attempt`, from 1, as long as the settings or the server say. */
  backOff(attempt: number, askedSeconds: number | null, signal: AbortSignal): Promise<void>;
  /** A brake of one download: to be told of the bytes that came. */
  brake(signal: AbortSignal): (bytes: number) => Promise<void>;
}

/** The pace of a run's downloads; hosts do not wait for each other. */
export function createPace({ secondsBetween, backoffSeconds, bytesPerSecond }: FetchConfig): Pace {
  const nextStartMs = new Map<string, number>();
  const wait = async (milliseconds: number, signal: AbortSignal) => {
    if (milliseconds > 0) await sleep(milliseconds, undefined, { signal });
  };
  return {
    async turn(host, signal) {
      const now = performance.now();
      const start = Math.max(now, nextStartMs.get(host) ?? 0);
      nextStartMs.set(host, start + secondsBetween * 1000);
      await wait(start - now, signal);
    },
    backOff: (attempt, askedSeconds, signal) => wait(waitSeconds(attempt, askedSeconds, backoffSeconds) * 1000, signal),
    brake(signal) {
      if (bytesPerSecond === null) return async () => {};
      const started = performance.now();
      let total = 0;
      return async (bytes) => {
        total += bytes;
        await wait((total / bytesPerSecond) * 1000 - (performance.now() - started), signal);
      };
    },
  };
}

/** Seconds before try `attempt`, from 1: doubled each time; a server that asks for more gets it; never above two minutes. */
export function waitSeconds(attempt: number, askedSeconds: number | null, backoffSeconds: number): number {
  const own = backoffSeconds * 2 ** Math.min(attempt - 1, 20);
  return Math.min(longestWaitSeconds, Math.max(own, askedSeconds ?? 0));
}
