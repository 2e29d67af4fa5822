// What `ingest --plan` foretells of sources, and what `ingest` then takes and gives: seconds, bytes of the corpus, videos, ledger, shots and
// seconds of video, each as foretold over true; ends with 1 where time, bytes or yield is more than `--within` off.
//   npm run build && node bench/plan-ingest.bench.mjs SOURCE... [--workers 2] [--limit N] [--within 0.3] [--measured N] [--set key=value]...
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig, runJob } from '../dist/core/index.js';
import { corpusFiles, ingest, ingestConfig, readCorpus } from '../dist/ingest/index.js';
import { planIngest } from '../dist/jobs/plan-ingest.js';

const { values, positionals: sources } = parseArgs({
  allowPositionals: true,
  options: {
    workers: { type: 'string', default: '2' },
    limit: { type: 'string' },
    within: { type: 'string', default: '0.3' },
    measured: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
if (sources.length === 0) throw new Error('Name at least one source.');
const { config } = loadConfig(ingestConfig, { file: undefined, set: values.set });
const workers = Number(values.workers);
const limit = values.limit === undefined ? undefined : Number(values.limit);
const measured = values.measured === undefined ? {} : { measured: Number(values.measured) };

const plan = await planIngest({ sources, config, workers, limit, decoder: 'libav', ...measured });
const corpus = mkdtempSync(join(tmpdir(), 'reelmine-plan-'));
try {
  const begun = performance.now();
  const job = ingest({ sources, corpus, config, decoder: 'libav', workers, limit, seed: 1, now: () => new Date() });
  const { counts } = await runJob(job);
  const seconds = (performance.now() - begun) / 1000;
  const { sources: found } = await readCorpus(corpus);
  const own = new Set(Object.values(corpusFiles));
  const files = readdirSync(corpus).filter((name) => own.has(name));
  const truth = {
    seconds,
    bytes: files.reduce((sum, name) => sum + statSync(join(corpus, name)).size, 0),
    sources: found.length,
    failed: counts.failed,
    shots: found.reduce((sum, { shots }) => sum + shots.length, 0),
    videoSeconds: found.reduce((sum, { video }) => sum + video.durationSeconds, 0),
  };
  console.log(`${plan.files} videos, ${plan.measured} of them measured`);
  let isOff = false;
  for (const [name, value] of Object.entries(truth)) {
    const ratio = value === 0 ? (plan.estimate[name] === 0 ? 1 : Infinity) : plan.estimate[name] / value;
    const judged = ['seconds', 'bytes', 'sources'].includes(name);
    const fits = Math.abs(ratio - 1) <= Number(values.within);
    isOff ||= judged && !fits;
    const [foretold, came] = [plan.estimate[name], value].map((number) => Number(number.toFixed(1)));
    console.log(
      `${name.padEnd(13)} foretold ${foretold}, came ${came}: ${ratio.toFixed(2)}${judged && !fits ? '  OFF' : ''}`,
    );
  }
  process.exitCode = isOff ? 1 : 0;
} finally {
  rmSync(corpus, { recursive: true, force: true });
}
