import { ConfigError } from '../core/index.js';
import { finishSignal, miners } from '../mining/index.js';
import { hasStage, readDatasetHeader, type RunStage } from '../store/index.js';

/**
 * How labels and artefacts of some datasets of one signal are learned again once their samples have changed.
 *
 * @throws ConfigError `no-stage` if they have any and this version cannot learn them: the signal is not known here, or has another version.
 */
export async function findStage(dirs: readonly [string, ...string[]]): Promise<RunStage> {
  const { signal, signalVersion } = readDatasetHeader(dirs[0]);
  const miner = miners.names.includes(signal) ? await miners.load(signal) : null;
  const why =
    miner === null
      ? `the signal ${signal} is not known here`
      : miner.version === signalVersion
        ? null
        : `it was mined with version ${signalVersion} of ${signal}, and this is version ${miner.version}`;
  const learned = dirs.find(hasStage);
  if (why !== null && learned !== undefined) {
    throw new ConfigError(`${learned} has labels or artefacts that would have to be learned again, but ${why}.`, {
      code: 'no-stage',
      context: { dir: learned, signal, signalVersion },
    });
  }
  return async (samples, { config, seed }) =>
    miner === null || why !== null ? null : finishSignal(samples, { miner, name: signal, config, seed });
}
