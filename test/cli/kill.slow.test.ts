import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { runCli, type CliResult } from './run-cli.js';

describe('mining killed with -9 at 20 random moments', () => {
  it.each([
    ['temporal-order', 20],
    ['temporal-order,patch-triplets,clips', 21],
  ])('ends with the digests of a run that was never interrupted: %s', async (signals, seed) => {
    const dir = mkdtempSync(join(tmpdir(), 'reelmine-kill-'));
    const corpus = join(dir, 'corpus');
    await runCli(['ingest', 'synthetic:1', '--corpus', corpus, '--quiet']);
    const args = ['mine', signals, '--corpus', corpus, '--json', '--quiet', '--workers', '2'];
    const started = performance.now();
    const whole = digestsOf(await runCli([...args, '--out', join(dir, 'whole')]));
    const tookMs = performance.now() - started;
    const random = createRandom(seed);
    for (let i = 0; i < 20; i++) {
      // Spread over the run: each try lives long enough to start, and the twenty together cover the whole.
      await runCli([...args, '--out', join(dir, 'killed')], { killAfterMs: 700 + random.int(Math.ceil(tookMs / 8)) });
    }
    const finished = await runCli([...args, '--out', join(dir, 'killed')]);
    expect(finished.status, finished.stderr).toBe(0);
    expect(digestsOf(finished)).toEqual(whole);
  });
});

function digestsOf(result: CliResult): Readonly<Record<string, string>> {
  const { signals } = result.json<{ signals: Record<string, { digest: string }> }>();
  return Object.fromEntries(Object.entries(signals).map(([name, { digest }]) => [name, digest]));
}
