import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { BatchArray, SampleBatch } from '../core/index.js';

/** A batch's arrays as tensors; the loop makes and disposes them. */
export interface TensorBatch {
  readonly keys: readonly string[];
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** Numbers of one step, as scalar tensors so that a captured step can take them as arguments. */
export interface StepScalars {
  /** float32 []. */
  readonly learningRate: Tensor;
  /** int32 [2]: the seed of this step's stateless random operations. */
  readonly seed: Tensor;
}

/** Named scalars of a step as tensors of shape []; `loss` is the total. The loop reads some and disposes all. */
export type StepResult = Readonly<Record<string, Tensor>> & { readonly loss: Tensor };

/** A trunk that turns pictures into features; having one makes a task eligible for recognition and retrieval. */
export interface Encoder {
  /** Picture size that `encode` takes, pixels. */
  readonly width: number;
  readonly height: number;
  /** Names of the layers that can be asked for, the default one first, with their feature counts. */
  readonly layers: Readonly<Record<string, number>>;
  /** uint8-valued float32 [batch, height, width, 3] RGB in 0–255 → float32 [batch, features] of the asked layer. Inference mode. */
  encode(images: Tensor, layer: string): Tensor;
}

/** The live network and optimizer of a task. Its step reads nothing back and keeps no hidden state: it can be captured. */
export interface Trainer {
  /** Weights, by reference name (`conv1.weight`, …), trainable and running statistics alike. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Optimizer slots, by `<weight>/<slot>`. */
  readonly slots: ReadonlyMap<string, Variable>;
  /** Arrays outside the graph, such as a queue of negatives: saved with checkpoints, and filled in place when restored. */
  readonly state?: ReadonlyMap<string, BatchArray>;
  /** Trainable parameters counted as the reference model counts them. */
  readonly parameters: number;
  step(batch: TensorBatch, scalars: StepScalars): StepResult;
  /** Loss and scores on a batch without learning; named scalars, averaged over batches by the loop. */
  evaluate(batch: TensorBatch): StepResult;
  readonly encoder?: Encoder;
  /** Class scores for a task's own held-out accuracy: float32 [batch, classes]; the batch's `label` is the truth. */
  logits?(batch: TensorBatch): Tensor;
  dispose(): void;
}

/** Where the loop gets its batches: the loader, seen from the engine. */
export interface BatchSource {
  /** Batches from a cursor on, epoch after epoch, without end. */
  batches(from: SampleBatch['cursor']): AsyncIterable<SampleBatch>;
  readonly samples: number;
  readonly digest: string;
}
