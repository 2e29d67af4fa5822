import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom, readEnvironment, type VideoSource } from '../../src/core/index.js';
import { runCli, type CliResult } from './run-cli.js';

/** How often each run is killed. */
const kills = Number(readEnvironment('REELMINE_KILLS') ?? 20);

/** Generated sets, and how many videos of each are taken. */
type Sources = Readonly<Record<string, number>>;

const motion = { 'synthetic:1': 1000 };
const movers = { 'synthetic:movers@77': 14 };
const films = { 'synthetic:stereo@77': 16 };
const sounds = { 'synthetic:sounds@77': 36 };
const mixed = { 'synthetic:movers@77': 11, 'synthetic:stereo@77': 4, 'synthetic:sounds@77': 8 };
const fiveSignals = 'motion-masks,stereo-pairs,audio-clusters,temporal-order,clips';

const dirs: string[] = [];
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

/** A folder with a corpus of these sources in it. */
async function makeCorpus(sources: Sources): Promise<{ readonly dir: string; readonly corpus: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'reelmine-kill-'));
  dirs.push(dir);
  const corpus = join(dir, 'corpus');
  for (const [source, limit] of Object.entries(sources)) {
    const { status, stderr } = await runCli([
      'ingest',
      source,
      '--corpus',
      corpus,
      '--limit',
      String(limit),
      '--quiet',
    ]);
    expect(status, stderr).toBe(0);
  }
  return { dir, corpus };
}

const mineArgs = (signals: string, corpus: string, workers: number) => [
  ...['mine', signals, '--corpus', corpus, '--json', '--quiet', '--workers', String(workers)],
];

describe(`mining killed with -9 at ${kills} random moments`, () => {
  it.each<readonly [signals: string, sources: Sources, seed: number]>([
    ['temporal-order', motion, 20],
    ['temporal-order,patch-triplets,clips', motion, 21],
    ['motion-masks', movers, 22],
    ['stereo-pairs', films, 23],
    ['audio-clusters', sounds, 24],
    [fiveSignals, mixed, 25],
  ])('ends with the digests of a run that was never interrupted: %s', async (signals, sources, seed) => {
    const { dir, corpus } = await makeCorpus(sources);
    const args = mineArgs(signals, corpus, 2);
    const started = performance.now();
    const whole = signalsOf(await runCli([...args, '--out', join(dir, 'whole')]));
    const tookMs = performance.now() - started;
    for (const [name, { samples }] of Object.entries(whole)) expect(samples, name).toBeGreaterThan(0);
    const random = createRandom(seed);
    let struck = 0;
    for (let i = 0; i < kills; i++) {
      // Spread over the run: each try lives long enough to start, and all of them together cover the whole.
      const killAfterMs = 700 + random.int(Math.ceil((2.5 * tookMs) / kills));
      const { status } = await runCli([...args, '--out', join(dir, 'killed')], { killAfterMs });
      struck += Number(status === null);
    }
    expect(struck).toBeGreaterThan(0);
    const finished = await runCli([...args, '--out', join(dir, 'killed')]);
    expect(finished.status, finished.stderr).toBe(0);
    expect(signalsOf(finished)).toEqual(whole);
  });
});

describe('five signals of one decoding', () => {
  it('have the same digests with 1, 2 and 4 workers, and each the digest it has alone', async () => {
    const { dir, corpus } = await makeCorpus(mixed);
    const frames = readFileSync(join(corpus, 'manifest.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .reduce((sum, line) => sum + (JSON.parse(line) as VideoSource).video.frames, 0);
    const runs: Record<string, { digest: string; samples: number }>[] = [];
    for (const workers of [1, 2, 4]) {
      const run = await runCli([...mineArgs(fiveSignals, corpus, workers), '--out', join(dir, `with-${workers}`)]);
      runs.push(signalsOf(run));
      const { framesDecoded } = run.json<{ framesDecoded: number }>();
      expect(framesDecoded).toBeGreaterThanOrEqual(frames);
      expect(framesDecoded).toBeLessThanOrEqual(1.05 * frames);
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    for (const name of fiveSignals.split(',')) {
      const alone = signalsOf(await runCli([...mineArgs(name, corpus, 2), '--out', join(dir, `alone-${name}`)]));
      expect(alone, name).toEqual({ [name]: runs[0]![name] });
    }
  });
});

/** Digest and number of samples of each signal. */
function signalsOf(result: CliResult): Record<string, { digest: string; samples: number }> {
  expect(result.status, result.stderr).toBe(0);
  const { signals } = result.json<{
    signals: Record<string, { digest: string; counts: Readonly<Record<string, number>> }>;
  }>();
  return Object.fromEntries(
    Object.entries(signals).map(([name, { digest, counts }]) => [name, { digest, samples: counts['samples']! }]),
  );
}
