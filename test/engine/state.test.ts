import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchArray } from '../../src/core/index.js';
import {
  restoreCheckpoint,
  saveCheckpoint,
  selectBackend,
  type Trainer,
  type TrainingState,
} from '../../src/engine/index.js';
import { createToyTrainer } from './toy.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-state-'));
beforeAll(() => selectBackend('cpu'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const saved: TrainingState = {
  schema: 1,
  task: 'toy',
  step: 4,
  epoch: 0,
  seed: 1,
  cursor: { epoch: 0, batch: 4 },
  configHash: '',
  dataDigest: '',
  mode: 'eager',
  engine: 'cpu',
  best: null,
  seconds: 0,
};

function withState(values: readonly number[]): Trainer {
  const queue: BatchArray = { dtype: 'float32', shape: [values.length], data: Float32Array.from(values) };
  const order: BatchArray = { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(values.length)) };
  return { ...createToyTrainer(), state: new Map(Object.entries({ queue, order })) };
}

describe("a trainer's arrays outside the graph", () => {
  it('come back in place from a checkpoint', async () => {
    const run = join(dir, 'same');
    const trainer = withState([1.5, -2, 3e-8]);
    await saveCheckpoint(run, trainer, saved);
    const other = withState([0, 0, 0]);
    const held = other.state?.get('queue')?.data;
    restoreCheckpoint(run, other);
    expect(held).toEqual(Float32Array.of(1.5, -2, 3e-8));
    trainer.dispose();
    other.dispose();
  });

  it('are refused where their length is another', async () => {
    const run = join(dir, 'other');
    const trainer = withState([1, 2, 3]);
    await saveCheckpoint(run, trainer, saved);
    const other = withState([0, 0]);
    expect(() => restoreCheckpoint(run, other)).toThrow(/lacks the array queue of 2 float32 values/);
    trainer.dispose();
    other.dispose();
  });
});
