import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createJob, runJob, runPool, untilAborted } from '../../src/core/index.js';

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

describe('createJob', () => {
  it('is cold, reports progress, and ends with its result', async () => {
    let starts = 0;
    const job = createJob(async ({ emit }) => {
      starts++;
      emit({ kind: 'progress', stage: 's', done: 1, total: 1, unit: 'u' });
      return 42;
    });
    expect(starts).toBe(0);
    const events: unknown[] = [];
    expect(await runJob(job, (event) => events.push(event))).toBe(42);
    expect([starts, events.length]).toEqual([1, 1]);
  });

  it('lets the body save when unsubscribed, and gives its result when stopped', async () => {
    let saved = 0;
    const body = async ({ signal }: { signal: AbortSignal }) => {
      while (!signal.aborted) await tick();
      saved++;
      return 'saved';
    };
    const subscription = createJob(body).subscribe();
    await tick();
    subscription.unsubscribe();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 5);
    expect(await runJob(createJob(body, stop.signal))).toBe('saved');
    expect(saved).toBe(2);
  });

  it('passes an error on', async () => {
    await expect(runJob(createJob(() => Promise.reject(new Error('no'))))).rejects.toThrow('no');
  });
});

describe('runPool', () => {
  it('does everything, never more than `workers` at once', async () => {
    let running = 0;
    let most = 0;
    const work = async (item: number) => {
      most = Math.max(most, ++running);
      await tick();
      running--;
      return item * 2;
    };
    const results = await lastValueFrom(
      runPool([1, 2, 3, 4, 5, 6, 7], work, { workers: 3, signal: new AbortController().signal }).pipe(toArray()),
    );
    expect(results.sort((a, b) => a - b)).toEqual([2, 4, 6, 8, 10, 12, 14]);
    expect(most).toBe(3);
  });

  it('starts nothing new after an abort but finishes what runs', async () => {
    const stop = new AbortController();
    const work = async (item: number) => {
      await tick();
      if (item === 2) stop.abort();
      return item;
    };
    const results = await lastValueFrom(
      runPool([1, 2, 3, 4], work, { workers: 1, signal: stop.signal }).pipe(toArray()),
    );
    expect(results).toEqual([1, 2]);
  });
});

describe('untilAborted', () => {
  it("runs the source's finally", async () => {
    let freed = false;
    async function* source() {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        freed = true;
      }
    }
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const i of untilAborted(source(), stop.signal)) {
      seen.push(i);
      if (i === 3) stop.abort();
    }
    expect([seen, freed]).toEqual([[0, 1, 2, 3], true]);
  });
});
