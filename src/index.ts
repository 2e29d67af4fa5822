export * from './core/index.js';
export { selectBackend, type SelectedEngine } from './engine/index.js';
export {
  boxOverlap,
  detectionPrecision,
  evaluators,
  suppressOverlapping,
  type Box,
  type Detection,
  type TrueBox,
} from './eval/index.js';
export { ingestConfig, readCorpus, type Corpus, type IngestConfig, type IngestResult } from './ingest/index.js';
export { ingest, type IngestOptions, type IngestSummary } from './jobs/ingest.js';
export { type LeakageReport, type LeakedSource } from './jobs/leakage.js';
export { planIngest, type IngestPlan, type PlanIngestOptions } from './jobs/plan-ingest.js';
export { retry, type RetryOptions, type RetryResult } from './jobs/retry.js';
export { mine, type MineOptions, type MineSummary } from './jobs/mine.js';
export { planMining, type MinePlan } from './jobs/plan-mining.js';
export { planTraining, type TrainPlan } from './jobs/plan-training.js';
export { train, type TrainOptions, type TrainSummary } from './jobs/train.js';
export { evaluate, planEvaluation, type EvaluateOptions, type EvaluateSummary } from './jobs/evaluate.js';
export { encode, type EncodeOptions, type EncodeSummary } from './jobs/encode.js';
export { predict, type PredictOptions, type PredictSummary } from './jobs/predict.js';
export { evaluateMining, type EvaluateMiningOptions, type MiningResult } from './jobs/evaluate-mining.js';
export {
  exportFormats,
  exportFrom,
  importFormats,
  importInto,
  type ExportOptions,
  type ImportOptions,
} from './jobs/exchange.js';
export { forget, type ForgetOptions, type ForgetResult } from './jobs/forget.js';
export { diagnose, diff } from './jobs/maintain.js';
export { merge, type MergeOptions, type MergeResult } from './jobs/merge.js';
export { verify, type FolderCheck } from './jobs/verify.js';
export { collectReport, inspect, type Inspection } from './jobs/inspect.js';
export { miners } from './mining/index.js';
export { tasks } from './models/index.js';
export { chanceVerdict, renderReport, rivalVerdict, type ReportData } from './report/index.js';
export { openDataset, type Dataset } from './store/index.js';
