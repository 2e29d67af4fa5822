import { beforeAll, describe, expect, it } from 'vitest';
import { tensorflowParts } from '../../../src/core/index.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { nodeBackend } from '../../../src/engine/compile/hooks.js';
import { record } from '../../../src/engine/compile/record.js';
import { disposeCaptured, type Recording } from '../../../src/engine/compile/recording.js';
import { StandIns } from '../../../src/engine/compile/stand-ins.js';
import { compile, selectBackend, tf } from '../../../src/engine/index.js';
import { argumentFor, asStep, brokenInTensorflowJs, sweepCases } from './sweep-cases.js';

/** All of a graph but the names of what it takes from outside, which are the engine's numbers. */
function describeGraph({ nodes, inputs, outputs }: Recording): unknown {
  const names = new Map(inputs.map(({ name }, i) => [name, `input${i}`]));
  return {
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map((input) => names.get(input) ?? input) })),
    inputs: inputs.map(({ type, shape }) => ({ type, shape })),
    outputs,
  };
}

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

  it('is recorded by its shapes alone as it is by its numbers', () => {
    for (const one of sound.filter(({ name }) => name !== 'bincount')) {
      // bincount looks at its numbers; see the next test
      const x = argumentFor(one, 'first');
      const standIns = new StandIns(nodeBackend().binding);
      const [whole, shapes] = [record(asStep(one), [x]), record(asStep(one), [x], standIns)];
      expect([one.name, describeGraph(shapes)]).toEqual([one.name, describeGraph(whole)]);
      tf.dispose([whole.results, shapes.results, x] as never);
      for (const { inputs } of [whole, shapes]) disposeCaptured(inputs);
      standIns.dispose();
    }
  });

  it('is recorded by its numbers after all where it looks at them', () => {
    const one = sound.find(({ name }) => name === 'bincount')!;
    const x = argumentFor(one, 'first');
    const run = compile(asStep(one), { jit: 'off', makesVariables: false });
    const [wanted, got] = [tf.tidy(() => asStep(one)(x)), run(x)];
    expect(run.status).toEqual({ mode: 'function', reason: null });
    expect(got.map((tensor) => [...tensor.dataSync()])).toEqual(wanted.map((tensor) => [...tensor.dataSync()]));
    tf.dispose([wanted, got, x] as Tensor[][]);
    run.dispose();
  });

  it.each([...brokenInTensorflowJs])('%s fails in TensorFlow.js itself', (name) => {
    const one = sweepCases.find((each) => each.name === name)!;
    const x = argumentFor(one, 'first');
    expect(() => tf.tidy(() => asStep(one)(x))).toThrow();
    x.dispose();
  });
});
