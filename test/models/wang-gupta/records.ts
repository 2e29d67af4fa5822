import {
  createRandom,
  type BatchArray,
  type PreparedSample,
  type Sample,
  type SampleBatch,
} from '../../../src/core/index.js';
import type { BatchSource } from '../../../src/engine/index.js';
import type { WangGuptaConfig } from '../../../src/models/wang-gupta/config.js';
import { prepare } from '../../../src/models/wang-gupta/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';

const size = 48;

/** A patch-triplets record made here: a disc in colours of its own, seen twice at other places before other noise. */
export async function makeRecord(
  seed: number,
  { video = seed, halves = false }: { video?: number; halves?: boolean } = {},
): Promise<Sample> {
  const look = createRandom(`video ${video}`);
  const [disc, ground] = [0, 1].map(() => [look.int(256), look.int(256), look.int(256)] as const);
  const random = createRandom(`record ${seed}`);
  const radius = 9 + look.int(8);
  const patches = await Promise.all(
    [0, 1].map(() => {
      const [x, y] = [size / 2 + random.int(13) - 6, size / 2 + random.int(13) - 6];
      const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
        const [px, py] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
        if (halves) return px < size / 2 ? 20 : 230;
        const inside = (px - x) ** 2 + (py - y) ** 2 <= radius * radius;
        return Math.max(0, Math.min(255, (inside ? disc! : ground!)[i % 3]! + random.int(31) - 15));
      });
      return encodeImage(data, size, size, 3, { quality: 95 });
    }),
  );
  const pts = [10, 40];
  return {
    key: `source${video}/0/${seed}`,
    fields: {
      patches,
      label: 1000 + video,
      groupLabel: 2000 + video,
      group: `group${video}`,
      frames: Int32Array.of(10, 40),
      framesPerSecond: 25,
      frameSize: Int32Array.of(48, 64),
      sourceScale: Float32Array.of(1, 1),
      boxes: Float32Array.of(0, 0, size, size, 4, 0, size, size),
      trackBoxes: Float32Array.of(0, 0, size, size, 4, 0, size, size),
      trackPts: BigInt64Array.of(10n, 40n),
      trackPeak: Float32Array.of(0.5),
      trackPsr: Float32Array.of(12),
      points: 100,
      movingPoints: 40,
      movingInBox: 38,
      movingFraction: 0.4,
      inlierFraction: 0.6,
      medianResidual: 2,
      homography: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
      similarity: 0.5,
      flags: 0,
    },
    provenance: { source: `source${video}`, shot: 0, pts, timeBase: [1, 25] },
  };
}

/** One batch of records, prepared as the loader does. */
export async function makeBatch(
  records: readonly Sample[],
  config: WangGuptaConfig,
  { mode = 'train', epoch = 0, batch = 0 }: { mode?: 'train' | 'evaluate'; epoch?: number; batch?: number } = {},
): Promise<SampleBatch> {
  const prepared = await Promise.all(
    records.map((record) => prepare(record, { config, mode, random: createRandom(1).fork(epoch, record.key) })),
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
export function makeSource(records: readonly Sample[], config: WangGuptaConfig): BatchSource {
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
  const data =
    dtype === 'uint8' ? new Uint8Array(first.length * prepared.length) : new Int32Array(first.length * prepared.length);
  prepared.forEach((sample, i) => data.set(sample[name]!.data as Uint8Array, i * first.length));
  return { data, dtype, shape: [prepared.length, ...shape] };
}
