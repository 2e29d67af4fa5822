export type { BatchSourceOptions, DatasetBatchSource } from './batches.js';
export { openDataset, type Dataset, type DatasetUnit } from './dataset.js';
export { diffDatasets } from './diff.js';
export { lmdbStatus, type LmdbStatus } from './lmdb.js';
export { openSink, type SinkOptions } from './sink.js';
export { verifyDataset, type VerifyReport } from './verify.js';
