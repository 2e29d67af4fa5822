import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tensorflowParts } from '../../../src/core/index.js';
import {
  adam,
  compile,
  dense,
  dropout,
  lossAndGradients,
  momentumSgd,
  selectBackend,
  softmaxCrossEntropy,
  statelessUniform,
  tf,
  type CompiledStep,
} from '../../../src/engine/index.js';
import { decideJit } from '../../../src/engine/compile/capture.js';
import { nodeBackend } from '../../../src/engine/compile/hooks.js';
import { record } from '../../../src/engine/compile/record.js';
import { disposeCaptured } from '../../../src/engine/compile/recording.js';
import { StandIns } from '../../../src/engine/compile/stand-ins.js';
import { numbers } from '../engines.js';

const scalar = (value: number) => tf.scalar(value, 'float32');
const value = (tensor: Tensor) => tensor.dataSync()[0]!;

/** A linear classifier with dropout, an optimizer and a running mean; alike each time it is made. */
function createLearner(make: typeof adam | typeof momentumSgd) {
  const weight = tf.tidy(() => tf.variable(tf.tensor2d(numbers('weight', 12), [4, 3])));
  const running = tf.tidy(() => tf.variable(tf.zeros([3]), false));
  const optimizer = make([{ name: 'w', variable: weight }], { weightDecay: 1e-3 });
  const step = (x: Tensor, label: Tensor, rate: Tensor, seed: Tensor) => {
    const { result, gradients } = lossAndGradients([{ name: 'w', variable: weight }], () => {
      const logits = dense(dropout(x, 0.3, seed), weight);
      running.assign(tf.add(tf.mul(running, 0.9), tf.mul(tf.mean(logits, 0), 0.1)));
      return { loss: softmaxCrossEntropy(logits, label), logits };
    });
    optimizer.apply(gradients, rate);
    return result;
  };
  const state = () => [weight, running, ...optimizer.slots.values()].map((variable) => [...variable.dataSync()]);
  const dispose = () => {
    optimizer.dispose();
    weight.dispose();
    running.dispose();
  };
  return { step, state, dispose };
}

function batchAt(index: number, rows = 5): [Tensor, Tensor, Tensor, Tensor] {
  const label = Int32Array.from({ length: rows }, (_, i) => (i + index) % 3);
  return [
    tf.tensor2d(numbers(`x ${index}`, rows * 4), [rows, 4]),
    tf.tensor1d(label, 'int32'),
    scalar(0.1 / (1 + index)),
    tf.tensor1d([3, index], 'int32'),
  ];
}

describe.skipIf(tensorflowParts() === null)('a compiled step (needs reelmine setup)', () => {
  let tensors = 0;
  beforeEach(async () => {
    await selectBackend('tensorflow');
    tensors = tf.memory().numTensors;
  });

  it.each([
    ['momentum', momentumSgd],
    ['adam', adam],
  ] as const)('learns with %s what the eager one learns, each step of it counted once', (_, make) => {
    const [eager, compiled] = [createLearner(make), createLearner(make)];
    const run = compile(compiled.step, { jit: 'off' });
    for (let index = 0; index < 20; index++) {
      const batch = batchAt(index);
      const [wanted, got] = [tf.tidy(() => eager.step(...batch)), run(...batch)];
      expect(run.status).toEqual({ mode: 'function', reason: null });
      expect(Object.keys(got)).toEqual(['loss', 'logits']);
      expect(Math.abs(value(got.loss) / value(wanted.loss) - 1)).toBeLessThan(1e-6);
      tf.dispose([wanted, got, batch]);
    }
    compiled
      .state()
      .forEach((values, i) => values.forEach((one, k) => expect(one).toBeCloseTo(eager.state()[i]![k]!, 5)));
    run.dispose();
    eager.dispose();
    compiled.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('recorded by its shapes alone it learns the same, bit by bit, and leaves no tensor', () => {
    const [whole, lean] = [createLearner(adam), createLearner(adam)];
    const runs = [
      compile(whole.step, { jit: 'off' }),
      compile(lean.step, { jit: 'off', makesVariables: false }),
    ] as const;
    for (let index = 0; index < 5; index++) {
      const batch = batchAt(index);
      const results = runs.map((run) => run(...batch));
      expect(value(results[1]!.loss)).toBe(value(results[0]!.loss));
      tf.dispose([results, batch] as never);
    }
    expect(runs[1].status).toEqual({ mode: 'function', reason: null });
    expect(lean.state()).toEqual(whole.state());
    for (const run of runs) run.dispose();
    whole.dispose();
    lean.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('recorded by its shapes alone it holds a tensor of each shape, not all that it makes', () => {
    const x = tf.ones([64, 1024]); // 256 KiB
    const step = (y: Tensor) => {
      let [z, kept] = [y, tf.scalar(0) as Tensor];
      for (let i = 0; i < 200; i++) {
        z = tf.relu(tf.add(z, i));
        kept = tf.add(kept, tf.mean(z));
      }
      return kept;
    };
    const standIns = new StandIns(nodeBackend().binding);
    const before = process.memoryUsage().rss;
    const { results, inputs } = record(step, [x], standIns);
    expect(process.memoryUsage().rss - before).toBeLessThan(30 * 2 ** 20); // 100 MiB are made
    standIns.dispose();
    disposeCaptured(inputs);
    tf.dispose([results, x]);
  });

  it('recorded by its shapes alone it may keep what it makes of constants, and else is refused, as where it makes variables', () => {
    let table: Tensor | null = null;
    const options = { jit: 'off', makesVariables: false } as const;
    const run = compile((x: Tensor) => tf.mul(x, (table ??= tf.keep(tf.cumsum(tf.range(0, 3))))), options);
    const x = scalar(2);
    expect([0, 1].map(() => [...run(x).dataSync()])).toEqual([
      [0, 2, 6],
      [0, 2, 6],
    ]);
    expect(run.status.mode).toBe('function');
    run.dispose();
    let kept: Tensor | null = null;
    expect(() => compile((y: Tensor) => tf.mul(y, (kept ??= tf.keep(tf.exp(y)))), options)(x)).toThrow(
      /which has no numbers/,
    );
    expect(() => compile((y: Tensor) => tf.mul(y, tf.variable(tf.exp<Tensor>(y))), options)(x)).toThrow(/no variables/);
  });

  it('goes on from variables that were put back by hand, as a checkpoint does', () => {
    const weight = tf.variable(scalar(1));
    const run = compile((x: Tensor) => {
      weight.assign(tf.mul(weight, x));
      return tf.add(weight, 0);
    });
    const two = scalar(2);
    expect([0, 1, 2].map(() => value(run(two)))).toEqual([2, 4, 8]);
    weight.assign(tf.scalar(10));
    expect(value(run(two))).toBe(20);
    run.dispose();
    weight.dispose();
  });

  it('leaks nothing in 3,000 steps, neither tensors nor memory', () => {
    const learner = createLearner(adam);
    const run = compile(learner.step, { jit: 'off' });
    const batch = batchAt(0);
    const step = (times: number) => {
      for (let i = 0; i < times; i++) tf.dispose(run(...batch));
    };
    step(500);
    const [held, bytes] = [tf.memory().numTensors, process.memoryUsage().rss];
    step(3000);
    expect(tf.memory().numTensors).toBe(held);
    expect(process.memoryUsage().rss - bytes).toBeLessThan(40e6);
    run.dispose();
    learner.dispose();
    tf.dispose(batch);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('keeps a function for each shape and dtype of its arguments', () => {
    const run = compile((x: Tensor) => tf.reshape(tf.add(x, x), [x.size]));
    for (const shape of [[2, 3], [5, 3], [2, 3], [6]]) {
      const x = tf.ones(shape);
      expect(run(x).shape).toEqual([x.size]);
      expect(run.status.mode).not.toBe('eager');
    }
    const whole = run(tf.tensor1d([1, 2], 'int32'));
    expect([whole.dtype, [...whole.dataSync()]]).toEqual(['int32', [2, 4]]);
    run.dispose();
  });

  it('tells two arguments apart that were one tensor while it was recorded, and variables that shared their numbers', () => {
    const [a, b] = [scalar(2), scalar(5)];
    const [v, w] = [tf.variable(a), tf.variable(a)];
    const outside = a;
    const run = compile((x: Tensor, y: Tensor) => {
      const result = [tf.sub(x, y), tf.sub(v, w), tf.sub(x, outside)];
      w.assign(tf.add(w, 1));
      return result;
    });
    expect(run(a, a).map(value)).toEqual([0, 0, 0]);
    expect(run(b, a).map(value)).toEqual([3, -1, 3]);
    expect(run.status.mode).not.toBe('eager');
    run.dispose();
  });

  it('gives arrays and records in records, and results of their own where the step gives what it was given', () => {
    const v = tf.variable(scalar(4));
    const run = compile((x: Tensor) => ({ same: x, twice: [x, { v }], one: tf.ones([2]) }));
    for (let i = 0; i < 3; i++) {
      const x = scalar(i);
      const { same, twice, one } = run(x);
      expect([
        value(same),
        value(twice[0] as Tensor),
        value((twice[1] as { v: Tensor }).v),
        [...one.dataSync()],
      ]).toEqual([i, i, 4, [1, 1]]);
      tf.dispose([same, twice, one]);
      expect(value(x)).toBe(i);
      expect(value(v)).toBe(4);
    }
    expect(run.status.mode).not.toBe('eager');
    run.dispose();
    v.dispose();
  });

  it('takes random numbers that depend on a seed, other ones for every seed', () => {
    const run = compile((seed: Tensor) => statelessUniform([4], seed), { jit: 'off' });
    for (const seed of [1, 2, 1]) {
      const at = tf.tensor1d([seed, 5], 'int32');
      expect([...run(at).dataSync()]).toEqual([...statelessUniform([4], at).dataSync()]);
    }
    run.dispose();
  });

  it('runs eagerly once where a step makes variables, and is recorded after that', () => {
    const weight = tf.variable(scalar(3));
    const [optimizer, twin] = [tf.train.momentum(0.1, 0.9), tf.train.momentum(0.1, 0.9)];
    const other = tf.variable(scalar(3));
    const run = compile(() => optimizer.minimize(() => tf.square(weight), true, [weight])!);
    for (let i = 0; i < 4; i++) {
      const wanted = value(twin.minimize(() => tf.square(other), true, [other])!);
      expect(value(run())).toBeCloseTo(wanted, 6);
      expect(run.status.mode === 'recording').toBe(i === 0);
      expect(run.status.mode).not.toBe('eager');
    }
    run.dispose();
  });

  it('takes up something that a step makes once and keeps', () => {
    let table: Tensor | null = null;
    const run = compile((x: Tensor) => tf.mul(x, (table ??= tf.keep(tf.range(0, 3)))));
    const x = scalar(2);
    expect([0, 1].map(() => [...run(x).dataSync()])).toEqual([
      [0, 2, 4],
      [0, 2, 4],
    ]);
    expect(run.status.mode).not.toBe('eager');
    run.dispose();
  });

  it('takes XLA where the best of several rounds says so, and else says by how much not', () => {
    expect(
      decideJit([
        [9, 5],
        [4, 30],
        [6, 3.5],
      ]),
    ).toEqual({ isXla: true, reason: null });
    expect(
      decideJit([
        [2.5, 80],
        [3, 10],
      ]),
    ).toEqual({ isXla: false, reason: 'XLA is not faster: 10.0 ms against 2.50' });
    const run = compile((x: Tensor) => tf.square(x)); // auto
    const [x, y] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
    run(x);
    const { mode, reason } = run.status;
    if (mode === 'xla') expect(reason).toBeNull();
    else
      expect([mode, reason]).toEqual([
        'function',
        expect.stringMatching(/^XLA is not faster: [\d.]+ ms against [\d.]+$/),
      ]);
    expect([...run(y).dataSync()]).toEqual([9, 16]);
    run.dispose();
    const off = compile((z: Tensor) => tf.square(z), { jit: 'off' });
    off(x);
    expect(off.status).toEqual({ mode: 'function', reason: null });
    off.dispose();
    const on = compile((z: Tensor) => tf.square(z), { jit: 'on' });
    expect([...on(y).dataSync()]).toEqual([9, 16]);
    expect(on.status).toEqual({ mode: 'xla', reason: null });
    on.dispose();
  });

  it('throws what the step throws, and leaves the variables as they were', () => {
    const weight = tf.variable(scalar(1));
    const run = compile(() => {
      weight.assign(scalar(2));
      throw new RangeError('of the step');
    });
    expect(() => run()).toThrow('of the step');
    expect(value(weight)).toBe(1);
    weight.dispose();
  });
});

describe.skipIf(tensorflowParts() === null)('a step that cannot be captured runs eagerly and says why', () => {
  const steps: CompiledStep<Tensor[], Tensor>[] = [];
  beforeEach(() => selectBackend('tensorflow'));
  afterEach(() => {
    for (const step of steps.splice(0)) step.dispose();
  });

  /** Runs it a few times, and gives the reason. */
  function reasonOf(step: (x: Tensor) => Tensor): string {
    const run = compile(step);
    steps.push(run);
    for (let i = 0; i < 3; i++) run(tf.tensor1d([i, 1, 2])).dispose();
    expect(run.status.mode).toBe('eager');
    return run.status.reason!;
  }

  it.each<[string, (x: Tensor) => Tensor, RegExp]>([
    ['reads a result', (x) => tf.mul(x, tf.square(x).dataSync()[1]!), /reads back what Square gave/],
    ['reads an argument', (x) => tf.mul(x, x.dataSync()[1]!), /reads back a tensor from outside/],
    [
      'swallows the refusal to read',
      (x) => {
        try {
          return tf.mul(x, tf.exp(x).dataSync()[1]!);
        } catch {
          return x;
        }
      },
      /reads back what Exp gave/,
    ],
    ['draws in JavaScript', (x) => tf.dropout(x, 0.5), /takes a constant of shape \[3\] that changes/],
    [
      'booleanMask',
      (x) => tf.add(x, tf.sum(tf.gather(x, tf.topk(x, 1).indices.dataSync()[0]!))),
      /reads back what TopKV2 gave/,
    ],
  ])('%s', (_, step, reason) => {
    expect(reasonOf(step)).toMatch(reason);
  });

  it('counts in JavaScript', () => {
    let count = 0;
    expect(reasonOf((x) => tf.mul(x, ++count))).toMatch(/Mul takes a constant of shape \[\] that changes/);
  });

  it('takes another path each time', () => {
    let count = 0;
    expect(reasonOf((x) => (++count % 2 === 0 ? tf.exp(x) : tf.square(x)))).toMatch(/where Square ran there is Exp/);
  });

  it('has more operations each time', () => {
    let count = 0;
    expect(reasonOf((x) => Array.from({ length: ++count }).reduce<Tensor>((y) => tf.exp(y), x))).toMatch(
      /Exp is not in both/,
    );
  });

  it('has an operation with other settings each time', () => {
    let count = 0;
    expect(reasonOf((x) => tf.cast(tf.cumsum(x, 0, ++count % 2 === 0), 'float32'))).toMatch(
      /the settings of Cumsum change/,
    );
  });

  it('keeps a hidden state in a tensor', () => {
    let state: Tensor = tf.zeros([3]);
    const reason = reasonOf((x) => {
      const next = tf.keep(tf.tanh(tf.add(state, x)));
      state.dispose();
      state = next;
      return tf.sum(next);
    });
    expect(reason).toMatch(/what Tanh gave outlives it/);
  });

  it('keeps a new tensor each time', () => {
    const kept: Tensor[] = [];
    expect(reasonOf((x) => tf.add(x, kept[kept.push(tf.keep(tf.sqrt(tf.abs(x)))) - 1]!))).toMatch(
      /what Sqrt gave outlives it/,
    );
  });

  it('is given a tensor from outside that is another each time', () => {
    const outside = [1, 2, 3].map((each) => tf.fill([3], each));
    let count = 0;
    expect(reasonOf((x) => tf.maximum(x, outside[count++ % 3]!))).toMatch(
      /Maximum takes a tensor of shape \[3\] from outside that is another each time/,
    );
    tf.dispose(outside);
  });

  it('gives right results all the same', () => {
    const weight: Variable = tf.variable(scalar(1));
    const run = compile((x: Tensor) => {
      weight.assign(tf.add(weight, 1));
      return tf.mul(x, weight.dataSync()[0]!);
    });
    expect([0, 1, 2].map(() => value(run(scalar(1))))).toEqual([2, 3, 4]);
    run.dispose();
    weight.dispose();
  });
});

describe('without TensorFlow', () => {
  it.each(['wasm', 'cpu'])('a step runs eagerly on %s, and says why', async (engine) => {
    await selectBackend(engine);
    const learner = createLearner(adam);
    const run = compile(learner.step);
    const reason = `the engine ${engine} has no functions`;
    expect(run.status).toEqual({ mode: 'eager', reason });
    const batch = batchAt(0);
    const before = tf.memory().numTensors;
    tf.dispose(run(...batch));
    expect(tf.memory().numTensors).toBe(before);
    expect(run.status).toEqual({ mode: 'eager', reason });
    tf.dispose(batch);
    learner.dispose();
  });
});
