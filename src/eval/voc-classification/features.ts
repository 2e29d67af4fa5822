import type { Encoder } from '../../engine/index.js';
import type { EvaluateContext } from '../define-evaluator.js';
import { toMatrix, type Matrix } from '../probe/index.js';
import type { Describer } from '../videos/describe.js';
import { openPictureSpool, type PictureSpool } from '../videos/picture-spool.js';
import { readLabelledPictures, type LabelledPicture } from './pictures.js';

/** Features of a list of pictures by several describers, on disk: one describer's are in memory at a time. */
export interface FeatureTable {
  /** Unit rows of one describer: float64 [pictures, features]. */
  rows(describer: number, from: number, to: number): Matrix;
  dispose(): void;
}

/** Pictures that describers look at together. */
export const together = 16;

/** Reads every picture once and lets all describers look at it. */
export async function describePictures(
  describers: readonly Describer[],
  list: readonly LabelledPicture[],
  { encoder, context }: { readonly encoder: Encoder; readonly context: EvaluateContext<'encoder'> },
): Promise<FeatureTable> {
  const spools: (PictureSpool | undefined)[] = [];
  const dispose = () => spools.forEach((spool) => spool?.dispose());
  const lengths: number[] = [];
  let waiting: Uint8Array[] = [];
  const describe = () => {
    if (waiting.length === 0) return;
    describers.forEach((describer, d) => {
      const vectors = describer.describe(waiting);
      lengths[d] = vectors[0]!.length;
      const spool = (spools[d] ??= openPictureSpool(4 * lengths[d]));
      spool.append(vectors.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)));
    });
    waiting = [];
  };
  try {
    const reading = { encoder, context, stage: 'read', done: 0, total: list.length };
    for await (const { picture } of readLabelledPictures(list, reading)) {
      waiting.push(picture);
      if (waiting.length === together) describe();
    }
    describe();
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    rows: (describer, from, to) =>
      toMatrix(
        Array.from({ length: to - from }, (_, i) => {
          const { buffer } = spools[describer]!.read(from + i);
          return toUnit(new Float32Array(buffer, 0, lengths[describer]));
        }),
      ),
    dispose,
  };
}

/** Divides by the length plus 1e-5, as FAIR's benchmark does. */
export function toUnit(vector: Float32Array): Float64Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares) + 1e-5;
  return Float64Array.from(vector, (value) => value / length);
}
