import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import {
  boxOverlap,
  detectionPrecision,
  suppressOverlapping,
  type Box,
  type Detection,
  type TrueBox,
} from '../../../src/eval/metrics/index.js';

const box = (left: number, top: number, width: number, height: number): Box => ({
  left,
  top,
  right: left + width - 1,
  bottom: top + height - 1,
});
const found = (score: number, at: Box, picture = 'p'): Detection => ({ ...at, score, picture });
const there = (at: Box, picture = 'p', difficult = false): TrueBox => ({ ...at, picture, difficult });

function drawBox(random: ReturnType<typeof createRandom>): Box {
  return box(1 + random.int(30), 1 + random.int(30), 1 + random.int(20), 1 + random.int(20));
}

/** Pixels of both over pixels of either, counted one by one. */
function countedOverlap(a: Box, b: Box): number {
  const has = ({ left, top, right, bottom }: Box, x: number, y: number) =>
    x >= left && x <= right && y >= top && y <= bottom;
  let [both, either] = [0, 0];
  for (let y = 0; y <= 60; y++)
    for (let x = 0; x <= 60; x++) {
      both += Number(has(a, x, y) && has(b, x, y));
      either += Number(has(a, x, y) || has(b, x, y));
    }
  return both / either;
}

describe('boxOverlap', () => {
  it('counts whole pixels, both ends inside', () => {
    expect(boxOverlap(box(1, 1, 1, 1), box(1, 1, 1, 1))).toBe(1);
    expect(boxOverlap(box(1, 1, 2, 1), box(2, 1, 2, 1))).toBeCloseTo(1 / 3, 12);
    expect(boxOverlap(box(1, 1, 2, 1), box(3, 1, 2, 1))).toBe(0);
    const random = createRandom(1);
    for (let n = 0; n < 30; n++) {
      const [a, b] = [drawBox(random), drawBox(random)];
      expect(boxOverlap(a, b)).toBeCloseTo(countedOverlap(a, b), 12);
    }
  });
});

describe('detectionPrecision', () => {
  const truth = [there(box(1, 1, 10, 10)), there(box(21, 1, 10, 10))];

  it('is 1 where everything is found first, and undefined where nothing is to be found', () => {
    const all = detectionPrecision([found(2, box(1, 1, 10, 10)), found(1, box(21, 1, 10, 10))], truth);
    expect(all).toEqual({ stepWise: 1, envelope: 1, elevenPoint: 1 });
    expect(detectionPrecision([found(1, box(1, 1, 5, 5))], []).elevenPoint).toBeNaN();
    expect(detectionPrecision([], truth)).toEqual({ stepWise: 0, envelope: 0, elevenPoint: 0 });
  });

  it('counts what nothing was found of', () => {
    const half = detectionPrecision([found(2, box(1, 1, 10, 10))], truth);
    expect(half).toEqual({ stepWise: 0.5, envelope: 0.5, elevenPoint: 6 / 11 });
  });

  it('takes a second detection of one thing for wrong, wherever it lies', () => {
    const twice = [found(3, box(1, 1, 10, 10)), found(2, box(1, 1, 10, 9)), found(1, box(21, 1, 10, 10))];
    expect(detectionPrecision(twice, truth).stepWise).toBeCloseTo(0.5 + 0.5 * (2 / 3), 12);
  });

  it('neither rewards nor punishes what is difficult', () => {
    const hard = [...truth, there(box(41, 1, 10, 10), 'p', true)];
    const detections = [found(2, box(1, 1, 10, 10)), found(1, box(21, 1, 10, 10))];
    const more = [found(9, box(41, 1, 10, 10)), ...detections, found(1.5, box(41, 1, 10, 9))];
    expect(detectionPrecision(more, hard)).toEqual(detectionPrecision(detections, truth));
    expect(detectionPrecision(detections, hard)).toEqual(detectionPrecision(detections, truth));
  });

  it('is right from an overlap of exactly a half on, and looks at its own picture only', () => {
    const one = [there(box(1, 1, 10, 10))];
    expect(detectionPrecision([found(1, box(1, 1, 10, 5))], one).envelope).toBe(1);
    expect(detectionPrecision([found(1, box(1, 1, 7, 7))], one).envelope).toBe(0); // 49 of 100
    expect(detectionPrecision([found(1, box(1, 1, 10, 10), 'q')], one).envelope).toBe(0);
  });

  it('equals a matcher that starts afresh at every threshold', () => {
    const random = createRandom(2);
    for (let trial = 0; trial < 8; trial++) {
      const pictures = ['a', 'b', 'c'];
      const known = Array.from({ length: 8 }, () =>
        there(drawBox(random), pictures[random.int(3)], random.int(4) === 0),
      );
      const moved = ({ left, top, right, bottom }: Box): Box => ({
        left: left + random.int(3) - 1,
        top: top + random.int(3) - 1,
        right: right + random.int(3),
        bottom: bottom + random.int(3),
      });
      const detections = Array.from({ length: 25 }, (_, i) =>
        i % 2 === 0
          ? found(random.float(), moved(known[random.int(8)]!), pictures[random.int(3)])
          : ((of) => found(random.float(), moved(of), of.picture))(known[random.int(8)]!),
      );
      const got = detectionPrecision(detections, known);
      const { stepWise, elevenPoint } = precisionAfresh(detections, known);
      if (Number.isNaN(stepWise)) expect(got.stepWise).toBeNaN();
      else
        expect([got.stepWise, got.elevenPoint].map((v) => v.toFixed(10))).toEqual(
          [stepWise, elevenPoint].map((v) => v.toFixed(10)),
        );
    }
  });
});

/** Recall and precision at each score, with all matches made anew; then the areas by their definitions. */
function precisionAfresh(detections: readonly Detection[], truth: readonly TrueBox[]) {
  const wanted = truth.filter(({ difficult }) => !difficult).length;
  const scores = detections.map(({ score }) => score).sort((a, b) => b - a);
  const curve = scores.map((least) => {
    const used = new Array<boolean>(truth.length).fill(false);
    let [right, wrong] = [0, 0];
    for (const score of scores.filter((each) => each >= least)) {
      const detection = detections.find((each) => each.score === score)!;
      let [best, most] = [-1, 0.5];
      truth.forEach((each, i) => {
        const overlap = each.picture === detection.picture ? countedOverlap(each, detection) : 0;
        if (best < 0 ? overlap >= most : overlap > most) [best, most] = [i, overlap];
      });
      if (best >= 0 && truth[best]!.difficult) continue;
      if (best < 0 || used[best]) wrong++;
      else {
        used[best] = true;
        right++;
      }
    }
    return { recall: right / wanted, precision: right / Math.max(1, right + wrong) };
  });
  const stepWise = curve.reduce(
    (sum, { recall, precision }, i) => sum + (recall - (curve[i - 1]?.recall ?? 0)) * precision,
    0,
  );
  const tenths = Array.from({ length: 11 }, (_, t) =>
    Math.max(0, ...curve.filter(({ recall }) => recall >= t / 10 - 1e-12).map(({ precision }) => precision)),
  );
  return { stepWise, elevenPoint: tenths.reduce((sum, value) => sum + value, 0) / 11 };
}

describe('suppressOverlapping', () => {
  const draw = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 40 }, () => ({ ...drawBox(random), score: random.float() }));
  };

  it('keeps just those that no better kept one overlaps too much', () => {
    for (const seed of [1, 2, 3]) {
      const boxes = draw(seed);
      const kept = new Set(suppressOverlapping(boxes, 0.3));
      boxes.forEach((one, i) => {
        const isBeaten = boxes.some(
          (other, j) => j !== i && kept.has(j) && other.score > one.score && countedOverlap(one, other) > 0.3,
        );
        expect(kept.has(i)).toBe(!isBeaten);
      });
    }
  });

  it('changes nothing when done again, and does not depend on the order of distinct scores', () => {
    const boxes = draw(4);
    const kept = suppressOverlapping(boxes).map((i) => boxes[i]!);
    expect(suppressOverlapping(kept).map((i) => kept[i])).toEqual(kept);
    const turned = [...boxes].reverse();
    expect(suppressOverlapping(turned).map((i) => turned[i])).toEqual(kept);
  });

  it('keeps what overlaps by exactly as much as allowed', () => {
    const two = [
      { ...box(1, 1, 10, 10), score: 2 },
      { ...box(1, 1, 10, 5), score: 1 },
    ];
    expect(suppressOverlapping(two, 0.5)).toEqual([0, 1]);
    expect(suppressOverlapping(two, 0.49)).toEqual([0]);
  });
});
