import { cosineOfTurns, sineOfTurns } from './sine.js';

/** Kinds of shapes, in the order of their labels. */
export const shapeNames = [
  'arrow',
  'bar',
  'bolt',
  'burst',
  'chevron',
  'crescent',
  'cross',
  'disc',
  'frame',
  'half-disc',
  'horseshoe',
  'house',
  'letter-h',
  'letter-l',
  'letter-t',
  'rhombus',
  'ring',
  'square',
  'star',
  'triangle',
] as const;

/** A kind of shape. */
export type ShapeName = (typeof shapeNames)[number];

/** Corners one after another: x, y, x, y, …; x goes to the right, y down. */
type Corners = readonly number[];

/** Its border; for `ring` and `frame` also that of the hole. Sizes are made equal afterwards. */
const drawn: Readonly<Record<ShapeName, readonly Corners[]>> = {
  arrow: [[-1, -0.3, 0.2, -0.3, 0.2, -0.75, 1, 0, 0.2, 0.75, 0.2, 0.3, -1, 0.3]],
  bar: [rectangle(1, 0.25)],
  bolt: [[0.2, -1, -0.6, 0.15, -0.05, 0.15, -0.2, 1, 0.6, -0.15, 0.05, -0.15]],
  burst: [star(8, 0.6)],
  chevron: [[-1, -0.7, 0, 0.2, 1, -0.7, 1, -0.1, 0, 0.8, -1, -0.1]],
  crescent: [[...arc(0.25, 0.75), ...arc(0.75, 0.25).map((value, i) => (i % 2 === 0 ? 0.35 * value : value))]],
  cross: [
    [
      -0.35, -1, 0.35, -1, 0.35, -0.35, 1, -0.35, 1, 0.35, 0.35, 0.35, 0.35, 1, -0.35, 1, -0.35, 0.35, -1, 0.35, -1,
      -0.35, -0.35, -0.35,
    ],
  ],
  disc: [arc(0, 1)],
  frame: [rectangle(1, 1), rectangle(0.6, 0.6)],
  'half-disc': [arc(0.5, 1)],
  horseshoe: [[-1, -1, -0.45, -1, -0.45, 0.45, 0.45, 0.45, 0.45, -1, 1, -1, 1, 1, -1, 1]],
  house: [[-0.8, 1, -0.8, -0.2, 0, -1, 0.8, -0.2, 0.8, 1]],
  'letter-h': [
    [-1, -1, -0.5, -1, -0.5, -0.25, 0.5, -0.25, 0.5, -1, 1, -1, 1, 1, 0.5, 1, 0.5, 0.25, -0.5, 0.25, -0.5, 1, -1, 1],
  ],
  'letter-l': [[-0.8, -1, -0.25, -1, -0.25, 0.5, 0.8, 0.5, 0.8, 1, -0.8, 1]],
  'letter-t': [[-1, -1, 1, -1, 1, -0.5, 0.28, -0.5, 0.28, 1, -0.28, 1, -0.28, -0.5, -1, -0.5]],
  rhombus: [[0, -1, 0.55, 0, 0, 1, -0.55, 0]],
  ring: [arc(0, 1), arc(0, 1).map((value) => 0.6 * value)],
  square: [rectangle(1, 1)],
  star: [star(5, 0.4)],
  triangle: [star(3, 0.5)],
};

interface Outline {
  readonly borders: readonly Corners[];
  readonly reach: number;
}

const outlines = Object.fromEntries(shapeNames.map((name) => [name, normalise(drawn[name])])) as Readonly<
  Record<ShapeName, Outline>
>;

/** Whether a place lies in a shape of area π, as the disc of radius 1 has it, whose bounding box has its middle at 0. */
export function isInShape(name: ShapeName, x: number, y: number): boolean {
  let isInside = false;
  for (const corners of outlines[name].borders) {
    for (let i = 0, j = corners.length - 2; i < corners.length; j = i, i += 2) {
      const [toX, toY, fromX, fromY] = [corners[i]!, corners[i + 1]!, corners[j]!, corners[j + 1]!];
      if (fromY > y !== toY > y && x < fromX + ((y - fromY) / (toY - fromY)) * (toX - fromX)) isInside = !isInside;
    }
  }
  return isInside;
}

/** How far a shape of area π reaches from the middle of its bounding box. */
export function shapeReach(name: ShapeName): number {
  return outlines[name].reach;
}

function rectangle(x: number, y: number): Corners {
  return [-x, -y, x, -y, x, y, -x, y];
}

/** Corners on the circle of radius 1, in turns from the right, clockwise; the last is left out of a whole circle. */
function arc(from: number, to: number): Corners {
  const steps = 32;
  const isWhole = to - from === 1;
  return Array.from({ length: steps + (isWhole ? 0 : 1) }, (_, i) => from + ((to - from) * i) / steps).flatMap(
    (turn) => [cosineOfTurns(turn), sineOfTurns(turn)],
  );
}

/** Points at distance 1, the first of them above, and notches between them. */
function star(points: number, notch: number): Corners {
  return Array.from({ length: 2 * points }, (_, i) => i).flatMap((i) => {
    const turn = i / (2 * points) - 0.25;
    const distance = i % 2 === 0 ? 1 : notch;
    return [distance * cosineOfTurns(turn), distance * sineOfTurns(turn)];
  });
}

function normalise(borders: readonly Corners[]): Outline {
  const [outer = []] = borders;
  const of = (axis: number) => outer.filter((_, i) => i % 2 === axis);
  const middle = [0, 1].map((axis) => (Math.min(...of(axis)) + Math.max(...of(axis))) / 2);
  const [area = 0, ...holes] = borders.map(areaOf);
  const size = Math.sqrt(Math.PI / (area - holes.reduce((sum, hole) => sum + hole, 0)));
  const placed = borders.map((corners) => corners.map((value, i) => size * (value - middle[i % 2]!)));
  const distances = placed[0]!.flatMap((x, i, all) =>
    i % 2 === 0 ? [Math.sqrt(x * x + all[i + 1]! * all[i + 1]!)] : [],
  );
  return { borders: placed, reach: Math.max(...distances) };
}

/** By the shoelace formula. */
function areaOf(corners: Corners): number {
  let twice = 0;
  for (let i = 0, j = corners.length - 2; i < corners.length; j = i, i += 2)
    twice += corners[j]! * corners[i + 1]! - corners[i]! * corners[j + 1]!;
  return Math.abs(twice) / 2;
}
