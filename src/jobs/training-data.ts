import { ConfigError, sha256 } from '../core/index.js';
import type { AnyPretextTask, TaskConfig } from '../models/index.js';
import type { Dataset, DatasetBatchSource } from '../store/index.js';

/** What decides a training's batches. */
export interface TrainingBatchOptions {
  readonly task: AnyPretextTask;
  readonly config: TaskConfig;
  readonly seed: number;
  /** Loader threads. */
  readonly workers: number;
  /** The samples to learn from. */
  readonly ordinals: readonly number[];
}

/**
 * The batches that a training learns from: this trainer's part of each, and balanced, as the settings say.
 *
 * @throws ConfigError for a part that is not among them.
 */
export function openTrainingBatches(
  dataset: Dataset,
  { task, config, ...options }: TrainingBatchOptions,
): DatasetBatchSource {
  const { batchSize, balance } = config;
  const { prepare } = task;
  return dataset.batchSource({ ...options, prepare, config, batchSize, balance, part: partOf(config), mode: 'train' });
}

/** Which part of each batch the settings ask for, from 1. */
export function partOf({ part }: TaskConfig): { readonly index: number; readonly count: number } {
  const [index = 1, count = 1] = part.split('/').map(Number);
  if (index <= count) return { index, count };
  throw new ConfigError(`part takes I/N with I from 1 to N, got ${JSON.stringify(part)}.`, { context: { part } });
}

/** Which samples are trained on and which are held out. */
export interface GroupSplit {
  readonly training: {
    readonly ordinals: readonly number[];
    readonly sources: readonly string[];
    readonly groups: readonly string[];
  };
  readonly validation: { readonly ordinals: readonly number[] };
}

/** Holds out a share of the groups, chosen by the hash of their names, where there are 10 sources and 2 groups or more. */
export async function splitByGroup(
  dataset: Dataset,
  { share, seed }: { readonly share: number; readonly seed: number },
): Promise<GroupSplit> {
  const groups = await groupsOf(dataset);
  const names = [...new Set(groups.values())]
    .map((name) => ({ name, hash: sha256(`${seed}/${name}`) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const isEnough = share > 0 && groups.size >= 10 && names.length >= 2;
  const count = isEnough ? Math.max(1, Math.floor(names.length * share)) : 0;
  const held = new Set(names.slice(0, count).map(({ name }) => name));
  const isHeld = (source: string) => held.has(groups.get(source) ?? '');
  const training: number[] = [];
  const validation: number[] = [];
  for (const { source, first, count } of dataset.sourceRanges()) {
    const ordinals = isHeld(source) ? validation : training;
    for (let ordinal = first; ordinal < first + count; ordinal++) ordinals.push(ordinal);
  }
  if (training.length === 0) throw new ConfigError(`Nothing is left to train on after ${count} groups were held out.`);
  return {
    training: {
      ordinals: training,
      sources: [...groups.keys()].filter((source) => !isHeld(source)).sort(),
      groups: names
        .map(({ name }) => name)
        .filter((name) => !held.has(name))
        .sort(),
    },
    validation: { ordinals: validation },
  };
}

/** The group of each source, read from its first sample; a source without one is its own group. */
async function groupsOf(dataset: Dataset): Promise<ReadonlyMap<string, string>> {
  const groups = new Map<string, string>();
  for (const { source, first } of dataset.sourceRanges()) {
    const { group } = (await dataset.sample(first)).fields as { readonly group?: unknown };
    groups.set(source, typeof group === 'string' ? group : source);
  }
  return groups;
}
