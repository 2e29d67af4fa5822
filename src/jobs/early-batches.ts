import { setImmediate } from 'node:timers/promises';
import type { Cursor, SampleBatch } from '../core/index.js';
import type { BatchSource } from '../engine/index.js';

/**
 * A source whose first batches from a place are begun at once, in the loader's threads, so that they are made while the engine starts. Who asks for batches
 * from there gets these, once; from elsewhere, or a second time, new ones are begun.
 *
 * What goes wrong meanwhile is thrown to who asks. Closing the source ends what was begun.
 */
export async function beginEarly(source: BatchSource, from: Cursor): Promise<BatchSource> {
  const begun = source.batches(from)[Symbol.asyncIterator]();
  const first = begun.next();
  first.catch(() => {}); // until someone asks
  await setImmediate(); // the threads have their first jobs before the engine blocks this one
  let isTaken = false;

  async function* goOn(): AsyncGenerator<SampleBatch> {
    try {
      for (let next = await first; !next.done; next = await begun.next()) yield next.value;
    } finally {
      await begun.return?.();
    }
  }

  return {
    samples: source.samples,
    digest: source.digest,
    batches(at) {
      if (isTaken || at.epoch !== from.epoch || at.batch !== from.batch) return source.batches(at);
      isTaken = true;
      return goOn();
    },
  };
}
