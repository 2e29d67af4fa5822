import { describe, expect, test } from 'vitest';
import { createRandom, type Box, type Random } from '../../src/core/index.js';
import { axisTaps, cutPicture, type ColourMatrix, type Picture } from '../../src/vision/augment.js';
import { chainColours, cutOf, drawAugmentation, type Augmentation } from '../../src/vision/augment-draw.js';
import { expectSameValues } from './same-values.js';

const f = Math.fround;

function noise(width: number, height: number, channels: 1 | 3 = 3): Picture {
  const random = createRandom(`${width}x${height}`);
  return {
    data: Uint8Array.from({ length: width * height * channels }, () => random.int(256)),
    width,
    height,
    channels,
  };
}

interface Job {
  readonly box: Box;
  readonly mirror: boolean;
  readonly colour: ColourMatrix | null;
  readonly width: number;
  readonly height: number;
}

/** What the kernel computes, pixel by pixel, in float32: its oracle. */
function slowCut({ data, width: stride, height: rows, channels }: Picture, job: Job): Float32Array {
  const { box, mirror, colour, width, height } = job;
  const across = axisTaps({ from: box.x, length: box.width, size: width, limit: stride });
  const down = axisTaps({ from: box.y, length: box.height, size: height, limit: rows });
  const byteAt = (x: number, y: number, c: number) => data[(y * stride + x) * channels + (channels === 3 ? c : 0)]!;
  const sumOf = (taps: typeof across, i: number, valueAt: (place: number) => number) => {
    let sum = NaN;
    for (let k = 0; k < taps.reach; k++) {
      const at = i * taps.reach + k;
      const term = f(f(valueAt(taps.places[at]!)) * taps.weights[at]!);
      sum = k === 0 ? term : f(sum + term);
    }
    return sum;
  };
  const out = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = mirror ? width - 1 - x : x;
      const pixel = [0, 1, 2].map((c) => sumOf(across, from, (px) => sumOf(down, y, (py) => byteAt(px, py, c))));
      for (let c = 0; c < 3; c++) {
        let value = pixel[c]!;
        if (colour) {
          value = f(colour[c * 4 + 3]!);
          for (let k = 0; k < 3; k++) value = f(value + f(pixel[k]! * f(colour[c * 4 + k]!)));
        }
        out[(y * width + x) * 3 + c] = value;
      }
    }
  }
  return out;
}

const toByte = (value: number) => Math.min(255, Math.max(0, Math.floor(f(value + 0.5))));
const mixed: ColourMatrix = [0.9, 0.2, -0.1, 3.5, 0.05, 1.3, 0.02, -20, -0.2, 0.1, 0.7, 40.25];

describe('cutPicture', () => {
  test('does the sums of a slow rewrite, to the bit, larger and smaller, at every kind of edge', () => {
    const boxes: [Picture, Box, number, number][] = [
      [noise(40, 30), { x: 3.25, y: 1.5, width: 30.5, height: 26.75 }, 13, 11],
      [noise(40, 30), { x: 0, y: 0, width: 40, height: 30 }, 17, 40],
      [noise(7, 9), { x: 0.2, y: 0.1, width: 6.7, height: 8.9 }, 31, 5],
      [noise(16, 16, 1), { x: 2, y: 3, width: 9.5, height: 12 }, 8, 8],
      [noise(12, 12), { x: 4, y: 2, width: 8, height: 8 }, 8, 9],
      [noise(1, 1), { x: 0, y: 0, width: 1, height: 1 }, 5, 4],
      [noise(64, 64), { x: 0, y: 0, width: 64, height: 64 }, 2, 1],
    ];
    for (const [picture, box, width, height] of boxes) {
      for (const mirror of [false, true]) {
        for (const colour of [null, mixed]) {
          const expected = slowCut(picture, { box, mirror, colour, width, height });
          const floats = new Float32Array(width * height * 3);
          cutPicture(picture, { box, mirror, colour }, { width, height, out: floats });
          expectSameValues(floats, expected);
          const bytes = new Uint8Array(width * height * 3);
          cutPicture(picture, { box, mirror, colour }, { width, height, out: bytes });
          expectSameValues(bytes, Array.from(expected, toByte));
        }
      }
    }
  });

  test('copies a part at its own size, mirrored and recoloured, as the sums say', () => {
    for (const picture of [noise(23, 17), noise(23, 17, 1)]) {
      for (const mirror of [false, true]) {
        for (const colour of [null, mixed]) {
          const job = { box: { x: 5, y: 4, width: 18, height: 13 }, mirror, colour, width: 18, height: 13 };
          const out = new Float32Array(18 * 13 * 3);
          cutPicture(picture, job, { width: 18, height: 13, out });
          expectSameValues(out, slowCut(picture, job));
        }
      }
    }
  });

  test('keeps a plain picture plain at any size and place', () => {
    const picture: Picture = { data: new Uint8Array(20 * 10 * 3).fill(255), width: 20, height: 10, channels: 3 };
    for (const size of [3, 10, 31]) {
      const out = new Uint8Array(size * size * 3);
      cutPicture(picture, { box: { x: 0.3, y: 0.7, width: 17.1, height: 9.2 } }, { width: size, height: size, out });
      expect(new Set(out)).toEqual(new Set([255]));
    }
  });

  test('writes into a part of a larger array and nowhere else', () => {
    const picture = noise(9, 9);
    const whole = new Uint8Array(10 + 75 + 10).fill(7);
    cutPicture(
      picture,
      { box: { x: 0, y: 0, width: 9, height: 9 } },
      { width: 5, height: 5, out: whole.subarray(10, 85) },
    );
    expect([...whole.subarray(0, 10), ...whole.subarray(85)].every((value) => value === 7)).toBe(true);
  });

  test('refuses a box outside the picture, and arrays of other sizes', () => {
    const picture = noise(8, 8);
    const to = { width: 4, height: 4, out: new Uint8Array(48) };
    const whole = { x: 0, y: 0, width: 8, height: 8 };
    expect(() => cutPicture(picture, { box: { ...whole, x: 1 } }, to)).toThrow(/not inside/);
    expect(() => cutPicture(picture, { box: { ...whole, width: NaN } }, to)).toThrow(/not inside/);
    expect(() => cutPicture(picture, { box: whole }, { ...to, width: 5 })).toThrow(/5×4/);
    expect(() => cutPicture(picture, { box: whole, colour: [1, 2, 3] }, to)).toThrow(/12 numbers/);
    expect(() => cutPicture({ ...picture, width: 9 }, { box: whole }, to)).toThrow(RangeError);
  });
});

describe('drawAugmentation', () => {
  const frame = { width: 60, height: 40, toWidth: 32, toHeight: 32 };
  const settings = {
    area: [0.3, 1],
    aspect: [0.75, 1.33],
    jitter: 0.05,
    mirror: 0.5,
    brightness: 0.4,
    hue: 0.1,
  } as const;
  const draws = Array.from({ length: 300 }, (_, i) => drawAugmentation(createRandom(i), settings, frame, 5));

  test('keeps every frame inside, of the wanted area and aspect, and moves frames by no more than the jitter', () => {
    for (const draw of draws) {
      const [x, y, width, height] = draw.part;
      expect(draw.shifts).toHaveLength(5);
      draw.shifts.forEach(([dx, dy], i) => {
        const { box } = cutOf(draw, frame, i);
        expect(Math.abs(dx)).toBeLessThanOrEqual(0.05 * width);
        expect(box.x).toBeCloseTo((x + dx) * 60, 9); // no edge stops it
        expect(box.y).toBeCloseTo((y + dy) * 40, 9);
        expect(box.x + box.width).toBeLessThanOrEqual(60 + 1e-9);
        expect(box.y + box.height).toBeLessThanOrEqual(40 + 1e-9);
      });
      expect((width * 60) / (height * 40)).toBeGreaterThan(0.74);
      expect((width * 60) / (height * 40)).toBeLessThan(1.34);
      expect(width * height).toBeGreaterThan(0.24);
    }
    const mirrored = draws.filter(({ mirror }) => mirror).length;
    expect(Math.abs(mirrored - 150)).toBeLessThan(4 * Math.sqrt(75));
  });

  test('gives the same pixels again from its record', () => {
    const picture = noise(60, 40);
    const render = (draw: Augmentation) => {
      const out = new Uint8Array(32 * 32 * 3);
      cutPicture(picture, cutOf(draw, picture, 3), { width: 32, height: 32, out });
      return out;
    };
    for (const draw of draws.slice(0, 5)) {
      expectSameValues(render(JSON.parse(JSON.stringify(draw)) as Augmentation), render(draw));
    }
    expect(drawAugmentation(createRandom(4), settings, frame, 5)).toEqual(draws[4]);
  });

  test('changes nothing when nothing is asked for', () => {
    const whole = drawAugmentation(createRandom(1), {}, { ...frame, toWidth: 30, toHeight: 20 });
    expect(whole).toEqual({ part: [0, 0, 1, 1], mirror: false, colour: null, shifts: [] });
    const { box } = cutOf(drawAugmentation(createRandom(1), {}, frame), frame);
    expect([box.width, box.height]).toEqual([40, 40]); // the largest square
  });

  test('cuts at whole pixels and scales nothing where the own size is asked for', () => {
    const picture = noise(61, 47);
    const places = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const draw = drawAugmentation(createRandom(seed), { ownSize: true }, { ...picture, toWidth: 56, toHeight: 45 });
      const { box } = cutOf(draw, picture);
      expect([box.width, box.height, box.x % 1, box.y % 1]).toEqual([56, 45, 0, 0]);
      places.add(`${box.x} ${box.y}`);
    }
    expect(places.size).toBe(6 * 3);
    const small = { ...picture, toWidth: 62, toHeight: 10 };
    expect(() => drawAugmentation(createRandom(1), { ownSize: true }, small)).toThrow(/holds no part of 62×10/);
  });

  test('leaves grey grey where only saturation and hue change, and scales it where brightness does', () => {
    const apply = (matrix: ColourMatrix, rgb: readonly number[]) =>
      [0, 1, 2].map((row) => rgb.reduce((sum, value, k) => sum + value * matrix[row * 4 + k]!, matrix[row * 4 + 3]!));
    for (let seed = 0; seed < 20; seed++) {
      const drawn = drawAugmentation(createRandom(seed), { saturation: 0.8, hue: 0.5 }, frame).colour!;
      for (const value of apply(drawn, [90, 90, 90])) expect(value).toBeCloseTo(90, 9);
      const bright = drawAugmentation(createRandom(seed), { brightness: 0.5, contrast: 0.5 }, frame).colour!;
      const [a, b] = [apply(bright, [0, 0, 0]), apply(bright, [255, 255, 255])];
      expect(new Set(a.map((value) => value.toFixed(9))).size).toBe(1);
      expect(b[0]! - a[0]!).toBeGreaterThan(255 * 0.25 - 1e-9);
    }
  });

  test('turns red into green by a third of a turn, and chains matrices in order', () => {
    const permute: ColourMatrix = [0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0]; // red → green → blue → red
    const offset: ColourMatrix = [1, 0, 0, 10, 0, 2, 0, 0, 0, 0, 1, 0];
    // (r, g, b) → (b, r, g) → (b + 10, 2r, g)
    expect(chainColours(permute, offset)).toEqual([0, 0, 1, 10, 2, 0, 0, 0, 0, 1, 0, 0]);
    const third = createRandom(0);
    const fixed: Random = { ...third, float: () => 1 }; // the largest turn
    const { colour } = drawAugmentation(fixed, { hue: 1 / 3 }, frame);
    colour!.forEach((value, i) => expect(value).toBeCloseTo(permute[i]!, 12));
  });
});
