import { describe, expect, it } from 'vitest';
import { keepChannel } from '../../../src/models/shuffle-and-learn/picture.js';

describe('keepChannel', () => {
  it('copies one channel to all three', () => {
    const rgb = Uint8Array.of(1, 2, 3, 4, 5, 6);
    keepChannel(rgb, 1);
    expect([...rgb]).toEqual([2, 2, 2, 5, 5, 5]);
  });
});
