import {
  createRandom,
  typedArrays,
  type BatchArray,
  type PrepareContext,
  type PreparedSample,
  type Sample,
  type SampleBatch,
} from '../../src/core/index.js';
import type { BatchSource } from '../../src/engine/index.js';

/** Which batch of which epoch it is, and what it is for. */
export interface BatchPlace {
  readonly mode?: 'train' | 'evaluate';
  readonly epoch?: number;
  readonly batch?: number;
}

type Prepare = (sample: Sample, context: PrepareContext) => PreparedSample | Promise<PreparedSample>;

/** A loader in memory for a task's `prepare`: batches as the store's loader makes them, without a store. */
export function createLoader<C extends { readonly batchSize: number }>(prepare: Prepare) {
  /** One batch of records. */
  async function makeBatch(
    records: readonly Sample[],
    config: C,
    { mode = 'train', epoch = 0, batch = 0 }: BatchPlace = {},
  ): Promise<SampleBatch> {
    const batchSize = records.length;
    const prepared = await Promise.all(
      records.map(async (record, slot) => {
        const place = { slot, batchSize, position: batch * batchSize + slot };
        return prepare(record, { config, mode, ...place, random: createRandom(1).fork(epoch, record.key) });
      }),
    );
    return {
      keys: records.map(({ key }) => key),
      ordinals: records.map((_, i) => i),
      arrays: Object.fromEntries(Object.keys(prepared[0]!).map((name) => [name, stack(prepared, name)])),
      cursor: { epoch, batch: batch + 1 },
      release: () => undefined,
    };
  }

  /** Epoch after epoch in an order of each epoch's own, from any cursor on. */
  function makeSource(records: readonly Sample[], config: C): BatchSource {
    const perEpoch = Math.floor(records.length / config.batchSize);
    return {
      samples: records.length,
      digest: 'made in a test',
      async *batches({ epoch: firstEpoch, batch: firstBatch }) {
        for (let epoch = firstEpoch, batch = firstBatch; ; epoch++, batch = 0) {
          const order = createRandom(2).fork(epoch).shuffle(records);
          for (; batch < perEpoch; batch++) {
            const chosen = order.slice(batch * config.batchSize, (batch + 1) * config.batchSize);
            yield await makeBatch(chosen, config, { epoch, batch });
          }
        }
      },
    };
  }

  return { makeBatch, makeSource };
}

/** Equal arrays of several samples, one behind the other. */
function stack(prepared: readonly PreparedSample[], name: string): BatchArray {
  const { dtype, shape, data: first } = prepared[0]![name]!;
  const data = new typedArrays[dtype as 'uint8'](first.length * prepared.length);
  prepared.forEach((sample, i) => data.set(sample[name]!.data as typeof data, i * first.length));
  return { data, dtype, shape: [prepared.length, ...shape] };
}
