// Forgets sources, merges or repairs until it is killed or done; prints `ready` first and the digest last.
// Arguments: built store, `forget` | `merge` | `repair`, options as JSON.
import { writeSync } from 'node:fs';

const [store, verb, json] = process.argv.slice(2);
const { forgetSources, mergeDatasets, repairDataset } = await import(store);
const { dir, dirs, out, sources } = JSON.parse(json);

/** Labels every sample with how many there are before it. */
async function runStage(samples) {
  const labels = new Map();
  for await (const { key } of samples) labels.set(key, { place: labels.size });
  return { labels, artefacts: {} };
}

writeSync(1, 'ready\n');
const work = {
  forget: async () => (await forgetSources({ dir, sources: new Set(sources), runStage })).summary,
  merge: () => mergeDatasets({ dirs, out, runStage }),
  repair: async () => (await repairDataset(dir, runStage)).summary,
};
const summary = await work[verb]();
writeSync(1, `digest ${summary?.digest ?? 'none'}\n`);
