import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { runCli } from './run-cli.js';

describe('mining killed with -9 at 20 random moments', () => {
  it('ends with the digest of a run that was never interrupted', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'reelmine-kill-'));
    const corpus = join(dir, 'corpus');
    await runCli(['ingest', 'synthetic:1', '--corpus', corpus, '--quiet']);
    const args = ['mine', 'temporal-order', '--corpus', corpus, '--json', '--quiet', '--workers', '2'];
    const started = performance.now();
    const whole = (await runCli([...args, '--out', join(dir, 'whole')])).json<{ digest: string }>();
    const tookMs = performance.now() - started;
    const random = createRandom(20);
    for (let i = 0; i < 20; i++) {
      // Spread over the run: each try lives long enough to start, and the twenty together cover the whole.
      await runCli([...args, '--out', join(dir, 'killed')], { killAfterMs: 700 + random.int(Math.ceil(tookMs / 8)) });
    }
    const finished = await runCli([...args, '--out', join(dir, 'killed')]);
    expect(finished.status, finished.stderr).toBe(0);
    expect(finished.json<{ digest: string }>().digest).toBe(whole.digest);
  });
});
