import { expect } from 'vitest';

/** Compares by value, and names the first place that differs: `toEqual` takes seconds for a megabyte. */
export function expectSameValues(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) expect.fail(`value ${i} is ${actual[i]}, expected ${expected[i]}`);
  }
}
