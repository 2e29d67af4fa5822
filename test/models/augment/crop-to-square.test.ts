import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { cropToSquare } from '../../../src/models/augment/crop-to-square.js';

function noise(width: number, height: number, channels: number) {
  const random = createRandom('noise');
  return {
    data: Uint8Array.from({ length: width * height * channels }, () => random.int(256)),
    width,
    height,
    channels,
  };
}

describe('cropToSquare', () => {
  it('copies a part at its own size', () => {
    const picture = noise(9, 7, 3);
    const out = cropToSquare(picture, { box: { x: 2, y: 1, width: 4, height: 4 }, size: 4 });
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        for (let c = 0; c < 3; c++) expect(out[(y * 4 + x) * 3 + c]).toBe(picture.data[((y + 1) * 9 + x + 2) * 3 + c]);
      }
    }
  });

  it('mirrors the columns', () => {
    const picture = noise(5, 5, 3);
    const box = { x: 0, y: 0, width: 5, height: 5 };
    const [plain, mirrored] = [false, true].map((mirror) => cropToSquare(picture, { box, size: 5, mirror }));
    for (let y = 0; y < 5; y++)
      for (let x = 0; x < 5; x++) expect(mirrored![(y * 5 + x) * 3]).toBe(plain![(y * 5 + 4 - x) * 3]);
  });

  it('gives the hand-computed triangle mean when halving', () => {
    // weights 1, 3, 3, 1 over 8 in the middle; at the edges the outer ones fall on the border pixel
    const row = [0, 80, 160, 240, 80, 0, 240, 240];
    const picture = { data: Uint8Array.from({ length: 64 }, (_, i) => row[i % 8]!), width: 8, height: 8, channels: 1 };
    const out = cropToSquare(picture, { box: { x: 0, y: 0, width: 8, height: 8 }, size: 4 });
    const at = (i: number) => row[Math.min(7, Math.max(0, i))]!;
    for (let x = 0; x < 4; x++) {
      const expected = Math.round((at(2 * x - 1) + 3 * at(2 * x) + 3 * at(2 * x + 1) + at(2 * x + 2)) / 8);
      for (let y = 0; y < 4; y++) for (let c = 0; c < 3; c++) expect(out[(y * 4 + x) * 3 + c]).toBe(expected);
    }
  });

  it('keeps a plain picture plain at any size and place', () => {
    const picture = { data: new Uint8Array(20 * 10 * 3).fill(77), width: 20, height: 10, channels: 3 };
    for (const size of [3, 10, 31]) {
      const out = cropToSquare(picture, { box: { x: 0.3, y: 0.7, width: 17.1, height: 9.2 }, size });
      expect(new Set(out)).toEqual(new Set([77]));
    }
  });
});
