import type { Sample } from '../../src/core/index.js';
import type { EvaluationDataset } from '../../src/eval/index.js';
import type { ShuffleAndLearnConfig } from '../../src/models/shuffle-and-learn/config.js';
import { makeBatch } from '../models/shuffle-and-learn/records.js';

/** Held-out samples in memory, prepared as the loader would. */
export function makeDataset(config: ShuffleAndLearnConfig, records: readonly Sample[]): EvaluationDataset {
  return {
    signal: 'temporal-order',
    digest: 'made in a test',
    samples: records.length,
    sources: records.map(({ provenance }) => provenance.source),
    async *batches() {
      for (let i = 0; i < records.length; i += 10)
        yield makeBatch(records.slice(i, i + 10), config, { mode: 'evaluate' });
    },
    async *stored() {
      yield* records;
    },
  };
}
