import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, readJsonLines, runJob } from '../../src/core/index.js';
import { compile, disposeBatch, selectBackend, tf, toTensorBatch, train } from '../../src/engine/index.js';
import { resolveTaskConfig, tasks } from '../../src/models/index.js';
import { examples } from './examples.js';

beforeAll(() => selectBackend('auto'));

describe.each(tasks.names)('the trainer of %s', (name) => {
  /** The tiny preset, its trainer, a batch of four, and one step on it. */
  async function open(...set: string[]) {
    const task = await tasks.load(name);
    const { config } = resolveTaskConfig(task, { set: ['preset=tiny', ...set] });
    const { makeRecord, makeBatch } = examples[name]!;
    const records = await Promise.all([0, 1, 2, 3].map((seed) => makeRecord(seed)));
    const batch = toTensorBatch(await makeBatch(records, config));
    const trainer = task.createTrainer(config, createRandom(1));
    const scalarsAt = (step: number) => ({
      ...Object.fromEntries(
        Object.entries(trainer.scalars?.(step) ?? {}).map(([key, value]) => [key, tf.scalar(value, 'float32')]),
      ),
      learningRate: tf.scalar(0.01),
      seed: tf.tensor1d([step, 7], 'int32'),
    });
    const step = (index: number) => {
      const scalars = scalarsAt(index);
      const result = tf.tidy(() => {
        const { result: scores, gradients } = trainer.gradients(batch, scalars);
        trainer.update(gradients, scalars);
        return scores;
      });
      const values = Object.values(result).map((value) => value.dataSync()[0]!);
      tf.dispose([result, scalars]);
      return values;
    };
    const close = () => {
      trainer.dispose();
      disposeBatch(batch);
    };
    return { config, task, trainer, batch, scalarsAt, step, close };
  }

  it('has records to be tested with', () => {
    expect(Object.keys(examples)).toContain(name);
  });

  it('has a gradient of its own shape for every learned weight, and frees all when disposed of', async () => {
    const before = tf.memory().numTensors;
    const { trainer, batch, scalarsAt, close } = await open();
    const scalars = scalarsAt(0);
    const { result, gradients } = trainer.gradients(batch, scalars);
    const learned = [...trainer.variables.values()].filter((variable) => variable.trainable);
    expect(gradients.map(({ shape }) => shape)).toEqual(learned.map(({ shape }) => shape));
    expect(learned.reduce((sum, { size }) => sum + size, 0)).toBe(trainer.parameters);
    expect(Object.values(result).every(({ shape }) => shape.length === 0)).toBe(true);
    tf.dispose([result, [...gradients], scalars]);
    close();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaves no tensor in 20 steps, evaluations and encodings, and no number that is not finite', async () => {
    const { trainer, batch, step, close } = await open();
    step(0);
    const before = tf.memory().numTensors;
    for (let index = 1; index <= 20; index++) {
      expect(step(index).every(Number.isFinite)).toBe(true);
      tf.dispose(trainer.evaluate(batch));
      if (trainer.encoder) {
        const { encoder } = trainer;
        const { width, height, layers } = encoder;
        const images = tf.zeros([2, height, width, 3]);
        for (const [layer, features] of index === 1 ? Object.entries(layers) : []) {
          const encoded = encoder.encode(images, layer);
          expect(encoded.shape, layer).toEqual([2, features]);
          encoded.dispose();
        }
        images.dispose();
      }
      if (index === 1 && trainer.pictures) tf.dispose(trainer.pictures(batch));
    }
    expect(tf.memory().numTensors).toBe(before);
    close();
  });

  it('can be captured as one call, with the losses that it has step by step', async () => {
    const [plain, captured] = [await open(), await open()];
    const { trainer, batch } = captured;
    const arrays = Object.keys(batch.tensors);
    const numbers = Object.keys(captured.scalarsAt(0));
    const call = compile(
      (...args: ReturnType<typeof tf.tensor>[]) => {
        const tensors = Object.fromEntries(arrays.map((key, i) => [key, args[i]!]));
        const scalars = Object.fromEntries(numbers.map((key, i) => [key, args[arrays.length + i]!])) as ReturnType<
          typeof captured.scalarsAt
        >;
        const { result, gradients } = trainer.gradients({ keys: [], tensors }, scalars);
        trainer.update(gradients, scalars);
        return result.loss;
      },
      { jit: 'off' },
    );
    for (let index = 0; index < 6; index++) {
      const scalars = captured.scalarsAt(index) as unknown as Readonly<Record<string, ReturnType<typeof tf.scalar>>>;
      const loss = call(...arrays.map((key) => batch.tensors[key]!), ...numbers.map((key) => scalars[key]!));
      const expected = plain.step(index)[0]!;
      expect(Math.abs(loss.dataSync()[0]! - expected)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
      tf.dispose([loss, scalars]);
    }
    const { mode, reason } = call.status;
    // an engine that cannot capture says that, and never that an operation of the step is in the way
    if (mode === 'eager') expect(reason).toMatch(/engine|addon|backend|defineFunction/i);
    call.dispose();
    plain.close();
    captured.close();
  });

  it('goes on from a checkpoint to the same losses and weights as a run that was not interrupted', async () => {
    const task = await tasks.load(name);
    const set = ['preset=tiny', 'steps=6', 'checkpointEverySteps=3', 'logEverySteps=1', 'pictures=0'];
    const { config } = resolveTaskConfig(task, { set });
    const { makeRecord, makeSource } = examples[name]!;
    const records = await Promise.all(Array.from({ length: 12 }, (_, seed) => makeRecord(seed)));
    const runTo = async (out: string, stopAt: number | null, resume: boolean) => {
      const trainer = task.createTrainer(config, createRandom(5));
      const stop = new AbortController();
      const options = {
        task: name,
        trainer,
        config,
        learningRate: (step: number) => task.learningRate(config, step),
        out,
        source: makeSource(records, config),
        resume,
        seed: 5,
        engine: 'auto',
        extra: {},
        now: () => new Date(0),
      };
      await runJob(train(options, stop.signal), (event) => {
        if (event.kind === 'progress' && event.done === stopAt) stop.abort();
      });
      trainer.dispose();
      const rows = readJsonLines<{ readonly step: number; readonly loss: number }>(join(out, 'metrics.jsonl'));
      return rows.map(({ step, loss }) => [step, loss]);
    };
    const [whole, halves] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'reelmine-contract-')));
    const expected = await runTo(whole!, null, false);
    await runTo(halves!, 4, false);
    expect(await runTo(halves!, null, true)).toEqual(expected);
    expect(expected).toHaveLength(6);
    const weights = (out: string) => readFileSync(join(out, 'checkpoints', 'step-00000006', 'weights.safetensors'));
    expect(Buffer.compare(weights(whole!), weights(halves!))).toBe(0);
  });
});
