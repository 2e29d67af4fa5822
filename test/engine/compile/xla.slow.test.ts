import { beforeAll, describe, expect, it } from 'vitest';
import { tensorflowParts } from '../../../src/core/index.js';
import { compile, selectBackend, tf } from '../../../src/engine/index.js';
import { argumentFor, asStep, brokenInTensorflowJs, sweepCases } from './sweep-cases.js';

/** Operations that XLA 2.21 lacks on a CPU; a step with one stays an ordinary function, and the reason names it. */
const unknownToXla: Readonly<Record<string, RegExp>> = {
  resizeNearestNeighbor: /ResizeNearestNeighborGrad/,
  cropAndResize: /CropAndResize/,
  dilation2d: /Dilation2D/,
};

describe.skipIf(tensorflowParts() === null)('every operation, compiled by XLA (needs reelmine setup)', () => {
  beforeAll(() => selectBackend('tensorflow'));

  const sound = sweepCases.filter(({ name }) => !brokenInTensorflowJs.has(name));

  it.each(sound.map((one) => [one.name, one] as const))('%s gives what it gives eagerly', (name, one) => {
    const step = asStep(one);
    const compiled = compile(step, { jit: 'on' });
    const [first, second] = ['first', 'second'].map((label) => argumentFor(one, label));
    tf.dispose(compiled(first!));
    const lacking = unknownToXla[name];
    expect(compiled.status).toEqual(
      lacking ? { mode: 'function', reason: expect.stringMatching(lacking) } : { mode: 'xla', reason: null },
    );
    const [wanted, got] = [tf.tidy(() => step(second!)), compiled(second!)];
    wanted.forEach((tensor, i) => {
      const [a, b] = [tensor.dataSync(), got[i]!.dataSync()];
      expect(b).toHaveLength(a.length);
      a.forEach((value, k) => expect(Math.abs(value - b[k]!)).toBeLessThanOrEqual(1e-4 * (1 + Math.abs(value))));
    });
    tf.dispose([wanted, got, first!, second!]);
    compiled.dispose();
  });
});
