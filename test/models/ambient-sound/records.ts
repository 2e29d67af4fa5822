import { createRandom, type Sample } from '../../../src/core/index.js';
import type { AmbientSoundConfig } from '../../../src/models/ambient-sound/config.js';
import { prepare } from '../../../src/models/ambient-sound/prepare.js';
import { encodeImage } from '../../../src/vision/image-codec.js';
import { createLoader } from '../loader.js';

const [width, height] = [64, 48];

/** Clusters that the records are in. */
export const clusters = 4;

/** An audio-clusters record made here: one, two, three or four bars on noise, and the cluster that is as many. */
export async function makeRecord(seed: number): Promise<Sample> {
  const random = createRandom(`record ${seed}`);
  const data = Uint8Array.from({ length: width * height * 3 }, () => 60 + random.int(60));
  const bars = 1 + (seed % clusters);
  const from = random.int(10);
  for (let bar = 0; bar < bars; bar++) {
    for (let y = 0; y < height; y++) {
      const at = 3 * (y * width + from + bar * 13);
      data.fill(230, at, at + 3 * 5);
    }
  }
  return {
    key: `source${seed}/0/0`,
    fields: {
      image: await encodeImage(data, width, height, 3, { quality: 95 }),
      statistics: Float32Array.from({ length: 502 }, () => random.float()),
      rms: -20,
      peak: -3,
      silence: 0,
      pulse: 0.1,
      harmonic: 0.1,
      syllabic: 0.1,
      window: Float64Array.of(1, 4.75),
      sampleRateHz: 44_100,
      channels: 2,
      codec: 'aac',
      frame: 12,
      framesPerSecond: 25,
      group: `group${seed}`,
    },
    provenance: { source: `source${seed}`, shot: 0, pts: [12], timeBase: [1, 25] },
  };
}

/** What a codebook would have said of a record: its cluster, a code that says it in two bits, and a weight. */
export function labelsOf({ key }: Sample): Readonly<Record<string, number>> {
  const label = Number(/\d+/.exec(key)![0]) % clusters;
  return { label, bits: label, distance: 1, margin: 1, weight: 1 + label };
}

export const { makeBatch, makeSource } = createLoader<AmbientSoundConfig>((sample, context) =>
  prepare(sample, { labels: labelsOf(sample), ...context }),
);
