import { describe, expect, it } from 'vitest';
import { tensorflowParts } from '../../../src/core/index.js';
import { selectBackend } from '../../../src/engine/index.js';
import { furthest, trainOnNoise } from './whole-step.js';

describe.skipIf(tensorflowParts() === null)('Shuffle and Learn, captured (needs reelmine setup)', () => {
  it.each([['small'], ['paper', 'batchSize=16']])(
    'has the eager losses of 20 steps with preset %s',
    async (preset, ...more) => {
      await selectBackend('tensorflow');
      const sets = [`preset=${preset}`, ...more];
      const eager = await trainOnNoise(sets, { steps: 20, options: null });
      const captured = await trainOnNoise(sets, { steps: 20, options: { jit: 'off' } });
      expect(captured.status).toEqual({ mode: 'function', reason: null });
      expect(furthest(captured.losses, eager.losses)).toBeLessThan(1e-6);
    },
  );
});
