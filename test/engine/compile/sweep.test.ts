import { beforeAll, describe, expect, it } from 'vitest';
import { tensorflowParts } from '../../../src/core/index.js';
import { compile, selectBackend, tf } from '../../../src/engine/index.js';
import { argumentFor, asStep, brokenInTensorflowJs, sweepCases } from './sweep-cases.js';

describe.skipIf(tensorflowParts() === null)('every operation, captured (needs reelmine setup)', () => {
  beforeAll(() => selectBackend('tensorflow'));

  const sound = sweepCases.filter(({ name }) => !brokenInTensorflowJs.has(name));

  it.each(sound.map((one) => [one.name, one] as const))('%s gives on new numbers what it gives eagerly', (_, one) => {
    const step = asStep(one);
    const compiled = compile(step, { jit: 'off' });
    const [first, second] = ['first', 'second'].map((label) => argumentFor(one, label));
    tf.dispose(compiled(first!));
    expect(compiled.status).toEqual({ mode: 'function', reason: null });
    const [wanted, got] = [tf.tidy(() => step(second!)), compiled(second!)];
    expect(got.map(({ dtype, shape }) => [dtype, shape])).toEqual(wanted.map(({ dtype, shape }) => [dtype, shape]));
    wanted.forEach((tensor, i) => {
      const [a, b] = [tensor.dataSync(), got[i]!.dataSync()];
      a.forEach((value, k) => expect(Math.abs(value - b[k]!)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(value))));
    });
    tf.dispose([wanted, got, first!, second!]);
    compiled.dispose();
  });

  it.each([...brokenInTensorflowJs])('%s fails in TensorFlow.js itself', (name) => {
    const one = sweepCases.find((each) => each.name === name)!;
    const x = argumentFor(one, 'first');
    expect(() => tf.tidy(() => asStep(one)(x))).toThrow();
    x.dispose();
  });
});
