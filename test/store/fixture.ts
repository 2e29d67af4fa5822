import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import {
  createRandom,
  hashJson,
  type DatasetHeader,
  type EncodedImage,
  type MinedUnit,
  type Random,
  type Sample,
  type SampleSpec,
} from '../../src/core/index.js';
import { openSink } from '../../src/store/index.js';

/** Every dtype, as a plain value, with a fixed, one free and two free dimensions. */
export const everySpec = {
  u8: { dtype: 'uint8', shape: [2, 3] },
  u16: { dtype: 'uint16', shape: [null] },
  flags: { dtype: 'bool', shape: [null, 2] },
  i32: { dtype: 'int32', shape: [3] },
  i64: { dtype: 'int64', shape: [null] },
  f16: { dtype: 'float16', shape: [4] },
  f32: { dtype: 'float32', shape: [null, null] },
  f64: { dtype: 'float64', shape: [2] },
  words: { dtype: 'string', shape: [null] },
  pictures: { dtype: 'image', shape: [null] },
  grid: { dtype: 'image', shape: [2, 2] },
  oneU8: { dtype: 'uint8', shape: [] },
  oneU16: { dtype: 'uint16', shape: [] },
  oneBool: { dtype: 'bool', shape: [] },
  oneI32: { dtype: 'int32', shape: [] },
  oneI64: { dtype: 'int64', shape: [] },
  oneF32: { dtype: 'float32', shape: [] },
  oneF64: { dtype: 'float64', shape: [] },
  oneWord: { dtype: 'string', shape: [] },
  onePicture: { dtype: 'image', shape: [] },
  maybe: { dtype: 'int32', shape: [], optional: true },
} as const satisfies SampleSpec;

/** A small sample: some bytes and a label. */
export const smallSpec = {
  pixels: { dtype: 'uint8', shape: [4, 4] },
  label: { dtype: 'int32', shape: [] },
} as const satisfies SampleSpec;

/** Values for every field of `everySpec`, awkward ones among them. */
export function everyField(random: Random): Sample<typeof everySpec>['fields'] {
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.int(256));
  const picture = (): EncodedImage => ({
    image: (['jpeg', 'webp', 'png'] as const)[random.int(3)]!,
    data: bytes(random.int(40)),
  });
  const free = random.int(4);
  const word = () =>
    Array.from({ length: random.int(40) }, () =>
      String.fromCodePoint([65, 0xe9, 0x4e2d, 0x1f3ac][random.int(4)]!),
    ).join('');
  const i64 = () => BigInt.asIntN(64, (BigInt(random.seed()) << 32n) | BigInt(random.seed())) >> BigInt(random.int(64));
  const f64 = () => [random.normal(), -0, Infinity, 3, 1e300, 5e-324][random.int(6)]!;
  return {
    u8: bytes(6),
    u16: Uint16Array.from({ length: free }, () => random.int(65536)),
    flags: Uint8Array.from({ length: 2 * free }, () => random.int(2)),
    i32: Int32Array.from({ length: 3 }, () => random.seed() | 0),
    i64: BigInt64Array.from({ length: free }, i64),
    f16: Uint16Array.from({ length: 4 }, () => random.int(65536)),
    f32: { data: Float32Array.from({ length: 2 * free }, f64), shape: [free, 2] },
    f64: Float64Array.from({ length: 2 }, f64),
    words: Array.from({ length: free }, word),
    pictures: Array.from({ length: free }, picture),
    grid: Array.from({ length: 4 }, picture),
    oneU8: random.int(256),
    oneU16: random.int(65536),
    oneBool: random.int(2) === 1,
    oneI32: (random.seed() | 0) >> random.int(32),
    oneI64: i64(),
    oneF32: Math.fround(f64()),
    oneF64: f64(),
    oneWord: word(),
    onePicture: picture(),
    ...(random.int(2) === 1 ? { maybe: random.int(100) } : {}),
  };
}

/** The header of a test's dataset. */
export function makeHeader(more: Partial<DatasetHeader> = {}): DatasetHeader {
  const config = { tauMax: 60 };
  return {
    signal: 'test',
    signalVersion: 1,
    spec: smallSpec,
    config,
    configHash: hashJson(config),
    corpusDigest: 'c'.repeat(64),
    decoder: { name: 'none', version: '1' },
    toolVersion: '0.1.0',
    seed: 1,
    selection: {},
    ...more,
  };
}

/** 16 hexadecimal digits, spread like real ids. */
export function sourceId(n: number): string {
  return hashJson(n).slice(0, 16);
}

/** A unit of small samples whose every byte follows from source and shot. */
export function makeUnit(source: string, shot: number, count = 3, bytes = 16): MinedUnit {
  const random = createRandom(`${source}/${shot}`);
  return {
    source,
    shot,
    samples: Array.from({ length: count }, (_, n) => ({
      key: `${source}/${shot}/${n}`,
      fields: { pixels: Uint8Array.from({ length: bytes }, () => random.int(256)), label: random.int(10) },
      provenance: { source, shot, pts: [n * 40, n * 40 + 20], timeBase: [1, 25] },
    })),
    rejections:
      shot % 2 === 0
        ? {
            still: {
              count: 2,
              examples: [{ span: { startPts: 0, endPts: 10 }, box: { x: 1, y: 2.5, width: 3, height: 4 } }],
            },
          }
        : {},
  };
}

/** Writes and closes a dataset of `sources` × `shots` units. */
export async function writeDataset(
  dir: string,
  { sources = 5, shots = 2, count = 3, shards = 4 } = {},
): Promise<{ readonly digest: string; readonly samples: number }> {
  const sink = await openSink({ dir, header: makeHeader(), shards });
  for (let s = 0; s < sources; s++) {
    for (let shot = 0; shot < shots; shot++) await sink.writeUnit(makeUnit(sourceId(s), shot, count));
  }
  return sink.finish(null);
}

const folders: string[] = [];

/** A folder that is gone after the test. */
export function makeTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reelmine-store-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Fails, saying where, unless two byte strings are equal. */
export function expectSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  expect.fail(`bytes differ from ${at} on; lengths ${actual.length} and ${expected.length}`);
}

/** All items of an iteration. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}
