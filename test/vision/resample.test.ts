import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot, sha256 } from '../../src/core/index.js';
import { resample, type ResampleOptions } from '../../src/vision/index.js';

interface Case extends Omit<ResampleOptions, 'data'> {
  readonly first: readonly number[];
  readonly sha256: string;
}
const golden = JSON.parse(readFileSync(join(packageRoot(), 'test', 'golden', 'resample.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};

const pattern = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, n) => ((n * n * 7 + n * 13) % 251) + (n % 5));

describe('resample', () => {
  it.each(golden.cases)('gives the bytes of Pillow: $width×$height to $toWidth×$toHeight, $filter', (one) => {
    const out = resample({ ...one, data: pattern(one.width * one.height * one.channels) });
    expect([...out.subarray(0, one.first.length)]).toEqual(one.first);
    expect(sha256(out)).toBe(one.sha256);
  });

  it('keeps every byte where the size stays, in memory of its own', () => {
    const data = pattern(35);
    const out = resample({ data, width: 7, height: 5, channels: 1, toWidth: 7, toHeight: 5, filter: 'bicubic' });
    expect([...out]).toEqual([...data]);
    expect(out.buffer).not.toBe(data.buffer);
  });

  it('keeps a flat picture flat and refuses sizes that are none', () => {
    const flat = { data: new Uint8Array(60).fill(77), width: 5, height: 4, channels: 3, filter: 'bilinear' } as const;
    expect(new Set(resample({ ...flat, toWidth: 9, toHeight: 3 }))).toEqual(new Set([77]));
    expect(() => resample({ ...flat, toWidth: 0, toHeight: 3 })).toThrow(/toWidth/);
    expect(() => resample({ ...flat, width: 6, toWidth: 2, toHeight: 3 })).toThrow(/72 bytes/);
  });
});
