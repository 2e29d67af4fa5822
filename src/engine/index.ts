export * from './trainer.js';
export { loadWeights, readCheckpointState, restoreCheckpoint, saveCheckpoint, type CheckpointName, type TrainingState } from './checkpoint.js';
export { openRunLog, type LogRow, type RunLog } from './run-log.js';
export { train, type LoopConfig, type TrainLoopOptions, type TrainResult } from './train.js';
// Written by the lead (08:40): checkpoint.ts, run-log.ts, train.ts. They need tensors.ts { toTensorBatch(batch: SampleBatch): TensorBatch; disposeBatch(batch: TensorBatch): void } and tf.ts { tf } from the engine helper, who also tests them.
