import { expect } from 'vitest';
import type { Frame } from '../../src/core/index.js';

/** Fails unless both hold the same bytes; toEqual takes seconds a megabyte. */
export function expectSameBytes(a: Uint8Array, b: Uint8Array): void {
  expect(a.byteLength).toBe(b.byteLength);
  expect(Buffer.compare(a, b), 'the bytes differ').toBe(0);
}

/** Peak signal-to-noise ratio, dB. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  expect(a.byteLength).toBe(b.byteLength);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) * (a[i]! - b[i]!);
  return sum === 0 ? Infinity : 10 * Math.log10((255 * 255 * a.length) / sum);
}

/** All of an async iteration. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}

/** Presentation times. */
export const timesOf = (frames: readonly Frame[]): number[] => frames.map((frame) => frame.pts);
