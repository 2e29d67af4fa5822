import { averagePrecisionOf, type AveragePrecision } from './average-precision.js';

/** A box in pixels, both ends inside: `right - left + 1` wide, as VOC counts. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A box of one class that was found in a picture. */
export interface Detection extends Box {
  readonly picture: string;
  readonly score: number;
}

/** A box of one class that is in a picture; a `difficult` one is neither a hit nor missed. */
export interface TrueBox extends Box {
  readonly picture: string;
  readonly difficult?: boolean;
}

/** Intersection over union of two boxes, 0–1. */
export function boxOverlap(a: Box, b: Box): number {
  const span = (low: number, high: number) => Math.max(0, high - low + 1);
  const area = (box: Box) => span(box.left, box.right) * span(box.top, box.bottom);
  const shared =
    span(Math.max(a.left, b.left), Math.min(a.right, b.right)) *
    span(Math.max(a.top, b.top), Math.min(a.bottom, b.bottom));
  return shared / (area(a) + area(b) - shared);
}

/**
 * Average precision of the detections of one class by each definition, 0–1; NaN where nothing is to be found. From the best score down, each detection
 * is compared with the true box of its picture that it overlaps most: it is right from an overlap of `leastOverlap` on, that included, and wrong where
 * an earlier one has that box. Those of equal scores count in the order in which they are given, one by one.
 *
 * Source: the development kit of VOC 2007 (VOCevaldet), which takes `elevenPoint`.
 */
export function detectionPrecision(
  detections: readonly Detection[],
  truth: readonly TrueBox[],
  { leastOverlap = 0.5 }: { readonly leastOverlap?: number } = {},
): AveragePrecision {
  const inPicture = new Map<string, TrueBox[]>();
  for (const box of truth) inPicture.set(box.picture, [...(inPicture.get(box.picture) ?? []), box]);
  const ranked = [...detections].sort((a, b) => b.score - a.score);
  const taken = new Set<TrueBox>();
  const labels = ranked.map((detection) => {
    const [best] = (inPicture.get(detection.picture) ?? [])
      .map((box) => ({ box, overlap: boxOverlap(box, detection) }))
      .sort((a, b) => b.overlap - a.overlap);
    if (!best || best.overlap < leastOverlap) return -1;
    if (best.box.difficult === true) return 0;
    if (taken.has(best.box)) return -1;
    taken.add(best.box);
    return 1;
  });
  const order = Int32Array.from(labels.flatMap((label, i) => (label === 0 ? [] : [i])));
  const wanted = truth.filter(({ difficult }) => difficult !== true).length;
  return averagePrecisionOf(
    { order, starts: new Uint8Array(order.length).fill(1), labels },
    undefined,
    wanted - taken.size,
  );
}

/**
 * Non-maximum suppression: from the best score down, boxes that overlap a kept one by more than `mostOverlap` are left out. Of equal scores the one
 * that is given first comes first.
 *
 * @returns places of the kept ones, best first.
 */
export function suppressOverlapping(
  boxes: readonly (Box & { readonly score: number })[],
  mostOverlap = 0.3,
): readonly number[] {
  const kept: number[] = [];
  for (const i of [...boxes.keys()].sort((a, b) => boxes[b]!.score - boxes[a]!.score)) {
    if (kept.every((other) => boxOverlap(boxes[other]!, boxes[i]!) <= mostOverlap)) kept.push(i);
  }
  return kept;
}
