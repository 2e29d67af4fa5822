import { createRandom, type PreparedSample, type Sample, type SampleBatch } from '../../../src/core/index.js';
import type { BatchSource } from '../../../src/engine/index.js';
import type { SvgLpConfig } from '../../../src/models/svg-lp/config.js';
import { prepare } from '../../../src/models/svg-lp/prepare.js';
import { makeRecord as makeClip } from '../prednet/records.js';

/** A clips record made here: a bright square that runs over a dark ground, in frames of 16×16. */
export function makeRecord(seed: number, options: Parameters<typeof makeClip>[1] = {}): Promise<Sample> {
  return makeClip(seed, { length: 7, width: 16, height: 16, ...options });
}

/** One batch of records, prepared as the loader does. */
export async function makeBatch(
  records: readonly Sample[],
  config: SvgLpConfig,
  { mode = 'train', epoch = 0, batch = 0 }: { mode?: 'train' | 'evaluate'; epoch?: number; batch?: number } = {},
): Promise<SampleBatch> {
  const prepared: PreparedSample[] = await Promise.all(
    records.map((record) => prepare(record, { config, mode, random: createRandom(1).fork(epoch, record.key) })),
  );
  const { shape } = prepared[0]!['frames']!;
  return {
    keys: records.map(({ key }) => key),
    ordinals: records.map((_, i) => i),
    arrays: {
      frames: {
        data: Uint8Array.from(Buffer.concat(prepared.map(({ frames }) => frames!.data as Uint8Array))),
        dtype: 'uint8',
        shape: [prepared.length, ...shape],
      },
    },
    cursor: { epoch, batch: batch + 1 },
    release: () => undefined,
  };
}

/** A loader in memory: epoch after epoch in an order of each epoch's own, from any cursor on. */
export function makeSource(records: readonly Sample[], config: SvgLpConfig): BatchSource {
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
