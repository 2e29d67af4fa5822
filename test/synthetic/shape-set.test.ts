import { describe, expect, it } from 'vitest';
import {
  createShapeSet,
  drawShapes,
  findShapePicture,
  isInShape,
  shapeFrequencies,
  shapeMask,
  shapeNames,
  shapeReach,
  shapeSetSize,
  syntheticSets,
  type ShapeName,
  type ShapePicture,
} from '../../src/synthetic/index.js';
import { createRandom } from '../../src/core/index.js';

const side = 128;
const many = createShapeSet({ seed: 3, train: 4000, test: 0 });
const few = createShapeSet({ seed: 3, train: 30, test: 10 });

/** Grey levels of a picture, float64 [side * side]. */
function greyOf(picture: ShapePicture): Float64Array {
  const rgb = picture.frame(0);
  return Float64Array.from({ length: side * side }, (_, i) => (rgb[3 * i]! + rgb[3 * i + 1]! + rgb[3 * i + 2]!) / 3);
}

const countOf = (mask: Uint8Array) => mask.reduce((sum, value) => sum + value, 0);

describe('the outlines', () => {
  it('all have the area of the disc and reach as far as they say, and no farther', () => {
    for (const name of shapeNames) {
      const reach = shapeReach(name);
      let [inside, farthest] = [0, 0];
      const step = 0.02;
      for (let v = -2.5; v < 2.5; v += step) {
        for (let u = -2.5; u < 2.5; u += step) {
          const [x, y] = [0.8 * u - 0.6 * v, 0.6 * u + 0.8 * v]; // a lattice that is in step with no edge
          if (!isInShape(name, x, y)) continue;
          inside++;
          farthest = Math.max(farthest, Math.hypot(x, y));
        }
      }
      expect(inside * step * step, name).toBeCloseTo(Math.PI, 1);
      expect(farthest, name).toBeLessThanOrEqual(reach);
      expect(farthest, name).toBeGreaterThan(reach - 0.15);
    }
  });

  it('are what they are called, by places that are known', () => {
    const inside = (name: ShapeName, ...places: readonly (readonly [number, number])[]) =>
      places.map(([x, y]) => isInShape(name, x, y));
    expect(inside('disc', [0.98, 0], [0, -0.98], [0.72, 0.72])).toEqual([true, true, false]);
    expect(inside('ring', [0, 0], [1, 0], [1.3, 0])).toEqual([false, true, false]);
    expect(inside('frame', [0, 0], [1.05, 1.05])).toEqual([false, true]);
    expect(inside('square', [0.88, 0.88], [0.89, 0], [0, -0.88])).toEqual([true, false, true]); // half of √π is 0.886
    expect(inside('bar', [1.7, 0], [0, 0.5])).toEqual([true, false]);
    expect(inside('triangle', [0, -1.1], [1.1, -1], [1.1, 1.1])).toEqual([true, false, true]);
    expect(inside('letter-t', [0, 1], [-1, -1], [1, 1])).toEqual([true, true, false]);
    expect(inside('letter-l', [-0.8, -1], [0.8, 1.1], [0.8, -1])).toEqual([true, true, false]);
    expect(inside('horseshoe', [0, -0.5], [0, 1], [-1, -1])).toEqual([false, true, true]);
    expect(inside('half-disc', [0, 0.4], [0, -0.6], [1.4, 0.6], [1.4, -0.6])).toEqual([true, true, true, false]);
  });
});

describe('the shape set', () => {
  it('has the kinds as often as VOC 2007 has its classes, and as much that is hard to see', () => {
    // of 4952 test pictures
    for (const [label, name] of shapeNames.entries()) {
      const shown = many.filter(({ labels }) => labels.some((one) => one.label === label && !one.ignored)).length;
      const share = shapeFrequencies[label]! / 4952;
      const spread = Math.sqrt((share * (1 - share)) / many.length);
      expect(Math.abs(shown / many.length - share), name).toBeLessThan(0.15 * share + 3 * spread);
    }
    const ignored = many.reduce((sum, { labels }) => sum + labels.filter((one) => one.ignored).length, 0);
    expect(Math.abs(ignored / many.length - 619 / 4952)).toBeLessThan(0.03);
    const numbers = [1, 2, 3, 4].map((count) => many.filter(({ shapes }) => shapes.length === count).length);
    expect(numbers.reduce((a, b) => a + b)).toBe(many.length);
    expect(numbers.toSorted((a, b) => b - a)).toEqual(numbers);
    expect(numbers[3]).toBeGreaterThan(0.04 * many.length);
  });

  it('labels each kind once, as ignored only where all its shapes are difficult', () => {
    for (const { shapes, labels, label, className } of many) {
      const told = Object.fromEntries(labels.map((one) => [one.className, one.ignored]));
      const counted: Record<string, boolean> = {};
      for (const { name, isDifficult } of shapes) counted[name] = (counted[name] ?? true) && isDifficult;
      expect(told).toEqual(counted);
      expect(labels.every((one) => shapeNames[one.label] === one.className)).toBe(true);
      expect({ label, className }).toMatchObject({ label: labels[0]!.label, className: labels[0]!.className });
    }
    // both occur: a kind by a difficult shape alone, and one beside a plain shape of its kind
    expect(many.some(({ labels }) => labels.some(({ ignored }) => ignored))).toBe(true);
    const besides = many.filter(({ shapes, labels }) =>
      shapes.some((one) => one.isDifficult && labels.some((label) => label.className === one.name && !label.ignored)),
    );
    expect(besides.length).toBeGreaterThan(0);
  });

  it('draws what the labels say: of all kinds in that place its own outline fits the pixels best', () => {
    let plain = 0;
    for (const picture of few) {
      const grey = greyOf(picture);
      for (const shape of picture.shapes) {
        if (shape.isDifficult || shape.radius < 8) continue;
        plain++;
        // How far the means in and around an outline are apart, over the spread within both: Fisher's ratio.
        const [cosine, sine] = [Math.cos(2 * Math.PI * shape.turn), Math.sin(2 * Math.PI * shape.turn)];
        const reach = Math.ceil(2.3 * shape.radius);
        const others = picture.shapes.flatMap((other, k) => (other === shape ? [] : [picture.mask(k)]));
        const fits = shapeNames.map((name) => {
          const sums = [0, 1].map(() => ({ n: 0, sum: 0, squares: 0 }));
          for (let py = Math.max(0, Math.round(shape.y) - reach); py < Math.min(side, shape.y + reach); py++) {
            for (let px = Math.max(0, Math.round(shape.x) - reach); px < Math.min(side, shape.x + reach); px++) {
              const i = py * side + px;
              if (others.some((mask) => mask[i] === 1)) continue;
              const [dx, dy] = [(px - shape.x) / shape.radius, (py - shape.y) / shape.radius];
              const one = sums[Number(isInShape(name, dx * cosine + dy * sine, dy * cosine - dx * sine))]!;
              one.n++;
              one.sum += grey[i]!;
              one.squares += grey[i]! * grey[i]!;
            }
          }
          const [out, inn] = sums.map(({ n, sum, squares }) => ({ mean: sum / n, within: squares - (sum * sum) / n }));
          return Math.abs(inn!.mean - out!.mean) ** 2 / (inn!.within + out!.within);
        });
        expect(shapeNames[fits.indexOf(Math.max(...fits))], picture.name).toBe(shape.name);
      }
    }
    expect(plain).toBeGreaterThan(35);
  });

  it('leaves the border free, which evaluators cut off, and lets no shapes touch', () => {
    const border = side / 16;
    for (const picture of few) {
      const masks = picture.shapes.map((_, n) => picture.mask(n));
      const covered = new Uint8Array(side * side);
      for (const [n, mask] of masks.entries()) {
        const { radius } = picture.shapes[n]!;
        if (radius > 8)
          expect(Math.abs(countOf(mask) / (Math.PI * radius * radius) - 1), picture.name).toBeLessThan(0.05);
        mask.forEach((value, i) => {
          if (value === 0) return;
          const [x, y] = [i % side, Math.floor(i / side)];
          expect(Math.min(x, y, side - 1 - x, side - 1 - y)).toBeGreaterThanOrEqual(border - 1);
          covered[i]!++;
        });
      }
      expect(Math.max(...covered)).toBe(1);
    }
  });

  it('makes difficult shapes smaller and paler than others', () => {
    const all = many.slice(0, 1000).flatMap(({ shapes }) => shapes);
    const mean = (isDifficult: boolean, of: 'radius' | 'contrast') => {
      const some = all.filter((shape) => shape.isDifficult === isDifficult);
      return some.reduce((sum, shape) => sum + shape[of], 0) / some.length;
    };
    expect(mean(true, 'radius')).toBeLessThan(0.45 * mean(false, 'radius'));
    expect(mean(true, 'contrast')).toBeLessThan(0.5 * mean(false, 'contrast'));
  });

  it('draws colours without regard to the kind: another kind in the same place has the same', () => {
    const place = { x: 63.5, y: 63.5, radius: 24, turn: 0, contrast: 80 };
    const draw = (name: ShapeName) => ({
      rgb: drawShapes([{ ...place, name }], side, createRandom('colours')),
      mask: shapeMask({ ...place, name }, side),
    });
    const [disc, letter] = [draw('disc'), draw('letter-h')];
    const around = [-side - 1, -side, -side + 1, -1, 0, 1, side - 1, side, side + 1]; // clear of soft edges
    const alike = (value: number) =>
      [...disc.mask.keys()].filter((i) =>
        around.every((by) => disc.mask[i + by] === value && letter.mask[i + by] === value),
      );
    for (const pixels of [alike(1), alike(0)]) {
      expect(pixels.length).toBeGreaterThan(400);
      const colours = ({ rgb }: { readonly rgb: Uint8Array }) =>
        pixels.map((i) => rgb.subarray(3 * i, 3 * i + 3).join());
      expect(colours(letter)).toEqual(colours(disc));
    }
  });

  it('gives the same bytes for the same seed, others for another, and no picture in both lists', () => {
    const again = createShapeSet({ seed: 3, train: 30, test: 10 });
    const other = createShapeSet({ seed: 4, train: 30, test: 10 });
    for (const n of [0, 7, 30, 39]) {
      expect(Buffer.compare(again[n]!.frame(0), few[n]!.frame(0))).toBe(0);
      expect(Buffer.compare(other[n]!.frame(0), few[n]!.frame(0))).not.toBe(0);
      expect(again[n]!.shapes).toEqual(few[n]!.shapes);
    }
    expect(new Set(few.map(({ name }) => name)).size).toBe(few.length);
    expect(new Set(few.map(({ group }) => group)).size).toBe(few.length);
    expect(few.filter(({ role }) => role === 'train')).toHaveLength(30);
    const pictures = few.map((picture) => Buffer.from(picture.frame(0)).toString('base64'));
    expect(new Set(pictures).size).toBe(few.length);
  });

  it('begins with the shorter list where a longer one is asked for, and finds each picture by its name', () => {
    const longer = createShapeSet({ seed: 3, train: 35, test: 10 });
    expect(longer.slice(0, 30).map(({ shapes }) => shapes)).toEqual(few.slice(0, 30).map(({ shapes }) => shapes));
    for (const n of [5, 32]) {
      const found = findShapePicture(3, few[n]!.name)!;
      expect(found).toMatchObject({ name: few[n]!.name, role: few[n]!.role, labels: few[n]!.labels });
      expect(Buffer.compare(found.frame(0), few[n]!.frame(0))).toBe(0);
    }
    expect(findShapePicture(3, 'nothing')).toBeUndefined();
    expect(syntheticSets['shapes']!.create(1)).toHaveLength(shapeSetSize.train + shapeSetSize.test);
  });
});
