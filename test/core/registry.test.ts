import { describe, expect, it } from 'vitest';
import { defineRegistry } from '../../src/core/index.js';

describe('defineRegistry', () => {
  const registry = defineRegistry('signal', {
    'temporal-order': async () => ({ default: { name: 'temporal-order' } }),
    clips: async () => ({ default: { name: 'clips' } }),
  });

  it('lists names in order and loads on demand', async () => {
    expect(registry.names).toEqual(['clips', 'temporal-order']);
    expect((await registry.load('clips')).name).toBe('clips');
  });

  it('names the nearest for an unknown one', async () => {
    await expect(registry.load('temporal-ordr')).rejects.toThrow(
      /no signal "temporal-ordr"; did you mean "temporal-order"\?/,
    );
  });
});
