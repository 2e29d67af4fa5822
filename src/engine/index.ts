export type { Rank, Tensor, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
export { engineNames, probeBackends, selectBackend, type EngineName, type SelectedEngine } from './backend.js';
export {
  loadWeights,
  weightsFile,
  readCheckpointState,
  restoreCheckpoint,
  saveCheckpoint,
  type CheckpointName,
  type TrainingState,
} from './checkpoint.js';
export { compile, type CompiledStep, type CompileOptions, type CompileStatus } from './compile/compile.js';
export type { TensorTree } from './compile/tree.js';
export {
  encoderFormats,
  exportEncoder,
  type EncoderFormat,
  type ExportEncoderOptions,
} from './exporters/export-encoder.js';
export {
  loadPublishedWeights,
  startFromWeights,
  type PictureInput,
  type PublishedWeight,
  type WeightMapping,
} from './import-weights.js';
export * from './initializers.js';
export { leakyRelu, relu } from './ops/activations.js';
export * from './ops/convolution.js';
export * from './ops/dense.js';
export * from './ops/normalization.js';
export * from './ops/pooling.js';
export { statelessNormal, statelessUniform } from './ops/random.js';
export { watchLayers, withoutNormalization, type WatchedLayer, type WatchedNormalization } from './ops/watch-layers.js';
export * from './optimizers.js';
export { averageDecay, createAveragedWeights, type AveragedWeights } from './averaged-weights.js';
export type { StepMode } from './compiled-step.js';
export { describeInitialWeights, initializeWeights, type InitialWeights } from './initial-weights.js';
export * from './layer-summary.js';
export { completeSettings, loopSettings, scheduleOf, type LoopConfig, type LoopSettings } from './loop-settings.js';
export { measureUpdates, type MeasuredUpdates } from './measure-updates.js';
export { openRunLog, type LogRow, type RunLog } from './run-log.js';
export * from './schedules.js';
export * from './tensors.js';
export { tf } from './tf.js';
export { train, type TrainLoopOptions, type TrainResult } from './train.js';
export * from './trainer.js';
