import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import {
  createPatchFeatures,
  hannWindow,
  type PatchPlace,
  type TrackerFrame,
} from '../../src/vision/tracker-features.js';

function noiseFrame(width: number, height: number, channels: 1 | 3, seed = 1): TrackerFrame {
  const random = createRandom(seed);
  return {
    data: Uint8Array.from({ length: width * height * channels }, () => random.int(256)),
    width,
    height,
    channels,
  };
}

/** Bilinear samples of a patch, one channel, in float64. */
function slowPatch(
  frame: TrackerFrame,
  { x, y, scale }: PatchPlace,
  width: number,
  height: number,
  c: number,
): number[][] {
  const pixel = (px: number, py: number): number => {
    const cx = Math.min(Math.max(px, 0), frame.width - 1);
    const cy = Math.min(Math.max(py, 0), frame.height - 1);
    return frame.data[(cy * frame.width + cx) * frame.channels + c]!;
  };
  return Array.from({ length: height }, (_, j) =>
    Array.from({ length: width }, (_, i) => {
      const u = x + (i + 0.5 - width / 2) * scale - 0.5;
      const v = y + (j + 0.5 - height / 2) * scale - 0.5;
      const [a, b] = [Math.floor(u), Math.floor(v)];
      const top = pixel(a, b) * (1 - (u - a)) + pixel(a + 1, b) * (u - a);
      const bottom = pixel(a, b + 1) * (1 - (u - a)) + pixel(a + 1, b + 1) * (u - a);
      return top * (1 - (v - b)) + bottom * (v - b);
    }),
  );
}

/** The features by their definition: [row][column][31]. */
function slowFeatures(frame: TrackerFrame, place: PatchPlace, columns: number, rows: number): number[][][] {
  const [width, height] = [4 * (columns + 2), 4 * (rows + 2)];
  const planes = Array.from({ length: frame.channels }, (_, c) => slowPatch(frame, place, width, height, c));
  const cells = Array.from({ length: rows + 2 }, () =>
    Array.from({ length: columns + 2 }, () => new Array<number>(18).fill(0)),
  );
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const gradients = planes.map(
        (p) => [(p[y]![x + 1]! - p[y]![x - 1]!) / 2, (p[y + 1]![x]! - p[y - 1]![x]!) / 2] as const,
      );
      const [dx, dy] = gradients.reduce((a, b) => (Math.hypot(...b) > Math.hypot(...a) ? b : a));
      const along = Array.from(
        { length: 18 },
        (_, o) => dx * Math.cos((o * Math.PI) / 9) + dy * Math.sin((o * Math.PI) / 9),
      );
      const most = Math.max(...along);
      const direction = along.findIndex((value) => value > most - 1e-9); // an edge that lies level ties: the first counts
      cells.forEach((line, cy) => {
        line.forEach((cell, cx) => {
          const wx = Math.max(0, 1 - Math.abs((x + 0.5) / 4 - (cx + 0.5)));
          const wy = Math.max(0, 1 - Math.abs((y + 0.5) / 4 - (cy + 0.5)));
          cell[direction]! += wx * wy * Math.hypot(dx, dy);
        });
      });
    }
  }
  const unsigned = (cell: readonly number[]): number[] => Array.from({ length: 9 }, (_, o) => cell[o]! + cell[o + 9]!);
  const energy = cells.map((line) => line.map((cell) => unsigned(cell).reduce((sum, v) => sum + v * v, 0)));
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (_, c) => {
      const [y, x] = [r + 1, c + 1];
      const cell = cells[y]![x]!;
      const blocks = [
        [y - 1, x - 1],
        [y - 1, x],
        [y, x - 1],
        [y, x],
      ].map(([j, i]) => energy[j!]![i!]! + energy[j!]![i! + 1]! + energy[j! + 1]![i!]! + energy[j! + 1]![i! + 1]!);
      const cut = (value: number): number[] => blocks.map((e) => Math.min(0.2, value / Math.sqrt(e + 1e-4)));
      const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
      return [
        ...cell.map((value) => sum(cut(value)) / 2),
        ...unsigned(cell).map((value) => sum(cut(value)) / 2),
        ...blocks.map((_, i) => sum(cell.map((value) => cut(value)[i]!)) / Math.sqrt(18)),
      ];
    }),
  );
}

/** Feature `f` of a cell in what the kernel gives. */
function read(
  features: Float32Array,
  { columns, rows }: { columns: number; rows: number },
  r: number,
  c: number,
  f: number,
): number {
  return features[Math.floor(f / 16) * rows * columns * 16 + (r * columns + c) * 16 + (f % 16)]!;
}

describe('createPatchFeatures', () => {
  test.each([
    ['in colour, scaled down', 3, { x: 41.3, y: 37.8, scale: 1.37 }],
    ['in colour, scaled up', 3, { x: 30, y: 30, scale: 0.45 }],
    ['in grey', 1, { x: 39.5, y: 35.2, scale: 1.1 }],
    ['over the edge of the frame', 3, { x: 2.2, y: 70.4, scale: 1.6 }],
  ] as const)('gives what the definition gives, %s', (_, channels, place) => {
    const frame = noiseFrame(80, 72, channels, 3);
    const size = { columns: 8, rows: 12 };
    const features = createPatchFeatures(size).extract(frame, place);
    const slow = slowFeatures(frame, place, size.columns, size.rows);
    let worst = 0;
    for (let r = 0; r < size.rows; r++) {
      for (let c = 0; c < size.columns; c++) {
        for (let f = 0; f < 31; f++)
          worst = Math.max(worst, Math.abs(read(features, size, r, c, f) - slow[r]![c]![f]!));
        expect(read(features, size, r, c, 31)).toBe(0);
      }
    }
    expect(worst).toBeLessThan(2e-4);
  });

  test('has nothing to say of a flat frame', () => {
    const frame: TrackerFrame = { data: new Uint8Array(64 * 64 * 3).fill(117), width: 64, height: 64, channels: 3 };
    const features = createPatchFeatures({ columns: 8, rows: 8 }).extract(frame, { x: 32, y: 32, scale: 1.3 });
    expect(features.every((value) => value === 0)).toBe(true);
  });

  test('turns its strongest direction with an edge', () => {
    const size = { columns: 8, rows: 8 };
    const found = Array.from({ length: 18 }, (_, o) => {
      const [nx, ny] = [Math.cos((o * Math.PI) / 9), Math.sin((o * Math.PI) / 9)];
      const data = Uint8Array.from({ length: 40 * 40 }, (_, i) => {
        const across = ((i % 40) - 19.5) * nx + (Math.floor(i / 40) - 19.5) * ny;
        return Math.round(128 + 100 * Math.min(1, Math.max(-1, across / 3)));
      });
      const features = createPatchFeatures(size).extract(
        { data, width: 40, height: 40, channels: 1 },
        { x: 20, y: 20, scale: 1 },
      );
      const sums = Array.from({ length: 18 }, (_, f) => {
        let sum = 0;
        for (let r = 2; r < 6; r++) for (let c = 2; c < 6; c++) sum += read(features, size, r, c, f);
        return sum;
      });
      return sums.indexOf(Math.max(...sums));
    });
    expect(found).toEqual(Array.from({ length: 18 }, (_, o) => o));
  });

  test('keeps every value in its range, and multiplies it by the window', () => {
    const size = { columns: 12, rows: 8 };
    const frame = noiseFrame(64, 64, 3, 9);
    const place = { x: 32, y: 32, scale: 1 };
    const plain = createPatchFeatures(size).extract(frame, place);
    for (let i = 0; i < plain.length; i++) {
      const energy = i >= plain.length / 2 && i % 16 >= 11;
      expect(plain[i]!).toBeGreaterThanOrEqual(0);
      expect(plain[i]!).toBeLessThanOrEqual(energy ? (18 * 0.2) / Math.sqrt(18) + 1e-6 : 0.4 + 1e-6);
    }
    const window = hannWindow(12, 8);
    const windowed = createPatchFeatures({ ...size, window }).extract(frame, place);
    for (let i = 0; i < plain.length; i++) {
      expect(windowed[i]).toBeCloseTo(plain[i]! * window[Math.floor((i % (plain.length / 2)) / 16)]!, 6);
    }
  });

  test('grows with the frames, and forgets the one before', () => {
    const features = createPatchFeatures({ columns: 8, rows: 8 });
    const [small, large] = [noiseFrame(50, 50, 3, 1), noiseFrame(1200, 700, 3, 2)];
    const first = features.extract(small, { x: 25, y: 25, scale: 1 }).slice();
    features.extract(large, { x: 600, y: 350, scale: 17 });
    expect([...features.extract(small, { x: 25, y: 25, scale: 1 })]).toEqual([...first]);
  });

  test('refuses a frame of other than the stated size', () => {
    const frame = { ...noiseFrame(10, 10, 3), channels: 1 as const };
    expect(() => createPatchFeatures({ columns: 8, rows: 8 }).extract(frame, { x: 5, y: 5, scale: 1 })).toThrow(
      /10×10×1/,
    );
  });
});

describe('hannWindow', () => {
  test('is a product of raised cosines with a zero rim', () => {
    const window = hannWindow(5, 3);
    expect([...window].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([
      0, 0, 0, 0, 0, 0, 0.5, 1, 0.5, 0, 0, 0, 0, 0, 0,
    ]);
  });
});
