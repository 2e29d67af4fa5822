import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  ConfigError,
  decodeSafetensors,
  readJsonLines,
  runJob,
  StoreError,
  TrainingError,
  type SampleBatch,
} from '../../src/core/index.js';
import {
  averageDecay,
  initializeWeights,
  loadWeights,
  readCheckpointState,
  selectBackend,
  stepRate,
  tf,
  toTensorBatch,
  disposeBatch,
  train,
  type InitialWeights,
  type LogRow,
  type LoopSettings,
  type Trainer,
  type TrainResult,
} from '../../src/engine/index.js';
import { engines } from './engines.js';
import { createToySource, createToyTrainer } from './toy.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reelmine-train-'));
  folders.push(folder);
  return join(folder, 'run');
}

const config = {
  preset: 'toy',
  steps: 14,
  batchSize: 6,
  learningRate: 0.05,
  logEverySteps: 1,
  checkpointEverySteps: 5,
};

interface RunOptions {
  readonly engine?: string;
  readonly resume?: boolean;
  readonly steps?: number;
  /** Aborts once so many steps are done. */
  readonly stopAfter?: number;
  readonly optimizer?: 'momentum' | 'adam';
  readonly poisonAt?: number;
  readonly learningRate?: number;
  readonly validate?: boolean;
  /** Logs and saves so often. */
  readonly every?: number;
  readonly settings?: Partial<LoopSettings> & { readonly logEverySteps?: number };
  readonly initialize?: (trainer: Trainer) => InitialWeights;
  readonly onStep?: () => void;
  readonly warning?: Trainer['warning'];
  readonly onWarning?: (message: string) => void;
}

async function run(
  out: string,
  {
    engine = 'cpu',
    resume = false,
    steps = config.steps,
    stopAfter,
    optimizer,
    poisonAt,
    learningRate,
    validate,
    every,
    settings: more = {},
    initialize,
    onStep,
    warning,
    onWarning,
  }: RunOptions = {},
): Promise<TrainResult> {
  await selectBackend(engine);
  const stop = new AbortController();
  const trainer = { ...createToyTrainer({ ...(optimizer ? { optimizer } : {}) }), ...(warning ? { warning } : {}) };
  const source = createToySource({ ...(poisonAt === undefined ? {} : { poisonAt }) });
  const settings = {
    ...config,
    steps,
    learningRate: learningRate ?? config.learningRate,
    ...(every === undefined ? {} : { logEverySteps: every, checkpointEverySteps: every }),
    ...more,
  };
  const job = train(
    {
      task: 'toy',
      trainer,
      config: settings,
      learningRate: stepRate(settings.learningRate, { at: [8, 80].slice(steps > 14 ? 1 : 0) }),
      out,
      source,
      ...(validate
        ? {
            validation: async function* () {
              let left = 2;
              for await (const batch of createToySource().batches({ epoch: 900, batch: 0 })) {
                if (left-- === 0) return;
                yield batch;
              }
            },
          }
        : {}),
      ...(initialize ? { initialize: () => initialize(trainer) } : {}),
      resume,
      seed: 3,
      engine,
      extra: { signal: 'toy-signal' },
      now: () => new Date(),
    },
    stop.signal,
  );
  try {
    return await runJob(job, (event) => {
      if (event.kind === 'progress') onStep?.();
      if (event.kind === 'warning') onWarning?.(event.message);
      if (event.kind === 'progress' && stopAfter !== undefined && event.done >= stopAfter) stop.abort();
    });
  } finally {
    trainer.dispose();
  }
}

const losses = (out: string) =>
  readJsonLines<LogRow>(join(out, 'metrics.jsonl')).map(({ step, epoch, loss, learningRate }) => ({
    step,
    epoch,
    loss,
    learningRate,
  }));

describe.each(engines)('training on %s', (engine) => {
  it.each(['momentum', 'adam'] as const)(
    'goes on after a stop with the very losses of a run without one (%s)',
    async (optimizer) => {
      const [whole, broken] = [newFolder(), newFolder()];
      await run(whole, { engine, optimizer });
      const first = await run(broken, { engine, optimizer, stopAfter: 3 });
      expect(first).toMatchObject({ steps: 3, finished: false });
      await run(broken, { engine, optimizer, resume: true, stopAfter: 7 });
      const last = await run(broken, { engine, optimizer, resume: true });
      expect(last).toMatchObject({ steps: 14, finished: true });
      expect(losses(broken)).toEqual(losses(whole));
      const weights = (out: string) => readFileSync(join(out, 'checkpoints/step-00000014/weights.safetensors'));
      expect(weights(broken).equals(weights(whole))).toBe(true);
    },
  );

  it('leaves no tensor behind in 20 steps', async () => {
    await selectBackend(engine);
    const trainer = createToyTrainer();
    const batches = createToySource().batches({ epoch: 0, batch: 0 })[Symbol.asyncIterator]();
    const step = async (n: number) => {
      const batch = toTensorBatch((await batches.next()).value as SampleBatch);
      const scalars = { learningRate: tf.scalar(0.01), seed: tf.tensor1d([n, 1], 'int32') };
      tf.tidy(() => trainer.update(trainer.gradients(batch, scalars).gradients, scalars));
      tf.dispose(Object.values(scalars));
      disposeBatch(batch);
    };
    await step(0);
    const before = tf.memory().numTensors;
    for (let n = 1; n <= 20; n++) await step(n);
    expect(tf.memory().numTensors).toBe(before);
    trainer.dispose();
  });

  it('learns the toy', async () => {
    const out = newFolder();
    await run(out, { engine, steps: 100, validate: true, every: 25 });
    const rows = readJsonLines<LogRow>(join(out, 'metrics.jsonl'));
    expect(rows.at(-1)!['validationLoss']).toBeLessThan(0.5);
    expect(rows.at(-1)!['validationTop1']).toBeGreaterThan(0.8);
    const best = readCheckpointState(out, 'best')!;
    const scored = rows.filter((row) => row['validationLoss'] !== undefined);
    expect(best.best!.value).toBe(Math.min(...scored.map((row) => row['validationLoss']!)));
    expect(best.step).toBe(best.best!.step);
  });
});

describe('a run folder', () => {
  it('holds what the contract lists', async () => {
    const out = newFolder();
    await run(out, { steps: 7 });
    expect(parse(readFileSync(join(out, 'config.yaml'), 'utf8'))).toMatchObject({
      schema: 1,
      task: 'toy',
      seed: 3,
      signal: 'toy-signal',
      config: { steps: 7 },
    });
    expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toMatchObject({
      task: 'toy',
      steps: 7,
      finished: true,
      dataDigest: 'toy',
      parameters: 232,
    });
    expect(readFileSync(join(out, 'checkpoints/latest'), 'utf8')).toBe('step-00000007\n');
    expect(readCheckpointState(out)).toMatchObject({ schema: 1, step: 7, epoch: 1, cursor: { epoch: 1, batch: 3 } });
    for (const name of ['weights.safetensors', 'optimizer.safetensors', 'state.json'])
      expect(existsSync(join(out, 'checkpoints/step-00000005', name))).toBe(true);
    const rows = readJsonLines<LogRow>(join(out, 'metrics.jsonl'));
    expect(rows.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    for (const row of rows) {
      expect(row.samplesPerSecond).toBeGreaterThan(0);
      expect(row.dataWaitShare).toBeGreaterThanOrEqual(0);
      expect(row.dataWaitShare).toBeLessThanOrEqual(1);
    }
  });

  it('is not overwritten without being asked to go on, and a finished one ends at once', async () => {
    const out = newFolder();
    await run(out, { steps: 3 });
    await expect(run(out, { steps: 3 })).rejects.toThrow(ConfigError);
    const log = readFileSync(join(out, 'metrics.jsonl'), 'utf8');
    expect(await run(out, { steps: 3, resume: true })).toMatchObject({ steps: 3, finished: true });
    expect(readFileSync(join(out, 'metrics.jsonl'), 'utf8')).toBe(log);
  });

  it('refuses to go on with other settings, and says which differ', async () => {
    const out = newFolder();
    await run(out, { stopAfter: 2 });
    await expect(run(out, { resume: true, learningRate: 0.2 })).rejects.toThrow(/configHash/);
  });

  it('starts from the beginning when asked to go on where nothing is', async () => {
    const out = newFolder();
    expect(await run(out, { steps: 2, resume: true })).toMatchObject({ steps: 2, finished: true });
  });

  it('ignores a checkpoint that was being written when its process was killed', async () => {
    const [out, whole] = [newFolder(), newFolder()];
    await run(whole);
    await run(out, { stopAfter: 4 });
    mkdirSync(join(out, 'checkpoints/.step-00000006.999999.tmp'));
    writeFileSync(join(out, 'checkpoints/.step-00000006.999999.tmp/weights.safetensors'), 'half');
    await run(out, { resume: true });
    expect(losses(out)).toEqual(losses(whole));
    expect(existsSync(join(out, 'checkpoints/.step-00000006.999999.tmp'))).toBe(false);
  });

  it('drops log lines of steps that its checkpoint does not know', async () => {
    const [out, whole] = [newFolder(), newFolder()];
    await run(whole);
    await run(out, { stopAfter: 4 });
    writeFileSync(join(out, 'metrics.jsonl'), `${JSON.stringify({ step: 6, epoch: 1, loss: 99 })}\n{"step": 7, "lo`, {
      flag: 'a',
    });
    await run(out, { resume: true });
    expect(losses(out)).toEqual(losses(whole));
  });
});

describe.each(engines)('a run with everything on, on %s', (engine) => {
  const settings = { accumulateSteps: 3, clipNorm: 0.5, emaDecay: 0.9, warmUpSteps: 4 };

  it('goes on after a stop to the very losses, weights and averages of one that was not stopped', async () => {
    const [whole, broken] = [newFolder(), newFolder()];
    const options = { engine, settings, steps: 6, validate: true, every: 2 };
    await run(whole, options);
    await run(broken, { ...options, stopAfter: 1 });
    await run(broken, { ...options, stopAfter: 3, resume: true });
    expect(readCheckpointState(broken)).toMatchObject({ step: 3, cursor: { epoch: 2, batch: 1 } }); // 9 batches, 4 an epoch
    const last = await run(broken, { ...options, resume: true });
    expect(last.mode).toBe(engine === 'tensorflow' ? 'function' : 'eager');
    const scores = (out: string) =>
      readJsonLines<LogRow>(join(out, 'metrics.jsonl')).map(({ step, loss, gradientNorm, validationLoss }) => [
        step,
        loss,
        gradientNorm,
        validationLoss,
      ]);
    expect(scores(broken)).toEqual(scores(whole));
    for (const name of ['weights.safetensors', 'weights-averaged.safetensors', 'optimizer.safetensors']) {
      const file = (out: string) => readFileSync(join(out, 'checkpoints/step-00000006', name));
      expect(file(broken).equals(file(whole)), name).toBe(true);
    }
  });

  it('keeps its memory flat, whatever it logs, saves and validates', async () => {
    await selectBackend(engine);
    const seen: { tensors: number; bytes: number }[] = [];
    const before = tf.memory().numTensors;
    await run(newFolder(), {
      engine,
      settings,
      steps: 24,
      validate: true,
      every: 2,
      onStep: () => {
        const { numTensors: tensors, numBytes: bytes } = tf.memory();
        seen.push({ tensors, bytes });
      },
    });
    const even = seen.filter((_, i) => i % 2 === 0).slice(2);
    expect(new Set(even.map(({ tensors }) => tensors)).size).toBe(1);
    expect(new Set(even.map(({ bytes }) => bytes)).size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('averaged weights of a run', () => {
  it('are what validation scores and what others load', async () => {
    const [plain, averaged] = [newFolder(), newFolder()];
    const seen: number[] = [];
    await run(plain, { steps: 3, every: 1, settings: { keepCheckpoints: 9 } });
    await run(averaged, { steps: 3, every: 1, validate: true, settings: { emaDecay: 0.9 } });
    // the average by hand, from the weights of every step
    const first = createToyTrainer();
    let expected = [...first.variables.get('fc.weight')!.dataSync()];
    for (let step = 0; step < 3; step++) {
      const file = readFileSync(join(plain, `checkpoints/step-0000000${step + 1}/weights.safetensors`));
      const weights = decodeSafetensors(file).tensors['fc.weight']!.data as Float32Array;
      const decay = averageDecay(0.9, step);
      expected = expected.map((value, i) => decay * value + (1 - decay) * weights[i]!);
    }
    const other = createToyTrainer({ seed: 5 });
    expect(loadWeights(other, averaged)).toContain('weights-averaged');
    const loaded = other.variables.get('fc.weight')!.dataSync();
    loaded.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    let samples = 0;
    for await (const batch of createToySource().batches({ epoch: 900, batch: 0 })) {
      const inputs = toTensorBatch(batch);
      seen.push(other.evaluate(inputs).loss.dataSync()[0]! * batch.keys.length);
      if ((samples += batch.keys.length) === 12) break;
    }
    const row = readJsonLines<LogRow>(join(averaged, 'metrics.jsonl')).at(-1)!;
    expect(row['validationLoss']).toBeCloseTo(seen.reduce((a, b) => a + b) / samples, 5);
    first.dispose();
    other.dispose();
  });
});

describe('early stopping', () => {
  it('ends after so many validations without a best, keeps the best, and has nothing to go on with', async () => {
    const out = newFolder();
    const settings = { patience: 3, keepCheckpoints: 2 };
    // a rate that is far too high: validation soon gets worse
    const result = await run(out, { steps: 60, every: 1, validate: true, learningRate: 1.2, settings });
    expect(result).toMatchObject({ finished: true, stoppedEarly: true });
    expect(result.steps).toBeLessThan(60);
    expect(result.steps).toBe(result.best!.step + 3);
    const kept = readdirSync(join(out, 'checkpoints')).filter((name) => name.startsWith('step-'));
    const name = (step: number) => `step-${String(step).padStart(8, '0')}`;
    expect(kept).toEqual([...new Set([result.best!.step, result.steps - 1, result.steps])].map(name));
    const rows = readJsonLines<LogRow>(join(out, 'metrics.jsonl'));
    expect(Math.min(...rows.map((row) => row['validationLoss']!))).toBe(result.best!.value);
    expect(
      await run(out, { steps: 60, every: 1, validate: true, learningRate: 1.2, settings, resume: true }),
    ).toMatchObject({
      steps: result.steps,
      finished: true,
      stoppedEarly: true,
    });
  });
});

describe('first weights from elsewhere', () => {
  it('are those that match; the rest is named', async () => {
    const out = newFolder();
    await run(out, { steps: 5 });
    const trainer = createToyTrainer({ seed: 9 });
    const wider = tf.variable(tf.zeros([64, 7]));
    const own = wider.dataSync().slice();
    const variables = new Map([...trainer.variables, ['fc.weight', wider], ['new.weight', wider]]);
    variables.delete('running.mean');
    const report = initializeWeights({ variables }, out);
    expect(report).toMatchObject({
      taken: ['conv.weight', 'conv.bias'],
      kept: ['fc.weight', 'new.weight'],
      unused: ['fc.weight', 'running.mean'],
    });
    const file = decodeSafetensors(readFileSync(report.from)).tensors;
    expect([...variables.get('conv.weight')!.dataSync()]).toEqual([...(file['conv.weight']!.data as Float32Array)]);
    expect(wider.dataSync()).toEqual(own);
    expect(() => initializeWeights({ variables: new Map([['other', wider]]) }, out)).toThrow(
      /no weight of this network/,
    );
    const next = newFolder();
    const result = await run(next, { steps: 1, initialize: (fresh) => initializeWeights(fresh, report.from) });
    expect(result.initialWeights!.taken).toHaveLength(4);
    trainer.dispose();
  });
});

describe('what a run says of itself', () => {
  it('is where its time went, how its steps were computed, and the parts of one', async () => {
    const out = newFolder();
    const result = await run(out, { engine: engines[0]!, steps: 14, settings: { profile: true } });
    const { dataWait, upload, capture, compute, validation, saving, other, total } = result.time;
    expect(dataWait + upload + capture + compute + validation + saving + other).toBeCloseTo(total, 6);
    expect(compute).toBeGreaterThan(0);
    expect(saving).toBeGreaterThan(0);
    expect(result.profile!.forwardMs).toBeGreaterThan(0);
    expect(result.profile!.forwardMs + result.profile!.backwardMs + result.profile!.updateMs).toBeLessThan(5000);
    const plain = newFolder();
    await run(plain, { engine: engines[0]!, steps: 14 });
    expect(losses(out)).toEqual(losses(plain)); // measuring changes nothing
    expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toMatchObject({
      mode: engines[0] === 'tensorflow' ? 'function' : 'eager',
      profile: { mode: result.mode },
    });
  });
});

describe('a trainer that finds its values odd', () => {
  it('says so once', async () => {
    const told: string[] = [];
    const warning = ({ loss }: Readonly<Record<string, number>>) => (loss! > 0 ? 'this looks odd' : null);
    await run(newFolder(), { warning, onWarning: (message) => told.push(message) });
    expect(told.filter((message) => message.includes('odd'))).toEqual(['step 1: this looks odd']);
  });
});

describe('a loss that is not finite', () => {
  it('is traced to its batch, however seldom the loss is read', async () => {
    const out = newFolder();
    const settings = { accumulateSteps: 2, logEverySteps: 5 };
    const error = await run(out, { poisonAt: 5, settings }).catch((caught: unknown) => caught);
    // batch 5 is the second of the third update: epoch 1, batch 1
    const keys = Array.from({ length: 6 }, (_, i) => `1/1/${i}`);
    expect((error as TrainingError).context).toMatchObject({ step: 3, keys: [keys] });
    expect((error as TrainingError).message).toContain(`step 3, of samples ${keys.join(', ')}.`);
  });

  it('ends the run, names the step and the batch, and leaves the last sound checkpoint', async () => {
    const out = newFolder();
    const error = await run(out, { poisonAt: 7 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TrainingError);
    expect((error as TrainingError).context).toMatchObject({ step: 8 });
    expect((error as TrainingError).context['keys']).toContainEqual([
      '1/3/0',
      '1/3/1',
      '1/3/2',
      '1/3/3',
      '1/3/4',
      '1/3/5',
    ]);
    expect(readCheckpointState(out)!.step).toBe(5);
  });

  it('is not saved when the run is stopped just then', async () => {
    const out = newFolder();
    const rarely = { every: 100, stopAfter: 7 };
    await run(out, rarely);
    expect(readCheckpointState(out)!.step).toBe(7);
    expect(losses(out)).toEqual([]);
    await expect(run(out, { ...rarely, resume: true, poisonAt: 7 })).rejects.toThrow(TrainingError);
    expect(readCheckpointState(out)!.step).toBe(7);
  });
});

describe('weights of a run', () => {
  it('are those that were trained, and only fit the same network', async () => {
    const out = newFolder();
    await run(out, { steps: 5 });
    const [trainer, other] = [createToyTrainer({ seed: 9 }), createToyTrainer()];
    const file = loadWeights(trainer, out);
    expect(file).toContain('step-00000005');
    const again = newFolder();
    await run(again, { steps: 5 });
    loadWeights(other, again, 'latest');
    expect([...trainer.variables.get('fc.weight')!.dataSync()]).toEqual([
      ...other.variables.get('fc.weight')!.dataSync(),
    ]);
    const smaller = { ...trainer, variables: new Map([...trainer.variables].slice(1)) };
    expect(() => loadWeights(smaller, out)).toThrow(StoreError);
    expect(() => loadWeights(trainer, newFolder())).toThrow(/no latest checkpoint/);
    trainer.dispose();
    other.dispose();
  });
});
