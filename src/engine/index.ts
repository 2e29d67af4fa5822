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
export * from './initializers.js';
export { relu } from './ops/activations.js';
export * from './ops/convolution.js';
export * from './ops/dense.js';
export * from './ops/normalization.js';
export * from './ops/pooling.js';
export { statelessUniform } from './ops/random.js';
export * from './optimizers.js';
export { openRunLog, type LogRow, type RunLog } from './run-log.js';
export * from './schedules.js';
export * from './tensors.js';
export { tf } from './tf.js';
export { train, type LoopConfig, type TrainLoopOptions, type TrainResult } from './train.js';
export * from './trainer.js';
