import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { BatchArray, SampleBatch } from '../core/index.js';

/** A batch's arrays as tensors; the loop makes and disposes them. */
export interface TensorBatch {
  readonly keys: readonly string[];
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** Numbers of one step, as tensors so that a captured step takes them as arguments; those of `Trainer.scalars` are here too. */
export interface StepScalars {
  /** float32 []. */
  readonly learningRate: Tensor;
  /** int32 [2]: the seed of this step's stateless random operations; every accumulated batch has its own. */
  readonly seed: Tensor;
  /** float32 [] each, as `Trainer.scalars` names them. */
  readonly [name: string]: Tensor;
}

/** Named scalars of a step as tensors of shape []; `loss` is the total. The loop reads some and disposes all. */
export type StepResult = Readonly<Record<string, Tensor>> & { readonly loss: Tensor };

/** One gradient for each learned variable, in the trainer's fixed order and of the variable's shape. */
export type Gradients = readonly Tensor[];

/** What one batch gives: its loss and scores, and the slope of the loss. */
export interface BatchGradients {
  readonly result: StepResult;
  readonly gradients: Gradients;
}

/** One layer of a network, for the table of parameters and operations. */
export interface LayerSummary {
  readonly name: string;
  /** `convolution`, `dense`, `pooling`, …. */
  readonly kind: string;
  /** Shape of what it gives for one sample. */
  readonly output: readonly number[];
  /** Learned numbers, biases included. */
  readonly parameters: number;
  /** Floating-point operations of one sample's forward pass; a multiplication with its addition counts as 2. */
  readonly flops: number;
}

/** A trunk that turns pictures into features; having one makes a task eligible for recognition and retrieval. */
export interface Encoder {
  /** Picture size that `encode` takes, pixels. */
  readonly width: number;
  readonly height: number;
  /** Names of the layers that can be asked for, the default one first, with their feature counts. */
  readonly layers: Readonly<Record<string, number>>;
  /** uint8-valued float32 [batch, height, width, 3] RGB in 0–255 → float32 [batch, features] of the asked layer. Inference mode. */
  encode(images: Tensor, layer: string): Tensor;
  /** Learned weights of the network that it is part of, for fine-tuning; whoever moves them puts them back. */
  readonly weights?: readonly Variable[];
}

/** What a predictor remembers of the frames it saw: tensors by name. */
export type PredictorState = Readonly<Record<string, Tensor>>;

/** Predicts frames of a video. Frames are float32 [batch, height, width, channels] in 0–1. */
export interface Predictor {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Frames it was trained to see. */
  readonly observes: number;
  /** Frames it was trained to predict. */
  readonly predicts: number;
  /** Whether two samples of the future may differ. */
  readonly isStochastic: boolean;
  /** The state before any frame. */
  init(batchSize: number): PredictorState;
  /** The state after one more true frame; does not dispose the state it is given. */
  observe(state: PredictorState, frame: Tensor): PredictorState;
  /** A future for each video of the batch: float32 [batch, steps, height, width, channels], clipped to 0–1. `seed` is int32 [2]. */
  predict(state: PredictorState, steps: number, seed: Tensor): Tensor;
  /**
   * Of a model with latent variables, no prediction but how far they could take it: each frame after the first `observe` from the model's own frames
   * and from what it reads of that very frame. `clips` are float32 [batch, frames, height, width, channels]; gives float32 [batch, frames - observe, …].
   */
  reconstruct?(clips: Tensor, observe: number): Tensor;
}

/** Draws the mask of the thing in the middle of a window. */
export interface Segmenter {
  /** Side of the square windows that it sees, pixels. */
  readonly size: number;
  /** Side of the square masks that it draws. */
  readonly maskSize: number;
  /** Longer side of a thing over that of the window, as it was trained. */
  readonly objectShare: number;
  /** float32 [batch, size, size, 3] RGB in 0–255 → float32 [batch, maskSize, maskSize]: logits, above 0 for the thing. Inference mode. */
  logits(windows: Tensor): Tensor;
}

/** Makes what the right eye sees from what the left one does. */
export interface StereoModel {
  readonly width: number;
  readonly height: number;
  /** How much of an eye it is shown in evaluation, pixels of that eye: its middle, in the model's aspect. */
  shownOf(eye: { readonly width: number; readonly height: number }): {
    readonly width: number;
    readonly height: number;
  };
  /**
   * `left` is float32 [batch, height, width, 3] RGB in 0–255; `right` likewise; `disparity` float32 [batch, height, width] of the right
   * eye's pixels, positive where nearer than the screen. Inference mode.
   */
  seeRight(left: Tensor): { readonly right: Tensor; readonly disparity: Tensor };
}

/**
 * The live network and optimizer of a task. Neither half of its step reads anything back or keeps hidden state: both can be
 * captured. Between them the loop sums the gradients of several batches and clips them.
 */
export interface Trainer {
  /** Weights, by reference name (`conv1.weight`, …), trainable and running statistics alike. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Optimizer slots, by `<weight>/<slot>`. */
  readonly slots: ReadonlyMap<string, Variable>;
  /** Arrays outside the graph, such as a queue of negatives: saved with checkpoints, and filled in place when restored. */
  readonly state?: ReadonlyMap<string, BatchArray>;
  /** Trainable parameters counted as the reference model counts them. */
  readonly parameters: number;
  /** Forward and backward of one batch. Assigns running statistics, and no learned weight. */
  gradients(batch: TensorBatch, scalars: StepScalars): BatchGradients;
  /** The optimizer's step: moves the learned variables. */
  update(gradients: Gradients, scalars: StepScalars): void;
  /** Every number besides the learning rate that changes over time, at a 0-based step; the loop passes them on as scalars. */
  scalars?(step: number): Readonly<Record<string, number>>;
  /** What is wrong where logged values look as they should not, told once in a run; null: nothing. */
  warning?(values: Readonly<Record<string, number>>): string | null;
  /** Loss and scores on a batch without learning; named scalars, averaged over batches by the loop. */
  evaluate(batch: TensorBatch): StepResult;
  readonly encoder?: Encoder;
  readonly predictor?: Predictor;
  readonly stereo?: StereoModel;
  readonly segmenter?: Segmenter;
  /** Class scores for a task's own held-out accuracy: float32 [batch, classes]; the batch's `label` is the truth. */
  logits?(batch: TensorBatch): Tensor;
  /** The layers, in the order in which they run. */
  readonly network?: readonly LayerSummary[];
  /** What a batch shows, for TensorBoard: float32 [pictures, height, width, 3] in 0–255 each, by title. */
  pictures?(batch: TensorBatch): Readonly<Record<string, Tensor>>;
  dispose(): void;
}

/** Where the loop gets its batches: the loader, seen from the engine. */
export interface BatchSource {
  /** Batches from a cursor on, epoch after epoch, without end. */
  batches(from: SampleBatch['cursor']): AsyncIterable<SampleBatch>;
  readonly samples: number;
  readonly digest: string;
}
