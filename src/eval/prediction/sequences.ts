import { ConfigError, type Sample } from '../../core/index.js';
import type { Predictor } from '../../engine/index.js';
import { readClip } from '../../models/index.js';
import { decodeImage, resizeRgb } from '../../vision/index.js';
import type { EvaluationDataset } from '../define-evaluator.js';
import type { FramePixels } from '../metrics/index.js';

/** A stretch of a held-out clip. */
export interface Sequence {
  /** The sample's key. */
  readonly key: string;
  readonly source: string;
  /** Place of its first frame in the clip. */
  readonly start: number;
  /** float32 [frames, height, width, channels] in 0–1. */
  readonly data: Float32Array;
}

/** What is taken of each clip. */
export interface SequenceOptions {
  readonly size: Pick<Predictor, 'width' | 'height' | 'channels'>;
  readonly frames: number;
  readonly windows: 'first' | 'all';
  /** Told of each clip that is too short. */
  readonly onShort?: (key: string, frames: number) => void;
}

/**
 * The held-out clips as a predictor sees them, in key order: scaled to its size, the middle cut out where the aspect differs.
 *
 * @throws ConfigError if the samples are no clips, or every one is too short.
 */
export async function* readSequences(
  dataset: EvaluationDataset,
  { size, frames, windows, onShort }: SequenceOptions,
): AsyncGenerator<Sequence> {
  const { width, height, channels } = size;
  const pixels = width * height * channels;
  let longest = 0;
  let isAny = false;
  for await (const sample of dataset.stored()) {
    const length = clipLength(sample);
    longest = Math.max(longest, length);
    if (length < frames) {
      onShort?.(sample.key, length);
      continue;
    }
    isAny = true;
    const count = windows === 'first' ? 1 : Math.floor(length / frames);
    const bytes = await readClip(
      sample,
      { frames: count * frames, width, height, channels, movesCut: false, mirrors: false },
      { decode: decodeImage, resize: resizeRgb, random: null },
    );
    for (let window = 0; window < count; window++) {
      const from = window * frames * pixels;
      const data = Float32Array.from(bytes.subarray(from, from + frames * pixels), (level) => level / 255);
      yield { key: sample.key, source: sample.provenance.source, start: window * frames, data };
    }
  }
  if (!isAny) {
    throw new ConfigError(
      longest === 0
        ? 'There are no held-out samples to evaluate on.'
        : `Sequences of ${frames} frames are asked for, and the longest of ${dataset.samples} clips has ${longest}: mine longer ones (--set length=${frames}), or set observe and predict to fewer frames.`,
      { context: { frames, longest } },
    );
  }
}

/** Groups sequences into batches. */
export async function* inBatches(
  sequences: AsyncIterable<Sequence>,
  size: number,
): AsyncGenerator<readonly Sequence[]> {
  let held: Sequence[] = [];
  for await (const sequence of sequences) {
    held.push(sequence);
    if (held.length < size) continue;
    yield held;
    held = [];
  }
  if (held.length > 0) yield held;
}

/** One frame out of [frames, height, width, channels]. */
export function frameAt(
  data: Float32Array,
  index: number,
  { width, height, channels }: SequenceOptions['size'],
): FramePixels {
  const values = width * height * channels;
  return { data: data.subarray(index * values, (index + 1) * values), width, height, channels };
}

function clipLength({ fields, key }: Sample): number {
  const { size } = fields as { readonly size?: unknown };
  if (size instanceof Int32Array && size.length === 4) return size[0]!;
  throw new ConfigError(`Sample ${key} is no clip: prediction takes a dataset of the signal clips.`);
}
