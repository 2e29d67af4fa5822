import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import type { BatchArray, SampleBatch } from '../core/index.js';
import { tf } from './tf.js';
import type { TensorBatch } from './trainer.js';

/** A batch's arrays as tensors; to be given to `disposeBatch`. */
export function toTensorBatch(batch: SampleBatch): TensorBatch {
  const tensors = Object.entries(batch.arrays).map(([name, array]) => [name, toTensor(array)] as const);
  return { keys: batch.keys, tensors: Object.fromEntries(tensors) };
}

/** Frees a batch's tensors. */
export function disposeBatch(batch: TensorBatch): void {
  tf.dispose(Object.values(batch.tensors));
}

/**
 * One array as a tensor, which holds a copy: floating point becomes float32, `bool` bool, whole numbers int32.
 *
 * @throws RangeError for an int64 that int32 does not hold.
 */
export function toTensor({ data, dtype, shape }: BatchArray): Tensor {
  const [values, type] = convert(data, dtype);
  return tf.tensor(values, [...shape], type);
}

/**
 * Runs something and tells how many tensors it left behind besides what it returns: 0 in a steady state.
 */
export function countLeaks(work: () => void): number {
  const before = tf.memory().numTensors;
  work();
  return tf.memory().numTensors - before;
}

function convert(
  data: BatchArray['data'],
  dtype: BatchArray['dtype'],
): [Float32Array | Int32Array | Uint8Array, DataType] {
  switch (dtype) {
    case 'bool':
      return [(data as Uint8Array).slice(), 'bool'];
    case 'float16':
      return [Float32Array.from(data as Uint16Array, halfToFloat), 'float32'];
    case 'float32':
    case 'float64':
      return [new Float32Array(data as Float32Array), 'float32'];
    case 'int64':
      return [Int32Array.from({ length: data.length }, (_, i) => toInt32((data as BigInt64Array)[i]!)), 'int32'];
    default:
      return [new Int32Array(data as Int32Array), 'int32'];
  }
}

function toInt32(value: bigint): number {
  if (BigInt.asIntN(32, value) !== value) throw new RangeError(`${value} does not fit into int32.`);
  return Number(value);
}

/** IEEE 754 half precision, as bits, to a number. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return (sign * fraction) / 16777216;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return (sign * (1024 + fraction) * (1 << exponent)) / 33554432;
}
