import { runJob, type ProgressEvent, type WarningEvent } from '../../src/core/index.js';
import { mine, type MineOptions, type MineResult, type MinerDefinition } from '../../src/mining/index.js';
import type { ClipCorpus } from './clips.js';
import { everyFieldModule, loadEveryField } from './every-field.js';
import { memorySink, type MemorySink } from './fakes.js';

/** What a run of the tests' own miner gave. */
export interface EveryFieldRun {
  readonly result: MineResult;
  readonly sink: MemorySink;
  readonly events: readonly (ProgressEvent | WarningEvent)[];
}

/** The clock of all runs. */
export const now = (): Date => new Date('2024-01-02T03:04:05Z');

/** Mines a corpus with the tests' own miner in worker processes, which run the compiled `dist`: build first. */
export async function mineClips(
  corpus: ClipCorpus,
  settings: object,
  job: Partial<MineOptions> = {},
  stop?: AbortSignal,
): Promise<EveryFieldRun> {
  const sink = memorySink();
  const miner = await loadEveryField();
  const config = (miner as MinerDefinition).config.parse(settings);
  const signals = [{ miner, name: 'every-field', config, module: everyFieldModule }];
  const events: (ProgressEvent | WarningEvent)[] = [];
  const options = {
    signals,
    corpus,
    decoder: 'libav',
    sinks: { 'every-field': sink },
    workers: 1,
    seed: 1,
    now,
    ...job,
  };
  const result = await runJob(mine(options, stop), (event) => events.push(event));
  return { result, sink: (options.sinks['every-field'] ?? sink) as MemorySink, events };
}
