import { join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  checkConfig,
  ConfigError,
  coreCount,
  createJob,
  createRandom,
  folderKind,
  hashJson,
  loadConfig,
  openLedger,
  readJsonFile,
  runJob,
  sha256,
  StoreError,
  toolVersion,
  writeFileWhole,
  type DatasetHeader,
  type FailureEntry,
  type JobEvent,
  type Random,
  type Sample,
  type SampleSink,
  type VideoSource,
} from './core/index.js';
import {
  selectBackend,
  loadWeights,
  train as runTraining,
  type BackendReport,
  type Trainer,
  type TrainResult,
} from './engine/index.js';
import { evaluate as runEvaluation, evaluators, type EvaluationDataset, type EvaluationResult } from './eval/index.js';
import {
  ingest as runIngest,
  ingestConfig,
  openVideo,
  readCorpus,
  selectDecoder,
  type Corpus,
  type IngestResult,
} from './ingest/index.js';
import { mine as runMining, miners, type AnyMiner, type MineResult } from './mining/index.js';
import { resolveTaskConfig, tasks, type AnyPretextTask, type TaskConfig } from './models/index.js';
import { openDataset, openSink, type Dataset } from './store/index.js';

export * from './core/index.js';
export { evaluators, miners, openDataset, readCorpus, tasks };
export type { Corpus, Dataset, EvaluationResult, IngestResult, MineResult, TrainResult };
