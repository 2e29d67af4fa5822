import { expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { decodeImage, encodeImage, resizeRgb } from '../../src/vision/index.js';

const [width, height] = [50, 38];

function picture(channels: 1 | 3): Uint8Array {
  const random = createRandom(7);
  const coarse = Uint8Array.from({ length: 10 * 8 * channels }, () => random.int(256));
  return resizeRgb(coarse, 10, 8, width, height, channels);
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

test.each([1, 3] as const)('gives back every pixel of a PNG with %i channels', async (channels) => {
  const data = picture(channels);
  const decoded = await decodeImage(await encodeImage(data, width, height, channels, { format: 'png' }));
  expect({ ...decoded, data: Buffer.from(decoded.data).equals(data) }).toEqual({ data: true, width, height, channels });
});

test.each([
  ['jpeg', 1],
  ['jpeg', 3],
  ['webp', 3],
] as const)('keeps a %s of %i channels near, and nearer with quality', async (format, channels) => {
  const data = picture(channels);
  const errors: number[] = [];
  for (const quality of [40, 92]) {
    const encoded = await encodeImage(data, width, height, channels, { format, quality });
    expect(encoded.image).toBe(format);
    const decoded = await decodeImage(encoded);
    expect([decoded.width, decoded.height, decoded.channels]).toEqual([width, height, channels]);
    errors.push(meanDifference(data, decoded.data));
  }
  expect(errors[1]).toBeLessThan(format === 'jpeg' ? 2.5 : 5);
  expect(errors[0]).toBeGreaterThan(errors[1]!);
});

test('gives the same bytes every time, also side by side, and no metadata', async () => {
  const data = picture(3);
  for (const format of ['jpeg', 'webp', 'png'] as const) {
    const all = await Promise.all(Array.from({ length: 8 }, () => encodeImage(data, width, height, 3, { format })));
    const first = Buffer.from(all[0]!.data);
    expect(all.every((one) => first.equals(one.data))).toBe(true);
    expect(/Exif|ICC_PROFILE|tEXt|xmp/i.test(first.toString('latin1'))).toBe(false);
  }
});

test('refuses a wrong length, a wrong quality and bytes that are no picture', async () => {
  await expect(encodeImage(new Uint8Array(3), width, height, 3)).rejects.toThrow(RangeError);
  await expect(encodeImage(picture(1), width, height, 1, { quality: 0 })).rejects.toThrow(/quality/);
  await expect(decodeImage(Uint8Array.of(1, 2, 3))).rejects.toThrow();
});
