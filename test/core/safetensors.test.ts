import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from '../../src/core/index.js';

const tensors = {
  b: { dtype: 'uint16', shape: [3], data: Uint16Array.of(1, 2, 65535) },
  a: { dtype: 'float32', shape: [2, 1], data: Float32Array.of(1, -0.5) },
  empty: { dtype: 'int64', shape: [0, 4], data: new BigInt64Array(0) },
} as const satisfies Record<string, SafeTensor>;

describe('encodeSafetensors', () => {
  it('writes exactly the bytes worked out by hand', () => {
    const bytes = Buffer.from(encodeSafetensors({ a: tensors.a }, { by: 'x' }));
    const header = '{"__metadata__":{"by":"x"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(bytes.readBigUInt64LE(0)).toBe(BigInt(padded.length));
    expect(bytes.subarray(8, 8 + padded.length).toString()).toBe(padded);
    expect(bytes.subarray(8 + padded.length).toString('hex')).toBe('0000803f000000bf');
  });

  it('round-trips every dtype whatever the order of names, with equal bytes', () => {
    const data = (dtype: SafeTensor['dtype'], values: SafeTensor['data']) => ({
      dtype,
      shape: [values.length],
      data: values,
    });
    const all: Record<string, SafeTensor> = {
      ...tensors,
      u8: data('uint8', Uint8Array.of(0, 255)),
      bool: data('bool', Uint8Array.of(0, 1, 1)),
      i32: data('int32', Int32Array.of(-1, 2 ** 31 - 1)),
      i64: data('int64', BigInt64Array.of(-1n, 2n ** 62n)),
      f16: data('float16', Uint16Array.of(0x3c00)),
      f64: data('float64', Float64Array.of(Math.PI, -0, Infinity)),
    };
    const bytes = encodeSafetensors(all, { a: 'b' });
    const reversed = Object.fromEntries(Object.entries(all).reverse());
    expect(Buffer.compare(encodeSafetensors(reversed, { a: 'b' }), bytes)).toBe(0);
    const back = decodeSafetensors(bytes);
    expect(back.metadata).toEqual({ a: 'b' });
    expect(back.tensors).toEqual(all);
  });

  it('refuses arrays and files that do not fit', () => {
    const bytes = encodeSafetensors(tensors);
    expect(() => encodeSafetensors({ a: { ...tensors.a, shape: [3] } })).toThrow(/Array a/);
    for (const damaged of [bytes.subarray(0, 5), bytes.subarray(0, 40), bytes.subarray(0, bytes.length - 1)]) {
      expect(() => decodeSafetensors(damaged)).toThrow(/safetensors/);
    }
    const text = Buffer.from(bytes).toString('latin1');
    for (const [from, to] of [
      ['"F32"', '"F99"'],
      ['"shape":[2,1]', '"shape":[2,2]'],
      ['{"a"', '["a"'],
    ] as const) {
      expect(() => decodeSafetensors(Buffer.from(text.replace(from, to), 'latin1'))).toThrow(/safetensors/);
    }
  });
});
