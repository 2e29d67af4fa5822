import {
  createRandom,
  type BatchArray,
  type PreparedSample,
  type Sample,
  type SampleBatch,
} from '../../../src/core/index.js';
import type { BatchSource } from '../../../src/engine/index.js';
import type { PredNetConfig } from '../../../src/models/prednet/config.js';
import { prepare } from '../../../src/models/prednet/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';

/** A clips record made here: a bright square that runs over a dark ground and turns round at the edges. */
export async function makeRecord(
  seed: number,
  {
    length = 6,
    width = 16,
    height = 8,
    channels = 1,
    storage = 'raw',
  }: { length?: number; width?: number; height?: number; channels?: 1 | 3; storage?: 'raw' | 'png' } = {},
): Promise<Sample> {
  const random = createRandom(`record ${seed}`);
  const [left, top, side] = [random.int(width), random.int(height), 3 + random.int(2)];
  const [across, down] = [1 + random.int(2), random.int(2)];
  const colour = [0, 1, 2].map(() => 128 + random.int(128));
  const turn = (at: number, room: number) => {
    const place = at % (2 * room);
    return place < room ? place : 2 * room - 1 - place;
  };
  const data = new Uint8Array(length * height * width * channels);
  for (let t = 0, at = 0; t < length; t++) {
    const [x0, y0] = [turn(left + across * t, width - side), turn(top + down * t, height - side)];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++)
          data[at++] = x >= x0 && x < x0 + side && y >= y0 && y < y0 + side ? colour[c]! : 20;
  }
  const one = height * width * channels;
  const images = await Promise.all(
    Array.from({ length }, (_, t) =>
      encodeImage(data.slice(t * one, (t + 1) * one), width, height, channels, { format: 'png' }),
    ),
  );
  return {
    key: `source${seed}/0/0`,
    fields: {
      ...(storage === 'raw' ? { frames: { data, shape: [length, height, width, channels] } } : { images }),
      size: Int32Array.of(length, height, width, channels),
      start: 0,
      framesPerSecond: 10,
      motion: 5,
      group: `group${seed}`,
    },
    provenance: { source: `source${seed}`, shot: 0, pts: Array.from({ length }, (_, t) => t), timeBase: [1, 10] },
  };
}

/** One batch of records, prepared as the loader does. */
export async function makeBatch(
  records: readonly Sample[],
  config: PredNetConfig,
  { mode = 'train', epoch = 0, batch = 0 }: { mode?: 'train' | 'evaluate'; epoch?: number; batch?: number } = {},
): Promise<SampleBatch> {
  const prepared = await Promise.all(
    records.map((record) => prepare(record, { config, mode, random: createRandom(1).fork(epoch, record.key) })),
  );
  return {
    keys: records.map(({ key }) => key),
    ordinals: records.map((_, i) => i),
    arrays: { frames: stack(prepared, 'frames') },
    cursor: { epoch, batch: batch + 1 },
    release: () => undefined,
  };
}

/** A loader in memory: epoch after epoch in an order of each epoch's own, from any cursor on. */
export function makeSource(records: readonly Sample[], config: PredNetConfig): BatchSource {
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

function stack(prepared: readonly PreparedSample[], name: string): BatchArray {
  const { dtype, shape, data: first } = prepared[0]![name]!;
  const data = new Uint8Array(first.length * prepared.length);
  prepared.forEach((sample, i) => data.set(sample[name]!.data as Uint8Array, i * first.length));
  return { data, dtype, shape: [prepared.length, ...shape] };
}
