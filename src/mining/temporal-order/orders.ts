/** Four places of a quintuple, 0 to 4 for a to e. */
export type FourPlaces = readonly [number, number, number, number];

/**
 * The twelve orders in which four frames can be shown where forward and backward count as one: of each pair of an order
 * and its reverse the one that is lower as a word. Class `i` is entry `i`; entry 0 is the order in which they were filmed.
 *
 * Source: Lee et al., "Unsupervised Representation Learning by Sorting Sequences", ICCV 2017, section 3.
 */
export const fourFrameOrders: readonly FourPlaces[] = permutations([0, 1, 2, 3])
  .filter((order) => order[0]! < order[3]!)
  .map((order) => order as unknown as FourPlaces);

/**
 * The four frames of a record that are to be sorted, in the order filmed: a to d or b to e, whichever `side` asks for
 * and the record has.
 *
 * @param has the record's: which of a and e are there.
 */
export function fourFramesOf(has: number, side: 'a' | 'e'): FourPlaces {
  const withA = (has & 1) !== 0 && (side === 'a' || (has & 2) === 0);
  return withA ? [0, 1, 2, 3] : [1, 2, 3, 4];
}

/**
 * Shows four frames in the order of a class.
 *
 * @param four in the order filmed.
 * @param label 0 to 11.
 * @param backward shows the same class the other way round.
 * @throws RangeError if there is no such class.
 */
export function showInOrder(four: FourPlaces, label: number, backward: boolean): FourPlaces {
  const order = fourFrameOrders[label];
  if (!order) throw new RangeError(`label must be from 0 to 11, got ${label}.`);
  const shown = order.map((at) => four[at]!);
  return (backward ? shown.reverse() : shown) as unknown as FourPlaces;
}

/** The class of four frames as shown; their numbers need only differ. */
export function classOfOrder(shown: FourPlaces): number {
  const sorted = [...shown].sort((x, y) => x - y);
  const ranks = shown.map((place) => sorted.indexOf(place));
  if (ranks[0]! > ranks[3]!) ranks.reverse();
  return fourFrameOrders.findIndex((order) => order.every((rank, i) => rank === ranks[i]));
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
