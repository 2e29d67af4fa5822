import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decodeNpy,
  encodeNpy,
  npyHeader,
  npyHeaderBytes,
  readEnvironment,
  runProcess,
  type BatchArray,
} from '../../src/core/index.js';

const arrays: readonly BatchArray[] = [
  { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, -2.5, 3e20, 0, -0, 7) },
  { dtype: 'float64', shape: [3], data: Float64Array.of(Math.PI, 1e-300, -1) },
  { dtype: 'int64', shape: [2], data: BigInt64Array.of(-(2n ** 62n), 5n) },
  { dtype: 'int32', shape: [1, 1, 2], data: Int32Array.of(-7, 2 ** 31 - 1) },
  { dtype: 'uint16', shape: [2], data: Uint16Array.of(65535, 1) },
  { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
  { dtype: 'uint8', shape: [0, 4], data: new Uint8Array(0) },
  { dtype: 'bool', shape: [], data: Uint8Array.of(1) },
];

describe('.npy files', () => {
  it.each(arrays)('come back as they went: $dtype $shape', (array) => {
    const back = decodeNpy(encodeNpy(array));
    expect([back.dtype, back.shape]).toEqual([array.dtype, array.shape]);
    expect(Buffer.compare(Buffer.from(encodeNpy(back)), Buffer.from(encodeNpy(array)))).toBe(0);
  });

  it('begin with the bytes that NumPy writes', () => {
    // numpy.save of numpy.zeros((2, 3), '<f4'): 118 = 0x76 bytes of header text after 10 bytes
    const header = Buffer.from(npyHeader({ dtype: 'float32', shape: [2, 3] }));
    const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`;
    expect(header.toString('latin1')).toBe(`\x93NUMPY\x01\x00\x76\x00${text.padEnd(117)}\n`);
    expect(header.length).toBe(npyHeaderBytes);
    expect(npyHeader({ dtype: 'float32', shape: [99_999_999, 4096] }).length).toBe(npyHeaderBytes);
  });

  it('are refused when they are none, cut off, or laid out otherwise', () => {
    const bytes = encodeNpy(arrays[0]!);
    expect(() => decodeNpy(bytes.subarray(0, bytes.length - 1))).toThrow(/cut off/);
    expect(() => decodeNpy(Buffer.from('PK\x03\x04 and more than that'))).toThrow(/does not begin as one/);
    const swapped = Buffer.from(bytes);
    swapped.write("{'descr': '>f4'", 10, 'latin1');
    expect(() => decodeNpy(swapped)).toThrow(/>f4/);
    const fortran = Buffer.from(Buffer.from(bytes).toString('latin1').replace('False', 'True '), 'latin1');
    expect(() => decodeNpy(fortran)).toThrow(/Fortran/);
    expect(() => encodeNpy({ dtype: 'float32', shape: [3], data: new Float32Array(2) })).toThrow(/cannot have 2/);
  });

  it('are what NumPy reads and writes', async (context) => {
    const python = readEnvironment('REELMINE_PEERS_PYTHON') ?? 'python3';
    const dir = mkdtempSync(join(tmpdir(), 'reelmine-npy-'));
    arrays.forEach((array, i) => writeFileSync(join(dir, `${i}.npy`), encodeNpy(array)));
    const code = `import numpy, sys, json
out = []
for i in range(${arrays.length}):
    a = numpy.load(f"{sys.argv[1]}/{i}.npy")
    out.append([a.dtype.str, list(a.shape), a.tobytes().hex()])
    numpy.save(f"{sys.argv[1]}/{i}-again.npy", a)
print(json.dumps(out))`;
    const { status, stdout, stderr } = await runProcess(python, ['-c', code, dir]);
    if (status !== 0 && stderr.includes('No module named'))
      context.skip('there is no NumPy: set REELMINE_PEERS_PYTHON');
    expect(stderr).toBe('');
    const types = ['<f4', '<f8', '<i8', '<i4', '<u2', '<f2', '|u1', '|b1'];
    const hex = (array: BatchArray) =>
      Buffer.from(array.data.buffer, array.data.byteOffset, array.data.byteLength).toString('hex');
    expect(JSON.parse(stdout)).toEqual(arrays.map((array, i) => [types[i], array.shape, hex(array)]));
    arrays.forEach((array, i) => {
      const back = decodeNpy(readFileSync(join(dir, `${i}-again.npy`)));
      expect([back.dtype, back.shape, hex(back)]).toEqual([array.dtype, array.shape, hex(array)]);
    });
  });
});
