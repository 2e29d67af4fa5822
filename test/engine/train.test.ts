import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  ConfigError,
  readJsonLines,
  runJob,
  StoreError,
  TrainingError,
  type SampleBatch,
} from '../../src/core/index.js';
import {
  loadWeights,
  readCheckpointState,
  selectBackend,
  stepRate,
  tf,
  toTensorBatch,
  disposeBatch,
  train,
  type LogRow,
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
  }: RunOptions = {},
): Promise<TrainResult> {
  await selectBackend(engine);
  const stop = new AbortController();
  const trainer = createToyTrainer({ ...(optimizer ? { optimizer } : {}) });
  const source = createToySource({ ...(poisonAt === undefined ? {} : { poisonAt }) });
  const settings = {
    ...config,
    steps,
    learningRate: learningRate ?? config.learningRate,
    ...(every === undefined ? {} : { logEverySteps: every, checkpointEverySteps: every }),
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
      tf.dispose(tf.tidy(() => trainer.step(batch, scalars)));
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

describe('a loss that is not finite', () => {
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
