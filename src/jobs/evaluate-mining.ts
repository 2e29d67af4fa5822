import { join } from 'node:path';
import type { Observable } from 'rxjs';
import {
  ConfigError,
  createJob,
  createRandom,
  loadConfig,
  StoppedError,
  toolVersion,
  writeFileWhole,
  type JobEvent,
  type Metric,
  type Rival,
} from '../core/index.js';
import { miningEvaluationConfig, openMiningTruth, scoreMining, type MiningScores } from '../eval/index.js';
import { miners, type MinerDefinition } from '../mining/index.js';

/** What `evaluateMining` takes. */
export interface EvaluateMiningOptions {
  readonly signal: string;
  /** `boxes:DIR`, `cuts:DIR` or `flow:DIR`. */
  readonly truth: string;
  /** Folder of the result; default: nothing is written. */
  readonly out?: string | undefined;
  readonly seed?: number;
  readonly decoder?: string;
  /** Settings of the protocol by their names, of the miner as `miner.<key>`. */
  readonly file?: string | undefined;
  readonly set?: readonly string[];
}

/** What `result.json` of `eval mining` holds. */
export interface MiningResult {
  readonly schema: 1;
  readonly protocol: 'mining';
  readonly version: 1;
  readonly toolVersion: string;
  readonly evaluated: { readonly signal: string; readonly version: number; readonly configHash: string };
  readonly config: unknown;
  readonly data: { readonly name: string; readonly kind: string; readonly examples: number };
  readonly seed: number;
  readonly leak: null;
  readonly metrics: readonly Metric[];
  readonly rivals: readonly Rival[];
}

/**
 * Scores what a miner says of given frames against truth, beside trivial rivals; writes `result.json`, and
 * `predictions.jsonl` with one line for each sequence, where `out` is given.
 */
export function evaluateMining(options: EvaluateMiningOptions, stop?: AbortSignal): Observable<JobEvent<MiningResult>> {
  return createJob(async ({ emit, signal }) => {
    const { seed = 1, decoder = 'auto', file, set = [], out } = options;
    const miner = (await miners.load(options.signal)) as MinerDefinition;
    const ofMiner = set.filter((text) => text.startsWith('miner.')).map((text) => text.slice('miner.'.length));
    const own = set.filter((text) => !text.startsWith('miner.'));
    const { config, hash } = loadConfig(miner.config, { file, set: ofMiner });
    const { config: protocol } = loadConfig(miningEvaluationConfig, { set: own });
    const truth = openMiningTruth(options.truth, decoder);
    let scores: MiningScores;
    try {
      const random = createRandom(seed).fork('eval mining', truth.kind);
      scores = await scoreMining(miner, truth, { ...protocol, config, random, signal, emit });
    } catch (error) {
      if (signal.aborted) throw new StoppedError('Stopped before there was a result; nothing was written.');
      throw error;
    }
    const [first] = scores.metrics;
    if (!first) throw new ConfigError(`${options.truth} gives nothing to measure.`);
    const result: MiningResult = {
      schema: 1,
      protocol: 'mining',
      version: 1,
      toolVersion: toolVersion(),
      evaluated: { signal: miner.name, version: miner.version, configHash: hash },
      config: { ...protocol, miner: config },
      data: { name: truth.name, kind: truth.kind, examples: first.examples },
      seed,
      leak: null,
      metrics: scores.metrics,
      rivals: scores.rivals,
    };
    if (out !== undefined) {
      const rows = scores.rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      writeFileWhole(join(out, 'predictions.jsonl'), rows);
      writeFileWhole(join(out, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
    }
    return result;
  }, stop);
}
