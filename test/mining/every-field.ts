import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AnyMiner } from '../../src/mining/index.js';

/** Where the tests' own miner lies, for worker processes. */
export const everyFieldModule = fileURLToPath(new URL('./fixtures/every-field-miner.mjs', import.meta.url));

/** The tests' own miner: a field of every dtype, a survey, a stage over the dataset, and ways to fail. */
export async function loadEveryField(): Promise<AnyMiner> {
  return ((await import(pathToFileURL(everyFieldModule).href)) as { default: AnyMiner }).default;
}
