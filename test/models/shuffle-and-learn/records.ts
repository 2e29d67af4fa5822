import {
  createRandom,
  type BatchArray,
  type PreparedSample,
  type Sample,
  type SampleBatch,
} from '../../../src/core/index.js';
import type { BatchSource } from '../../../src/engine/index.js';
import type { ShuffleAndLearnConfig } from '../../../src/models/shuffle-and-learn/config.js';
import { prepare } from '../../../src/models/shuffle-and-learn/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';

const width = 64;
const height = 48;

/** A temporal-order record made here: a disc that crosses a noisy background from left to right, or what the options say. */
export async function makeRecord(
  seed: number,
  { plain = false, tint = false, halves = false }: { plain?: boolean; tint?: boolean; halves?: boolean } = {},
): Promise<Sample> {
  const random = createRandom(`record ${seed}`);
  const background = Uint8Array.from({ length: width * height * 3 }, () => 60 + random.int(40));
  const y = 12 + random.int(24);
  const radius = 5 + random.int(4);
  const images = await Promise.all(
    [0, 1, 2, 3, 4].map((k) => {
      const data = background.slice();
      if (plain) data.fill(40 * k + 20);
      for (let at = 0; at < width * height; at++) {
        const [px, py] = [at % width, Math.floor(at / width)];
        const inside = (px - (8 + 12 * k)) ** 2 + (py - y) ** 2 <= radius * radius;
        if (halves) data.fill(px < width / 2 ? 20 : 230, at * 3, at * 3 + 3);
        else if (!plain && inside) data.set(tint ? [250, 120, 10] : [230, 230, 230], at * 3);
      }
      return encodeImage(data, width, height, 3, { quality: 95 });
    }),
  );
  return {
    key: `source${seed}/0/0`,
    fields: {
      images,
      frames: Int32Array.of(0, 15, 30, 45, 60),
      has: 3,
      tauMax: 30,
      tauMin: 15,
      tauMaxSeconds: 1.2,
      tauMinSeconds: 0.6,
      policy: 'exact',
      motion: 1,
      motionWidth: 160,
      motionKind: 'raw',
      msdCa: 500,
      msdCe: 500,
      weight: 0.1,
      patch: Int32Array.of(8, 0, 48, 48),
      group: `group${seed}`,
    },
    provenance: { source: `source${seed}`, shot: 0, pts: [0, 15, 30, 45, 60], timeBase: [1, 25] },
  };
}

/** One batch of records, prepared as the loader does. */
export async function makeBatch(
  records: readonly Sample[],
  config: ShuffleAndLearnConfig,
  { mode = 'train', epoch = 0, batch = 0 }: { mode?: 'train' | 'evaluate'; epoch?: number; batch?: number } = {},
): Promise<SampleBatch> {
  const prepared = await Promise.all(
    records.map((record, slot) =>
      prepare(record, {
        config,
        mode,
        slot,
        batchSize: records.length,
        position: batch * records.length + slot,
        random: createRandom(1).fork(epoch, record.key),
      }),
    ),
  );
  return {
    keys: records.map(({ key }) => key),
    ordinals: records.map((_, i) => i),
    arrays: Object.fromEntries(Object.keys(prepared[0]!).map((name) => [name, stack(prepared, name)])),
    cursor: { epoch, batch: batch + 1 },
    release: () => undefined,
  };
}

/** A loader in memory: epoch after epoch in an order of each epoch's own, from any cursor on. */
export function makeSource(records: readonly Sample[], config: ShuffleAndLearnConfig): BatchSource {
  const perEpoch = Math.floor(records.length / config.batchSize);
  return {
    samples: records.length,
    digest: 'made in a test',
    async *batches({ epoch: firstEpoch, batch: firstBatch }) {
      for (let epoch = firstEpoch, batch = firstBatch; ; epoch++, batch = 0) {
        const order = createRandom(2).fork(epoch).shuffle(records);
        for (; batch < perEpoch; batch++) {
          yield await makeBatch(order.slice(batch * config.batchSize, (batch + 1) * config.batchSize), config, {
            epoch,
            batch,
          });
        }
      }
    },
  };
}

function stack(prepared: readonly PreparedSample[], name: string): BatchArray {
  const { dtype, shape } = prepared[0]![name]!;
  const size = shape.reduce((a, b) => a * b, 1);
  const data = dtype === 'uint8' ? new Uint8Array(size * prepared.length) : new Int32Array(size * prepared.length);
  prepared.forEach((sample, i) => data.set(sample[name]!.data as Uint8Array, i * size));
  return { data, dtype, shape: [prepared.length, ...shape] };
}
