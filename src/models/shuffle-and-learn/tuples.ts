/** Three of a record's five frames as the network sees them, and whether they are in order. */
export interface Tuple {
  /** Which frames are shown, first to last: 0 to 4 for a to e. */
  readonly places: readonly [first: number, middle: number, last: number];
  /** 1: the middle one was filmed between the others. */
  readonly label: 0 | 1;
}

/** Bits of the record's `has`. */
const sideBits = { a: 1, e: 2 } as const;

/**
 * Label of each place in a batch: exactly `round(batchSize · negativeShare)` places are 0, spread evenly.
 *
 * Source: the share of negatives is varied in Misra et al., ECCV 2016, section 4; that every batch holds it exactly is ours.
 */
export function labelOfSlot(
  slot: number,
  { batchSize, negativeShare }: { readonly batchSize: number; readonly negativeShare: number },
): 0 | 1 {
  const negatives = Math.round(batchSize * negativeShare);
  return countBefore(slot + 1, negatives, batchSize) > countBefore(slot, negatives, batchSize) ? 0 : 1;
}

/**
 * The tuple of one place in a training batch. Within each label of a batch every second tuple runs backwards, and negatives take turns between the
 * side of a and the side of e as far as the records have both; which of each comes first alternates from batch to batch.
 * `has` is the record's: which of a and e are there; `position` is its place in the epoch.
 */
export function trainingTuple({
  has,
  slot,
  position,
  batchSize,
  negativeShare,
}: {
  readonly has: number;
  readonly slot: number;
  readonly position: number;
  readonly batchSize: number;
  readonly negativeShare: number;
}): Tuple {
  const label = labelOfSlot(slot, { batchSize, negativeShare });
  const negatives = countBefore(slot, Math.round(batchSize * negativeShare), batchSize);
  const turn = (label === 0 ? negatives : slot - negatives) + Math.floor(position / batchSize);
  return makeTuple({ label, has, backward: turn % 2 === 1, side: Math.floor(turn / 2) % 2 === 0 ? 'a' : 'e' });
}

/**
 * The two tuples of a record for testing: one in order, one not, with the same outer frames, so any set is half and half.
 *
 * @param draw bits that decide direction and side, such as a hash of the record's key.
 */
export function testTuples({ has, draw }: { readonly has: number; readonly draw: number }): readonly [Tuple, Tuple] {
  const side = (draw & 4) === 0 ? 'a' : 'e';
  return [
    makeTuple({ label: 1, has, backward: (draw & 1) === 1, side }),
    makeTuple({ label: 0, has, backward: (draw & 2) === 2, side }),
  ];
}

/** Where a frame's picture stands among the stored ones, which leave out an absent a or e. */
export function pictureIndex(place: number, has: number): number {
  return (has & sideBits.a) === 0 ? place - 1 : place;
}

function makeTuple({
  label,
  has,
  backward,
  side,
}: {
  readonly label: 0 | 1;
  readonly has: number;
  readonly backward: boolean;
  readonly side: 'a' | 'e';
}): Tuple {
  const other = side === 'a' ? 'e' : 'a';
  const taken = (has & sideBits[side]) === 0 ? other : side;
  const middle = label === 1 ? 2 : taken === 'a' ? 0 : 4;
  return { places: backward ? [3, middle, 1] : [1, middle, 3], label };
}

/** How many of the first `slots` places are marked when `marked` of `total` are, spread evenly. */
function countBefore(slots: number, marked: number, total: number): number {
  return Math.floor((slots * marked) / total);
}
