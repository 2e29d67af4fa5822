import { createRandom, type EncodedImage, type Sample, type SampleSpec } from '../../../src/core/index.js';
import {
  datasetExporters,
  openDataset,
  openSink,
  type ExportContext,
  type ExportedDataset,
} from '../../../src/store/index.js';
import { encodeImage } from '../../../src/vision/index.js';
import { makeHeader, sourceId } from '../fixture.js';

/** Fields of each kind that formats treat in their own way. */
export const mixedSpec = {
  label: { dtype: 'int32', shape: [] },
  big: { dtype: 'int64', shape: [] },
  score: { dtype: 'float32', shape: [] },
  isOpen: { dtype: 'bool', shape: [] },
  word: { dtype: 'string', shape: [] },
  words: { dtype: 'string', shape: [null] },
  boxes: { dtype: 'float32', shape: [2, 4] },
  track: { dtype: 'float32', shape: [null, 2] },
  grid: { dtype: 'uint8', shape: [null, null] },
  half: { dtype: 'float16', shape: [3] },
  pictures: { dtype: 'image', shape: [2] },
  maybe: { dtype: 'float64', shape: [], optional: true },
  never: { dtype: 'int32', shape: [2], optional: true },
} as const satisfies SampleSpec;

/** A dataset of 12 samples from 4 sources, with labels and an artefact; closed. */
export async function writeMixed(dir: string, { shards = 2 } = {}): Promise<readonly Sample[]> {
  const random = createRandom(11);
  const sink = await openSink({ dir, header: makeHeader({ spec: mixedSpec }), shards });
  const samples: Sample[] = [];
  for (let s = 0; s < 4; s++) {
    const source = sourceId(s);
    const unit: Sample[] = [];
    for (let n = 0; n < 3; n++) {
      const rows = 1 + random.int(4);
      const sizes = [1 + random.int(3), 2 + random.int(2)];
      unit.push({
        key: `${source}/${s}/${n}`,
        fields: {
          label: s * 3 + n - 5,
          big: [2n ** 62n + 1n, -7n, 5n][n]!,
          score: [Math.fround(0.1), NaN, -0][n]!,
          isOpen: n === 1,
          word: ['a "b"', 'é\n', '中'][n]!,
          words: Array.from({ length: n }, (_, i) => `w${i}`),
          boxes: Float32Array.from({ length: 8 }, () => random.normal()),
          track: Float32Array.from({ length: 2 * rows }, () => random.normal()),
          grid: { data: Uint8Array.from({ length: sizes[0]! * sizes[1]! }, () => random.int(256)), shape: sizes },
          half: Uint16Array.of(0x3c00, 0xc100, 0x0001),
          pictures: [await picture(random.fork('p', s, n, 0)), await picture(random.fork('p', s, n, 1))],
          ...(n === 0 ? { maybe: 0.1 + s } : {}),
        },
        provenance: { source, shot: s, pts: [n * 40, n * 40 + 2 ** 40], timeBase: [1001, 30_000] },
      });
    }
    await sink.writeUnit({ source, shot: s, samples: unit, rejections: {} });
    samples.push(...unit);
  }
  samples.sort((a, b) => (a.key < b.key ? -1 : 1));
  const labels = new Map(
    samples.slice(0, 8).map(({ key }, i) => [key, { cluster: i % 3, name: `c${i % 3}`, share: 0.1 * i }]),
  );
  const artefacts = { codebook: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } } as const;
  await sink.finish({ labels, artefacts });
  return samples;
}

/** A PNG of 6×4 noise. */
async function picture(random: ReturnType<typeof createRandom>): Promise<EncodedImage> {
  const pixels = Uint8Array.from({ length: 6 * 4 * 3 }, () => random.int(256));
  return encodeImage(pixels, 6, 4, 3, { format: 'png' });
}

/** What an exporter told while it worked. */
export interface Told {
  readonly failures: string[];
  readonly warnings: string[];
  readonly progress: number[];
}

/** Exports a dataset by one of the registry's exporters. */
export async function exportDataset(
  name: string,
  dir: string,
  out: string,
  {
    set = {},
    told,
    signal = new AbortController().signal,
    limit = Infinity,
    licences = null,
  }: {
    readonly set?: Readonly<Record<string, unknown>>;
    readonly told?: Told;
    readonly signal?: AbortSignal;
    readonly limit?: number;
    readonly licences?: ExportContext['licences'];
  } = {},
): Promise<ExportedDataset> {
  const exporter = await datasetExporters.load(name);
  const dataset = await openDataset(dir);
  try {
    return await exporter.write(exporter.config.parse(set), {
      dataset,
      out,
      limit,
      licences,
      signal,
      onProgress: (done) => told?.progress.push(done),
      onFailure: (key) => told?.failures.push(key),
      onWarning: (message) => told?.warnings.push(message),
    });
  } finally {
    await dataset.close();
  }
}
