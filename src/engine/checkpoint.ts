import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Variable } from '@tensorflow/tfjs-core';
import {
  decodeSafetensors,
  encodeSafetensors,
  readJsonFile,
  StoreError,
  syncFolder,
  writeFileWhole,
  type BatchArray,
  type Cursor,
} from '../core/index.js';
import type { AveragedWeights } from './averaged-weights.js';
import type { StepMode } from './compiled-step.js';
import { tf } from './tf.js';
import type { Trainer } from './trainer.js';

/** `state.json` of a checkpoint: with the weights and slots, enough to go on exactly. */
export interface TrainingState {
  readonly schema: 1;
  readonly task: string;
  /** Steps that are done. */
  readonly step: number;
  readonly epoch: number;
  /** Each step's random operations are seeded from this and the step's number: there is no other random state. */
  readonly seed: number;
  readonly cursor: Cursor;
  readonly configHash: string;
  readonly dataDigest: string;
  /** How steps are computed; a run keeps the mode of its step 0. */
  readonly mode: StepMode;
  readonly engine: string;
  /** Lowest validation loss so far, and its step. */
  readonly best: { readonly step: number; readonly value: number } | null;
  /** Validations since the best one. */
  readonly sinceBest?: number;
  /** Training was over before its last step, because nothing got better. */
  readonly stoppedEarly?: boolean;
  /** Seconds spent in training, over all tries. */
  readonly seconds: number;
}

const weightsName = 'weights.safetensors';
const averagedName = 'weights-averaged.safetensors';
const stateName = 'state.safetensors';

/** Which checkpoint of a run: the newest, or that of the lowest validation loss. */
export type CheckpointName = 'latest' | 'best';

/**
 * Writes a checkpoint: its folder appears whole or not at all, then `latest` (and `best`) name it; keeps the last `keep` and the best.
 * With an average of the weights there is a second file of them, the running statistics included.
 */
export async function saveCheckpoint(
  runDir: string,
  trainer: Trainer,
  state: TrainingState,
  { keep = 3, average = null }: { readonly keep?: number; readonly average?: AveragedWeights | null } = {},
): Promise<void> {
  const root = join(runDir, 'checkpoints');
  const name = `step-${String(state.step).padStart(8, '0')}`;
  const beside = join(root, `.${name}.${process.pid}.tmp`);
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true });
  writeFileWhole(join(beside, weightsName), encodeSafetensors(await readVariables(trainer.variables)));
  if (average) {
    const together = new Map([...trainer.variables, ...average.variables]);
    writeFileWhole(join(beside, averagedName), encodeSafetensors(await readVariables(together)));
  }
  writeFileWhole(join(beside, 'optimizer.safetensors'), encodeSafetensors(await readVariables(trainer.slots)));
  if (trainer.state) writeFileWhole(join(beside, stateName), encodeSafetensors(Object.fromEntries(trainer.state)));
  writeFileWhole(join(beside, 'state.json'), `${JSON.stringify(state, null, 2)}\n`);
  if (existsSync(join(root, name))) rmSync(join(root, name), { recursive: true });
  renameSync(beside, join(root, name));
  syncFolder(root);
  writeFileWhole(join(root, 'latest'), `${name}\n`);
  if (state.best?.step === state.step) writeFileWhole(join(root, 'best'), `${name}\n`);
  prune(root, keep);
}

/** The state of a run's checkpoint; null where there is none yet. */
export function readCheckpointState(runDir: string, which: CheckpointName = 'latest'): TrainingState | null {
  const folder = checkpointFolder(runDir, which);
  return folder === null ? null : readJsonFile<TrainingState>(join(folder, 'state.json'), 1);
}

/** Fills a trainer's weights and optimizer slots, and their average, from a run's newest checkpoint. */
export function restoreCheckpoint(runDir: string, trainer: Trainer, average: AveragedWeights | null = null): void {
  const folder = requireFolder(runDir, 'latest');
  assignAll(trainer.variables, join(folder, weightsName));
  if (average) assignAll(new Map([...trainer.variables, ...average.variables]), join(folder, averagedName));
  assignAll(trainer.slots, join(folder, 'optimizer.safetensors'));
  if (trainer.state) fillState(trainer.state, join(folder, stateName));
}

/**
 * The weights file of a run's checkpoint: the averaged weights where the run keeps an average.
 *
 * @throws StoreError `missing`.
 */
export function weightsFile(runDir: string, which: CheckpointName = 'latest'): string {
  const folder = requireFolder(runDir, which);
  const averaged = join(folder, averagedName);
  return existsSync(averaged) ? averaged : join(folder, weightsName);
}

/**
 * Fills a trainer's weights, and nothing else, from a run.
 *
 * @returns the path of the weights file.
 * @throws StoreError `missing` or `other-weights`.
 */
export function loadWeights(trainer: Trainer, runDir: string, which: CheckpointName = 'latest'): string {
  const file = weightsFile(runDir, which);
  assignAll(trainer.variables, file);
  return file;
}

function checkpointFolder(runDir: string, which: CheckpointName): string | null {
  const pointer = join(runDir, 'checkpoints', which);
  if (!existsSync(pointer)) return null;
  const folder = join(runDir, 'checkpoints', readFileSync(pointer, 'utf8').trim());
  if (existsSync(folder)) return folder;
  throw new StoreError('corrupt', `${pointer} names ${folder}, which is not there.`, { context: { pointer } });
}

function requireFolder(runDir: string, which: CheckpointName): string {
  const folder = checkpointFolder(runDir, which);
  if (folder === null)
    throw new StoreError('missing', `${runDir} has no ${which} checkpoint.`, { context: { runDir } });
  return folder;
}

async function readVariables(variables: ReadonlyMap<string, Variable>) {
  const entries = await Promise.all(
    [...variables].map(async ([name, variable]) => {
      const data = (await variable.data()) as Float32Array;
      return [name, { dtype: 'float32' as const, shape: variable.shape, data }] as const;
    }),
  );
  return Object.fromEntries(entries);
}

function assignAll(variables: ReadonlyMap<string, Variable>, file: string): void {
  const { tensors } = decodeSafetensors(readFileSync(file));
  const missing = [...variables.keys()].filter((name) => !(name in tensors));
  const extra = Object.keys(tensors).filter((name) => !variables.has(name));
  if (missing.length > 0 || extra.length > 0) {
    throw new StoreError(
      'other-weights',
      `${file} is of another network: it lacks ${missing.join(', ') || 'nothing'} and has ${extra.join(', ') || 'nothing'} besides.`,
      { context: { file, missing, extra } },
    );
  }
  for (const [name, variable] of variables) {
    const saved = tensors[name]!;
    if (saved.shape.join() !== variable.shape.join()) {
      throw new StoreError(
        'other-weights',
        `${file}: ${name} is [${saved.shape.join(', ')}], the network's is [${variable.shape.join(', ')}].`,
        {
          context: { file, name },
        },
      );
    }
    tf.tidy(() => variable.assign(tf.tensor(saved.data as Float32Array, [...saved.shape], 'float32')));
  }
}

function fillState(state: ReadonlyMap<string, BatchArray>, file: string): void {
  const { tensors } = decodeSafetensors(readFileSync(file));
  for (const [name, { data, dtype }] of state) {
    const saved = tensors[name];
    if (saved?.dtype !== dtype || saved.data.length !== data.length) {
      throw new StoreError('other-weights', `${file} lacks the array ${name} of ${data.length} ${dtype} values.`, {
        context: { file, name },
      });
    }
    (data as { set(from: unknown): void }).set(saved.data);
  }
}

function prune(root: string, keep: number): void {
  const named = (pointer: string) =>
    existsSync(join(root, pointer)) ? readFileSync(join(root, pointer), 'utf8').trim() : '';
  const kept = new Set([named('latest'), named('best')]);
  const names = readdirSync(root);
  // a killed run's: only one process trains in a folder
  for (const name of names.filter((left) => left.startsWith('.step-'))) rmSync(join(root, name), { recursive: true });
  const all = names.filter((name) => name.startsWith('step-')).sort();
  for (const name of all.slice(0, -keep))
    if (!kept.has(name)) rmSync(join(root, name), { recursive: true, force: true });
}
