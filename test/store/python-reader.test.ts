import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom, isEncodedImage, isNdArray, packageRoot, runProcess } from '../../src/core/index.js';
import type { Dtype, FieldSpec, Sample } from '../../src/core/index.js';
import { openSink } from '../../src/store/index.js';
import { everyField, everySpec, makeHeader, makeTemporaryFolder, sourceId } from './fixture.js';
import { preparePython } from './python.js';

const numpyTypes: Record<string, string> = {
  uint8: '|u1',
  uint16: '<u2',
  bool: '|b1',
  int32: '<i4',
  int64: '<i8',
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
};

describe('python/reelmine_reader.py', () => {
  it('reads every dtype bit for bit, and computes the same digest', async (context) => {
    const python = await preparePython(context);
    const dir = makeTemporaryFolder();
    const random = createRandom(5);
    const sink = await openSink({ dir, header: makeHeader({ spec: everySpec }) });
    const samples: Sample[] = [];
    for (let n = 0; n < 40; n++) {
      const source = sourceId(n);
      const pts = [n, -n, 2 ** 40 + n];
      const provenance = { source, shot: n, pts, timeBase: [1001, 30000] } as const;
      const sample: Sample = { key: `${source}/${n}/0`, fields: everyField(random), provenance };
      samples.push(sample);
      await sink.writeUnit({ source, shot: n, samples: [sample], rejections: {} });
    }
    samples.sort((a, b) => (a.key < b.key ? -1 : 1));
    const labels = new Map([[samples[3]!.key, { cluster: 7, name: 'é', share: 0.1 }]]);
    const artefacts = { codebook: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 0.5) } } as const;
    const { digest } = await sink.finish({ labels, artefacts });
    const expected = join(makeTemporaryFolder(), 'expected.json');
    writeFileSync(expected, JSON.stringify(samples.map((sample) => describeSample(sample, labels.get(sample.key)))));
    const test = join(packageRoot(), 'python', 'test_reader.py');
    const env = { PYTHONDONTWRITEBYTECODE: '1' };
    const { status, stdout, stderr } = await runProcess(python, [test, dir, expected], { env });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const report = {
      digest,
      records: 40,
      artefacts: {
        codebook: [
          [1, 2],
          [3, 0.5],
        ],
      },
    };
    expect(JSON.parse(stdout)).toMatchObject(report); // and `torch`: how many records its DataLoader gave, where it is installed
  }, 60_000);

  it('is one file of less than 80 lines', () => {
    const text = readFileSync(join(packageRoot(), 'python', 'reelmine_reader.py'), 'utf8');
    expect(text.split('\n').length - 1).toBeLessThan(80);
  });
});

function describeSample(sample: Sample, labels: unknown = {}): unknown {
  const fields = Object.entries(sample.fields).map(([name, value]) => [
    name,
    describeValue(everySpec[name as keyof typeof everySpec], value),
  ]);
  return { key: sample.key, ...sample.provenance, labels, fields: Object.fromEntries(fields) as unknown };
}

function describeValue({ dtype, shape }: FieldSpec, value: unknown): unknown {
  if (shape.length === 0) return describeScalar(dtype, value);
  const data = isNdArray(value) ? value.data : value;
  if (dtype === 'string' || dtype === 'image') {
    const items = (data as readonly unknown[]).map((item) => describeScalar(dtype, item));
    if (shape.length === 1) return { kind: 'list', items };
    const half = items.length / 2;
    const rows = [items.slice(0, half), items.slice(half)];
    return { kind: 'list', items: rows.map((row) => ({ kind: 'list', items: row })) };
  }
  const array = data as Uint8Array;
  const full = isNdArray(value)
    ? value.shape
    : shape.map((size) => size ?? array.length / shape.reduce<number>((product, other) => product * (other ?? 1), 1));
  return {
    kind: 'array',
    type: numpyTypes[dtype],
    shape: full,
    hex: Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex'),
  };
}

function describeScalar(dtype: Dtype, value: unknown): unknown {
  if (isEncodedImage(value)) return { kind: 'image', image: value.image, hex: Buffer.from(value.data).toString('hex') };
  if (dtype === 'float32' || dtype === 'float64' || dtype === 'float16') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value as number);
    return { kind: 'float', hex: bytes.toString('hex') };
  }
  if (typeof value === 'number' || typeof value === 'bigint') return { kind: 'int', value: String(value) };
  return { kind: 'plain', value };
}
