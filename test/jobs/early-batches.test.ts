import { describe, expect, it } from 'vitest';
import type { Cursor, SampleBatch } from '../../src/core/index.js';
import type { BatchSource } from '../../src/engine/index.js';
import { beginEarly } from '../../src/jobs/early-batches.js';

/** Batches numbered on from a cursor, without end, and what was asked of them. */
function createCounter({ failsAt = -1 } = {}) {
  const asked: number[] = [];
  let left = 0;
  const source: BatchSource = {
    samples: 10,
    digest: 'digest',
    async *batches({ batch }: Cursor) {
      try {
        for (let at = batch; ; at++) {
          asked.push(at);
          if (at === failsAt) throw new Error(`batch ${at} cannot be made`);
          const cursor = { epoch: 0, batch: at + 1 };
          yield { keys: [String(at)], ordinals: [at], arrays: {}, cursor, release() {} };
        }
      } finally {
        left++;
      }
    },
  };
  return { source, asked, left: () => left };
}

async function take(batches: AsyncIterable<SampleBatch>, count: number): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of batches) {
    keys.push(...batch.keys);
    if (keys.length === count) break;
  }
  return keys;
}

describe('batches that are begun early', () => {
  it('are made before they are asked for, come once and in order, and end where they are left', async () => {
    const { source, asked, left } = createCounter();
    const early = await beginEarly(source, { epoch: 0, batch: 3 });
    expect(asked).toEqual([3]);
    expect(await take(early.batches({ epoch: 0, batch: 3 }), 3)).toEqual(['3', '4', '5']);
    expect([asked, left()]).toEqual([[3, 4, 5], 1]);
    expect(await take(early.batches({ epoch: 0, batch: 3 }), 2)).toEqual(['3', '4']);
    expect([asked, left()]).toEqual([[3, 4, 5, 3, 4], 2]);
    expect([early.samples, early.digest]).toEqual([10, 'digest']);
  });

  it('are not given to who asks for others', async () => {
    const early = await beginEarly(createCounter().source, { epoch: 0, batch: 3 });
    expect(await take(early.batches({ epoch: 0, batch: 7 }), 2)).toEqual(['7', '8']);
    expect(await take(early.batches({ epoch: 1, batch: 3 }), 1)).toEqual(['3']);
  });

  it('throw what went wrong to who asks, and to nobody else', async () => {
    const early = await beginEarly(createCounter({ failsAt: 0 }).source, { epoch: 0, batch: 0 });
    await new Promise(setImmediate);
    await expect(take(early.batches({ epoch: 0, batch: 0 }), 1)).rejects.toThrow('batch 0 cannot be made');
  });
});
