import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, readJsonLines, runJob, type Sample } from '../../../src/core/index.js';
import {
  disposeBatch,
  lossAndGradients,
  selectBackend,
  softmaxCrossEntropy,
  tf,
  toTensorBatch,
  train,
  type TensorBatch,
  type Trainer,
} from '../../../src/engine/index.js';
import { createUpdateStep } from '../../../src/engine/update-step.js';
import { resolveTaskConfig } from '../../../src/models/index.js';
import type { ShuffleAndLearnConfig } from '../../../src/models/shuffle-and-learn/config.js';
import task from '../../../src/models/shuffle-and-learn/index.js';
import { scoreTuples } from '../../../src/models/shuffle-and-learn/network.js';
import { makeBatch, makeRecord, makeSource } from './records.js';

const configOf = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', ...set] }).config as ShuffleAndLearnConfig;
const scalarsOf = (learningRate: number, step = 0) => ({
  learningRate: tf.scalar(learningRate),
  seed: tf.tensor1d([step, 11], 'int32'),
});

let records: Sample[];

beforeAll(async () => {
  await selectBackend('auto');
  records = await Promise.all(Array.from({ length: 64 }, (_, i) => makeRecord(i)));
});

/** One step; gives its named numbers. */
function stepOnce(trainer: Trainer, batch: TensorBatch, learningRate: number, step = 0): Record<string, number> {
  const scalars = scalarsOf(learningRate, step);
  const result = tf.tidy(() => {
    const { result: scores, gradients } = trainer.gradients(batch, scalars);
    trainer.update(gradients, scalars);
    return scores;
  });
  const values = Object.fromEntries(Object.entries(result).map(([name, tensor]) => [name, tensor.dataSync()[0]!]));
  tf.dispose([result, scalars]);
  return values;
}

describe('the trainer of shuffle-and-learn', () => {
  it('starts with a loss near that of guessing', async () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records.slice(0, 16), config, { mode: 'evaluate' }));
    const logits = trainer.logits!(batch);
    expect(logits.shape).toEqual([32, 2]);
    const shift = Math.log(3) / 2; // the prior of a share of 0.75, which testing takes out
    const raw = tf.tidy(() => tf.sub(logits, tf.tensor1d([shift, -shift])).dataSync());
    expect(Math.max(...raw.map(Math.abs))).toBeLessThan(2.5);
    expect(Math.abs(trainer.evaluate(batch).loss.dataSync()[0]! - Math.log(2))).toBeLessThan(0.4);
    trainer.dispose();
  });

  // In whole pictures of a small mover the distances of the frames' features lie at the kink of |x|, where differences
  // of the loss mean little; the two settings together cover every operation of the network at smooth points.
  it.each([['crop=patch'], ['crop=whole', 'join=fc7']])(
    'has the gradient that finite differences give with %s %s',
    async (...set) => {
      const config = configOf('dropout=0', 'weightDecay=0', ...set);
      const batch = toTensorBatch(await makeBatch(records.slice(0, 4), config));
      const trainer = task.createTrainer(config, createRandom(1));
      stepOnce(trainer, batch, 1);
      const random = createRandom('direction');
      for (const [name, variable] of trainer.variables) {
        const slot = trainer.slots.get(`${name}/velocity`);
        if (!slot) continue;
        const gradient = Array.from(slot.dataSync(), (value) => value / (name.endsWith('.bias') ? 2 : 1));
        const direction = Float32Array.from({ length: variable.size }, () => random.normal());
        const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
        const unit = direction.map((value) => value / length);
        const expected = gradient.reduce((sum, value, i) => sum + value * unit[i]!, 0);
        const lossAt = (distance: number) => {
          const moved = task.createTrainer(config, createRandom(1));
          const weight = moved.variables.get(name)!;
          tf.tidy(() =>
            weight.assign(
              tf.add(
                weight,
                tf.tensor(
                  unit.map((value) => value * distance),
                  weight.shape,
                ),
              ),
            ),
          );
          const { loss } = stepOnce(moved, batch, 0);
          moved.dispose();
          return loss!;
        };
        // wide steps cross kinks of relu and pooling, narrow ones drown in float32: the true slope is met between
        const measured = [4e-3, 1e-3, 2e-4, 1e-4].map(
          (epsilon) => (lossAt(epsilon) - lossAt(-epsilon)) / (2 * epsilon),
        );
        const nearest = Math.min(...measured.map((value) => Math.abs(value - expected)));
        expect(nearest, `${name}: ${measured.join(', ')} and ${expected}`).toBeLessThan(
          0.03 * Math.abs(expected) + 5e-4,
        );
      }
      trainer.dispose();
      disposeBatch(batch);
    },
  );

  it('learns one batch of four by heart', async () => {
    const config = configOf('dropout=0', 'negativeShare=0.5');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records.slice(0, 4), config));
    let last: Record<string, number> = {};
    for (let step = 0; step < 60; step++) last = stepOnce(trainer, batch, 0.02, step);
    expect(last['loss']).toBeLessThan(0.05);
    expect(last['accuracy']).toBe(1);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('learns 64 quintuples by heart, and then judges them rightly when testing', async () => {
    const config = configOf(
      'dropout=0',
      'batchSize=64',
      'negativeShare=0.5',
      'jitter=0',
      'mirror=false',
      'colour=rgb',
      'crop=whole',
    );
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records, config, { mode: 'evaluate' }));
    let last: Record<string, number> = {};
    for (let step = 0; step < 60 && last['accuracy'] !== 1; step++) last = stepOnce(trainer, batch, 0.02, step);
    expect(last['accuracy']).toBe(1);
    for (let step = 0; step < 40; step++) stepOnce(trainer, batch, 0.002, step);
    expect(trainer.evaluate(batch)['accuracy']!.dataSync()[0]).toBeGreaterThan(0.95);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('updates from four batches of 32 tuples as from one of 128 when the batch statistics are frozen', async () => {
    const config = configOf('dropout=0');
    const batch = toTensorBatch(
      await makeBatch(await Promise.all(Array.from({ length: 128 }, (_, i) => makeRecord(i))), config),
    );
    expect(batch.tensors['label']!.size).toBe(128);
    const quarters = [0, 1, 2, 3].map((part) => ({
      keys: batch.keys.slice(32 * part, 32 * part + 32),
      tensors: Object.fromEntries(
        Object.entries(batch.tensors).map(([name, tensor]) => [name, tf.slice(tensor, 32 * part, 32)]),
      ),
    }));
    const trainers = [1, 2].map(() => {
      const trainer = task.createTrainer(config, createRandom(1));
      for (let step = 0; step < 3; step++) stepOnce(trainer, quarters[0]!, 0.001, step); // gives the running statistics something to hold
      return trainer;
    });
    const before = [...trainers[0]!.variables.values()].map((variable) => variable.dataSync().slice());
    const [one, four] = trainers.map((trainer, i) => {
      const learned = [...trainer.variables]
        .filter(([name]) => trainer.slots.has(`${name}/velocity`))
        .map(([name, variable]) => ({ name, variable }));
      const frozen: Trainer = {
        ...trainer,
        gradients: ({ tensors }) =>
          lossAndGradients(learned, () => {
            const tuples = tf.reshape(tf.cast(tensors['frames']!, 'float32'), [
              -1,
              3,
              config.imageSize,
              config.imageSize,
              3,
            ]);
            const logits = scoreTuples(tuples, { weights: trainer.variables, config, mode: { learning: false } });
            return { loss: softmaxCrossEntropy(logits, tf.reshape(tensors['label']!, [-1])) };
          }),
      };
      const settings = { accumulateSteps: i === 0 ? 1 : 4, clipNorm: 0, compile: 'off' } as const;
      const input = { batch: i === 0 ? batch : quarters[0]!, scalars: scalarsOf(0.1) };
      const update = createUpdateStep(frozen, input, { settings, average: null, mode: null });
      if (i === 0) tf.dispose(update.add(input, true));
      else quarters.forEach((part, k) => tf.dispose(update.add({ batch: part, scalars: scalarsOf(0.1) }, k === 3)));
      update.dispose();
      return [...trainer.variables.values()].map((variable) => variable.dataSync().slice());
    }) as [Float32Array[], Float32Array[]];
    const distance = (a: Float32Array[], b: Float32Array[]) =>
      Math.sqrt(a.reduce((sum, list, i) => sum + list.reduce((all, value, k) => all + (value - b[i]![k]!) ** 2, 0), 0));
    const moved = distance(one, before as Float32Array[]);
    expect(moved).toBeGreaterThan(0.01);
    expect(distance(one, four)).toBeLessThan(1e-5 * moved);
    for (const trainer of trainers) trainer.dispose();
    tf.dispose([batch.tensors, quarters.map(({ tensors }) => tensors)]);
  });

  it('leaves no tensor behind in 20 steps', async () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records.slice(0, 4), config));
    stepOnce(trainer, batch, 0.01);
    const before = tf.memory().numTensors;
    for (let step = 0; step < 20; step++) {
      stepOnce(trainer, batch, 0.01, step);
      tf.dispose(trainer.evaluate(batch));
      trainer.logits!(batch).dispose();
    }
    expect(tf.memory().numTensors).toBe(before);
    trainer.dispose();
    disposeBatch(batch);
  });

  it('frees everything when disposed of', () => {
    const before = tf.memory().numTensors;
    task.createTrainer(configOf(), createRandom(1)).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on from a checkpoint to the same losses as a run that was not interrupted', async () => {
    const config = configOf('steps=8', 'checkpointEverySteps=4', 'logEverySteps=1');
    const runTo = async (out: string, stopAt: number | null, resume: boolean) => {
      const trainer = task.createTrainer(config, createRandom(5));
      const stop = new AbortController();
      const options = {
        task: task.name,
        trainer,
        config,
        learningRate: (step: number) => task.learningRate(config, step),
        out,
        source: makeSource(records.slice(0, 12), config),
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
      return readJsonLines<{ step: number; loss: number }>(join(out, 'metrics.jsonl')).map(({ step, loss }) => [
        step,
        loss,
      ]);
    };
    const [whole, halves] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'reelmine-train-')));
    const expected = await runTo(whole!, null, false);
    await runTo(halves!, 5, false);
    const resumed = await runTo(halves!, null, true);
    expect(expected).toHaveLength(8);
    expect(resumed).toEqual(expected);
    const weights = (out: string) => readFileSync(join(out, 'checkpoints', 'step-00000008', 'weights.safetensors'));
    expect(Buffer.compare(weights(whole!), weights(halves!))).toBe(0);
  });
});

describe('the network', () => {
  it('scores a turned tuple alike when the blocks of fc8 are turned with it', async () => {
    const config = configOf('join=fc8');
    const trainer = task.createTrainer(config, createRandom(1));
    const batch = toTensorBatch(await makeBatch(records.slice(0, 4), config));
    const turned = { ...batch, tensors: { ...batch.tensors, frames: tf.reverse(batch.tensors['frames']!, 2) } };
    const before = trainer.logits!(batch).dataSync();
    const fc8 = trainer.variables.get('fc8.weight')!;
    fc8.assign(tf.tidy(() => tf.reshape(tf.reverse(tf.reshape(fc8, [3, config.fc7, 2]), 0), fc8.shape)));
    trainer.logits!(turned)
      .dataSync()
      .forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 4));
    trainer.dispose();
  });

  it('can judge only the middle frame by itself where the frames first meet in fc8', async () => {
    // logits are a sum over frames, so what changing the middle does cannot depend on the outer frames
    const change = async (joined: string) => {
      const config = configOf(`join=${joined}`, 'crop=whole');
      const trainer = task.createTrainer(config, createRandom(1));
      const { frames } = toTensorBatch(await makeBatch(records.slice(0, 2), config, { mode: 'evaluate' })).tensors;
      const [right, wrong] = tf.split(tf.cast(frames!, 'float32'), 2, 1) as [
        typeof frames & object,
        typeof frames & object,
      ];
      const middles = [right, wrong].map((x) => tf.slice(x, [0, 0, 1, 0, 0, 0], [1, 1, 1, -1, -1, -1]));
      const differences = [0, 1].map((outer) => {
        const [first, last] = [0, 2].map((i) => tf.slice(right, [outer, 0, i, 0, 0, 0], [1, 1, 1, -1, -1, -1]));
        const [a, b] = middles.map((middle) =>
          trainer.logits!({
            keys: [],
            tensors: { frames: tf.concat([first!, middle, last!], 2), label: tf.zeros([1, 1], 'int32') },
          }).dataSync(),
        );
        return a![1]! - a![0]! - (b![1]! - b![0]!);
      });
      trainer.dispose();
      return Math.abs(differences[0]! - differences[1]!);
    };
    expect(await change('fc8')).toBeLessThan(1e-4);
    expect(await change('fc7')).toBeGreaterThan(1e-3);
    expect(await change('differences')).toBeGreaterThan(1e-3);
  });

  it('gives features of every layer that it names, and changes no weight by it', () => {
    for (const joined of ['fc7', 'fc8']) {
      const trainer = task.createTrainer(configOf(`join=${joined}`), createRandom(1));
      const before = [...trainer.variables.values()].map((variable) => Buffer.from(variable.dataSync().slice().buffer));
      const images = tf.randomUniform([2, 32, 32, 3], 0, 255, 'float32', 3);
      for (const [layer, features] of Object.entries(trainer.encoder!.layers)) {
        expect(trainer.encoder!.encode(images, layer).shape, layer).toEqual([2, features]);
      }
      expect(() => trainer.encoder!.encode(images, 'fc9')).toThrow(/fc9/);
      [...trainer.variables.values()].forEach((variable, i) =>
        expect(Buffer.compare(Buffer.from(variable.dataSync().slice().buffer), before[i]!)).toBe(0),
      );
      trainer.dispose();
    }
  });

  it('gives the same losses and logits on every engine', { timeout: 120_000 }, async () => {
    const config = configOf();
    const made = await makeBatch(records.slice(0, 4), config);
    const results: { engine: string; values: number[] }[] = [];
    for (const engine of ['tensorflow', 'wasm', 'cpu']) {
      const selected = await selectBackend(engine).catch(() => null);
      if (!selected) continue; // not set up here
      const trainer = task.createTrainer(config, createRandom(1));
      const batch = toTensorBatch(made);
      const losses = [0, 1, 2].map((step) => stepOnce(trainer, batch, 0.01, step)['loss']!);
      results.push({ engine, values: [...losses, ...trainer.logits!(batch).dataSync()] });
      trainer.dispose();
    }
    await selectBackend('auto');
    expect(results.length).toBeGreaterThanOrEqual(2);
    for (const { engine, values } of results.slice(1)) {
      values.forEach((value, i) =>
        expect(Math.abs(value - results[0]!.values[i]!), `${engine} ${i}`).toBeLessThan(2e-3),
      );
    }
  });
});
