import { describe, expect, it } from 'vitest';
import { tensorflowParts } from '../../../src/core/index.js';
import { selectBackend, tf } from '../../../src/engine/index.js';
import { furthest, trainOnNoise } from './whole-step.js';

describe.skipIf(tensorflowParts() === null)('Shuffle and Learn, captured (needs reelmine setup)', () => {
  it('learns what it learns eagerly, dropout and running statistics included, and leaves no tensor', async () => {
    await selectBackend('tensorflow');
    const before = tf.memory().numTensors;
    // at its own rate this small net is so ill-conditioned that rounding decides
    const sets = ['preset=tiny', 'learningRate=0.0001'];
    const eager = await trainOnNoise(sets, { steps: 20, options: null });
    const captured = await trainOnNoise(sets, { steps: 20, options: { jit: 'off', name: 'tiny' } });
    expect(captured.status).toEqual({ mode: 'function', reason: null });
    expect(furthest(captured.losses, eager.losses)).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before);
  });
});
