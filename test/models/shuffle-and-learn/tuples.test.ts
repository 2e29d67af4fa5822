import { describe, expect, it } from 'vitest';
import { labelOfSlot, pictureIndex, testTuples, trainingTuple } from '../../../src/models/shuffle-and-learn/tuples.js';

const both = 3;

function epoch({
  samples,
  batchSize,
  negativeShare = 0.75,
  has = both,
}: {
  samples: number;
  batchSize: number;
  negativeShare?: number;
  has?: number;
}) {
  return Array.from({ length: samples }, (_, position) =>
    trainingTuple({ has, position, slot: position % batchSize, batchSize, negativeShare }),
  );
}

describe('trainingTuple', () => {
  it('gives every batch of 128 exactly 96 negatives and 32 positives', () => {
    const tuples = epoch({ samples: 1280, batchSize: 128 });
    for (let batch = 0; batch < 10; batch++) {
      expect(tuples.slice(batch * 128, batch * 128 + 128).filter(({ label }) => label === 0)).toHaveLength(96);
    }
  });

  it.each([
    [10, 0.5, 5],
    [7, 0.75, 5],
    [4, 0, 0],
    [4, 1, 4],
    [1, 0.75, 1],
  ])('of a batch of %i at a share of %f marks %i', (batchSize, negativeShare, expected) => {
    const labels = Array.from({ length: batchSize }, (_, slot) => labelOfSlot(slot, { batchSize, negativeShare }));
    expect(labels.filter((label) => label === 0)).toHaveLength(expected);
  });

  it('runs half of each label backwards and balances the sides of the wrong middle', () => {
    const tuples = epoch({ samples: 6400, batchSize: 64 });
    for (const label of [0, 1]) {
      const own = tuples.filter((tuple) => tuple.label === label);
      expect(own.filter(({ places }) => places[0] === 3)).toHaveLength(own.length / 2);
    }
    const wrong = tuples.filter(({ label }) => label === 0);
    expect(wrong.filter(({ places }) => places[1] === 0)).toHaveLength(wrong.length / 2);
    for (const middle of [0, 4]) {
      const own = wrong.filter(({ places }) => places[1] === middle);
      expect(own.filter(({ places }) => places[0] === 3)).toHaveLength(own.length / 2);
    }
  });

  it('shows only the six tuples of a record, always between the same two outer frames', () => {
    const seen = new Set(
      epoch({ samples: 256, batchSize: 32 }).map(({ places, label }) => `${places.join('')}:${label}`),
    );
    expect([...seen].sort()).toEqual(['103:0', '123:1', '143:0', '301:0', '321:1', '341:0']);
  });

  it('takes the side that is there', () => {
    for (const [has, middle] of [
      [1, 0],
      [2, 4],
    ] as const) {
      const wrong = epoch({ samples: 64, batchSize: 32, has }).filter(({ label }) => label === 0);
      expect(new Set(wrong.map(({ places }) => places[1]))).toEqual(new Set([middle]));
    }
  });
});

describe('testTuples', () => {
  it('gives one tuple of each label with the same outer frames', () => {
    for (let draw = 0; draw < 8; draw++) {
      const [right, wrong] = testTuples({ has: both, draw });
      expect([right.label, wrong.label]).toEqual([1, 0]);
      for (const { places } of [right, wrong]) {
        expect([places[0], places[2]].sort()).toEqual([1, 3]);
        expect(new Set(places).size).toBe(3);
      }
      expect(right.places[1]).toBe(2);
      expect([0, 4]).toContain(wrong.places[1]);
    }
  });
});

describe('pictureIndex', () => {
  it('skips an absent first frame', () => {
    expect([1, 2, 3, 4].map((place) => pictureIndex(place, 2))).toEqual([0, 1, 2, 3]);
    expect([0, 1, 2, 3, 4].map((place) => pictureIndex(place, 3))).toEqual([0, 1, 2, 3, 4]);
  });
});
