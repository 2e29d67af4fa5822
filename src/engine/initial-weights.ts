import { existsSync, readFileSync } from 'node:fs';
import { ConfigError, decodeSafetensors, StoreError } from '../core/index.js';
import { weightsFile } from './checkpoint.js';
import { tf } from './tf.js';
import type { Trainer } from './trainer.js';

/** Which weights came from elsewhere. */
export interface InitialWeights {
  /** The file they were read from. */
  readonly from: string;
  /** Names that both have, with the same shape. */
  readonly taken: readonly string[];
  /** The network's own that keep their first values: the file lacks them, or has another shape. */
  readonly kept: readonly string[];
  /** The file's that the network has no place for. */
  readonly unused: readonly string[];
}

/**
 * Starts a network from the matching weights of another run, of this task or another.
 *
 * @param from folder of a run, or a safetensors file.
 * @throws StoreError `missing`; ConfigError if not one weight matches.
 */
export function initializeWeights(trainer: Pick<Trainer, 'variables'>, from: string): InitialWeights {
  const file = from.endsWith('.safetensors') ? from : weightsFile(from);
  if (!existsSync(file)) throw new StoreError('missing', `${file} does not exist.`, { context: { file } });
  const { tensors } = decodeSafetensors(readFileSync(file));
  const taken: string[] = [];
  const kept: string[] = [];
  for (const [name, variable] of trainer.variables) {
    const saved = tensors[name];
    if (saved?.dtype !== 'float32' || saved.shape.join() !== variable.shape.join()) {
      kept.push(name);
      continue;
    }
    tf.tidy(() => variable.assign(tf.tensor(saved.data as Float32Array, [...saved.shape], 'float32')));
    taken.push(name);
  }
  const unused = Object.keys(tensors).filter((name) => !taken.includes(name));
  if (taken.length === 0) {
    throw new ConfigError(
      `${file} has no weight of this network's names and shapes: it holds ${unused.slice(0, 8).join(', ')}${unused.length > 8 ? ', …' : ''}.`,
      { context: { file, unused, wanted: kept } },
    );
  }
  return { from: file, taken, kept, unused };
}

/** What was taken and what was not, in one line. */
export function describeInitialWeights({ from, taken, kept, unused }: InitialWeights): string {
  const list = (names: readonly string[]) =>
    names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ');
  const parts = [`took ${taken.length} weights from ${from}`];
  if (kept.length > 0) parts.push(`not in it: ${list(kept)}`);
  if (unused.length > 0) parts.push(`not used of it: ${list(unused)}`);
  return parts.join('; ');
}
