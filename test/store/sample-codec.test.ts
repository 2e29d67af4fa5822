import { Unpackr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { createRandom, type Sample, type SampleSpec } from '../../src/core/index.js';
import { decodeMsgpack, encodeMsgpack } from '../../src/store/msgpack.js';
import { checkSpec, decodeSample, encodeSample } from '../../src/store/sample-codec.js';
import { everyField, everySpec, expectSameBytes } from './fixture.js';

const provenance = { source: '0123456789abcdef', shot: 2, pts: [0, -5, 2 ** 40], timeBase: [1, 90000] } as const;
const sampleOf = (fields: object): Sample => ({ key: '0123456789abcdef/2/0', fields: { ...fields }, provenance });
// Another MessagePack library, as a second opinion.
const unpackr = new Unpackr({ mapsAsObjects: false, int64AsType: 'auto' as 'number' });

describe('encodeSample', () => {
  it('writes exactly the bytes worked out by hand', () => {
    const spec = { label: { dtype: 'int32', shape: [] }, x: { dtype: 'uint16', shape: [null] } } as const;
    const bytes = encodeSample(spec, {
      key: 'a/0/0',
      fields: { x: Uint16Array.of(1, 515), label: -1 },
      provenance: { source: 'a', shot: 0, pts: [300], timeBase: [1, 25] },
    });
    const text = (word: string) => Buffer.from(word).toString('hex');
    const expected = [
      '86', // map of 6
      `a6${text('source')}a161`,
      `a4${text('shot')}00`,
      `a3${text('pts')}91cd012c`,
      `a8${text('timeBase')}920119`,
      `a5${text('label')}ff`,
      `a178`, // x
      '85', // map of 5, keys as bin
      `c402${text('nd')}c3`,
      `c404${text('type')}a3${text('<u2')}`,
      `c404${text('kind')}c400`,
      `c405${text('shape')}9102`,
      `c404${text('data')}c40401000302`,
    ];
    expect(Buffer.from(bytes).toString('hex')).toBe(expected.join(''));
  });

  it('round-trips every dtype, and equal samples give equal bytes', () => {
    const random = createRandom(11);
    for (let i = 0; i < 300; i++) {
      const sample = sampleOf(everyField(random.fork(i)));
      const bytes = encodeSample(everySpec, sample);
      const back = decodeSample(everySpec, sample.key, bytes);
      expect(back).toEqual(sample);
      expectSameBytes(encodeSample(everySpec, back), bytes);
      const shuffled = Object.fromEntries(random.shuffle(Object.entries(sample.fields)));
      expectSameBytes(encodeSample(everySpec, sampleOf(shuffled)), bytes);
    }
  });

  it('is read by another MessagePack library', () => {
    const random = createRandom(12);
    for (let i = 0; i < 50; i++) {
      const { fields } = sampleOf(everyField(random.fork(i)));
      const record = unpackr.unpack(encodeSample(everySpec, sampleOf(fields))) as Map<string, unknown>;
      expect([...record.keys()].slice(0, 4)).toEqual(['source', 'shot', 'pts', 'timeBase']);
      expect(record.get('pts')).toEqual(provenance.pts);
      for (const name of ['oneWord', 'oneF64', 'oneF32', 'oneBool', 'oneU16', 'words'] as const) {
        expect(record.get(name)).toEqual(fields[name]);
      }
      expect(BigInt(record.get('oneI64') as number)).toBe(fields.oneI64);
      const entries = [...(record.get('f64') as Map<Uint8Array, unknown>)];
      const array = new Map(entries.map(([key, value]) => [Buffer.from(key).toString(), value]));
      expect(array.get('shape')).toEqual([2]);
      expect(array.get('type')).toBe('<f8');
      const f64 = fields.f64 as Float64Array;
      expectSameBytes(array.get('data') as Buffer, new Uint8Array(f64.buffer));
    }
  });

  it('refuses fields that do not fit, and names that every record has', () => {
    const spec = { x: { dtype: 'float32', shape: [] } } as const satisfies SampleSpec;
    expect(() => encodeSample(spec, sampleOf({ x: 'one' }))).toThrow(/Field x/);
    expect(() => encodeSample(spec, sampleOf({}))).toThrow(/Field x is missing/);
    expect(() => encodeSample(spec, sampleOf({ x: 1, y: 2 }))).toThrow(/Field y/);
    expect(() => encodeSample(spec, sampleOf({ x: 1e39 }))).toThrow(/does not fit float32/);
    expect(() => checkSpec({ pts: { dtype: 'int32', shape: [] } })).toThrow(/pts/);
  });
});

describe('decodeSample', () => {
  it('refuses a record of another spec, naming the key', () => {
    const bytes = encodeSample({ x: { dtype: 'int32', shape: [2] } }, sampleOf({ x: Int32Array.of(1, 2) }));
    const key = '0123456789abcdef/2/0';
    for (const spec of [
      { x: { dtype: 'int32', shape: [3] } },
      { x: { dtype: 'float32', shape: [2] } },
      { y: { dtype: 'int32', shape: [2] } },
      { x: { dtype: 'int32', shape: [2] }, y: { dtype: 'bool', shape: [] } },
    ] as const satisfies readonly SampleSpec[]) {
      expect(() => decodeSample(spec, key, bytes)).toThrow(/Record 0123456789abcdef\/2\/0 is damaged/);
    }
  });

  it('gives a clear error or a sample that fits for any damaged bytes, never anything else', () => {
    const random = createRandom(13);
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = encodeSample(everySpec, sampleOf(everyField(random.fork(i % 7))));
      const damaged = random.int(2) === 0 ? bytes.slice(0, random.int(bytes.length)) : bytes;
      for (let n = 0; n < 3 && damaged.length > 0; n++) damaged[random.int(damaged.length)] = random.int(256);
      try {
        encodeSample(everySpec, decodeSample(everySpec, 'k', damaged));
      } catch (error) {
        expect(error).toMatchObject({ code: 'corrupt' });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1500);
  });
});

describe('MessagePack integers', () => {
  it('take their shortest form at every boundary, and come back', () => {
    const edges = [0n, 127n, 128n, 255n, 256n, 65535n, 65536n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n];
    const lengths = [1, 1, 2, 2, 3, 3, 5, 5, 9, 9, 9];
    edges.forEach((value, i) => {
      expect(encodeMsgpack(value)).toHaveLength(lengths[i]!);
      expect(BigInt(decodeMsgpack(encodeMsgpack(value)) as number)).toBe(value);
      expect(BigInt(unpackr.unpack(encodeMsgpack(value)) as number)).toBe(value);
    });
    for (const [value, length] of [
      [-1n, 1],
      [-32n, 1],
      [-33n, 2],
      [-128n, 2],
      [-129n, 3],
      [-(2n ** 31n), 5],
      [-(2n ** 63n), 9],
    ] as const) {
      expect(encodeMsgpack(value)).toHaveLength(length);
      expect(BigInt(decodeMsgpack(encodeMsgpack(value)) as number)).toBe(value);
    }
  });
});
