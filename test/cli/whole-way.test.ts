import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { runCli } from './run-cli.js';

interface Outcome {
  readonly ok: boolean;
  readonly digest: string;
  readonly counts: Readonly<Record<string, number>>;
}

const dir = mkdtempSync(join(tmpdir(), 'reelmine-way-'));
const corpus = join(dir, 'corpus');
const mineArgs = ['mine', 'temporal-order', '--corpus', corpus, '--split', '1', '--limit', '12', '--json', '--quiet'];
const trainArgs = [
  'train',
  'shuffle-and-learn',
  '--set',
  'preset=tiny',
  '--set',
  'steps=12',
  '--set',
  'logEverySteps=1',
  '--set',
  'checkpointEverySteps=4',
  '--json',
  '--quiet',
];

describe('the way from videos to a report', () => {
  let digest: string;

  beforeAll(async () => {
    const ingested = await runCli(['ingest', 'synthetic:3', '--corpus', corpus, '--json', '--quiet']);
    expect(ingested.status, ingested.stderr).toBe(0);
    const mined = await runCli([...mineArgs, '--out', join(dir, 'mined'), '--workers', '2']);
    expect(mined.status, mined.stderr).toBe(0);
    digest = mined.json<Outcome>().digest;
  }, 180_000);

  it('ingests nothing twice and gives the same digest', async () => {
    const first = JSON.parse(readFileSync(join(corpus, 'corpus.json'), 'utf8')) as { digest: string };
    const again = (await runCli(['ingest', 'synthetic:3', '--corpus', corpus, '--json', '--quiet'])).json<Outcome>();
    expect(again.digest).toBe(first.digest);
    expect(again.counts['done']).toBe(0);
  });

  it('mines the same bytes with one worker, and verifies them', async () => {
    const one = await runCli([...mineArgs, '--out', join(dir, 'one'), '--workers', '1']);
    expect(one.json<Outcome>().digest).toBe(digest);
    expect(one.json<Outcome>().counts['samples']).toBeGreaterThan(0);
    const check = await runCli(['verify', join(dir, 'one'), '--json']);
    expect([check.status, check.json<Outcome>().digest]).toEqual([0, digest]);
    expect((await runCli(['diff', join(dir, 'one'), join(dir, 'mined')])).stdout).toBe('no difference\n');
  }, 120_000);

  it('ends with the same digest after kill -9 at random moments, and after Ctrl-C with 130', async () => {
    const random = createRandom(5);
    const out = join(dir, 'killed');
    for (let i = 0; i < 3; i++)
      await runCli([...mineArgs, '--out', out, '--workers', '2'], { killAfterMs: 600 + random.int(1500) });
    const stopped = await runCli([...mineArgs, '--out', out, '--workers', '1'], {
      killAfterMs: 1500,
      killSignal: 'SIGINT',
    });
    expect([0, 130]).toContain(stopped.status);
    const finished = await runCli([...mineArgs, '--out', out, '--workers', '2']);
    expect(finished.status, finished.stderr).toBe(0);
    expect(finished.json<Outcome>().digest).toBe(digest);
  }, 180_000);

  it('mines several signals at once to what each gives alone, also after kill -9 at random moments and in parts', async () => {
    const names = ['temporal-order', 'patch-triplets', 'clips'];
    const options = ['--corpus', corpus, '--split', '1', '--limit', '4', '--workers', '2', '--json', '--quiet'];
    const together = ['mine', names.join(','), ...options, '--out', join(dir, 'together')];
    const random = createRandom(6);
    let killed = 0;
    for (let i = 0; i < 2; i++) {
      const { signal } = await runCli(together, { killAfterMs: 800 + 400 * i + random.int(400) });
      if (signal === 'SIGKILL') killed++;
    }
    expect(killed).toBeGreaterThan(0);
    const finished = await runCli(together);
    expect(finished.status, finished.stderr).toBe(0);
    const { signals } = finished.json<{ signals: Record<string, { digest: string; counts: { samples: number } }> }>();
    for (const name of names) {
      const alone = (await runCli(['mine', name, ...options, '--out', join(dir, `alone-${name}`)])).json<Outcome>();
      expect(signals[name], name).toMatchObject({
        digest: alone.digest,
        counts: { samples: alone.counts['samples'] },
      });
      expect(alone.counts['samples']).toBeGreaterThan(0);
    }
    const parts = [1, 2, 3].map((part) => join(dir, `part-${part}`));
    for (const [i, out] of parts.entries()) {
      const mined = await runCli(['mine', names.join(','), ...options, '--part', `${i + 1}/3`, '--out', out]);
      expect(mined.status, mined.stderr).toBe(0);
    }
    for (const name of names) {
      const folders = parts.map((part) => join(part, name));
      const merged = await runCli(['merge', ...folders, '--out', join(dir, 'merged', name), '--json', '--quiet']);
      expect(merged.status, merged.stderr).toBe(0);
      expect(merged.json<Outcome>().digest, name).toBe(signals[name]!.digest);
    }
  }, 300_000);

  it('trains to the same losses when killed and resumed as when not', async () => {
    const losses = (run: string) =>
      readFileSync(join(run, 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { step: number; loss: number })
        .map(({ step, loss }) => [step, loss]);
    const [whole, killed] = [join(dir, 'run'), join(dir, 'run-killed')];
    const straight = await runCli([...trainArgs, '--data', join(dir, 'mined'), '--out', whole]);
    expect(straight.status, straight.stderr).toBe(0);
    await runCli([...trainArgs, '--data', join(dir, 'mined'), '--out', killed], { killAfterMs: 4000 });
    const resumed = await runCli([...trainArgs, '--data', join(dir, 'mined'), '--out', killed, '--resume']);
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(losses(killed)).toEqual(losses(whole));
    expect(losses(whole)).toHaveLength(12);
    const finished = await runCli([...trainArgs, '--data', join(dir, 'mined'), '--out', whole, '--resume']);
    expect(finished.status).toBe(0);
  }, 180_000);

  it('refuses to score on what was trained on, unless told to', async () => {
    const args = [
      'eval',
      'temporal-order',
      '--run',
      join(dir, 'run'),
      '--data',
      join(dir, 'mined'),
      '--seeds',
      '1',
      '--json',
      '--quiet',
    ];
    const refused = await runCli(args);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/--allow-leak/) as unknown]);
    const allowed = await runCli([...args, '--allow-leak', '--out', join(dir, 'leaked')]);
    expect(allowed.status, allowed.stderr).toBe(0);
    const result = JSON.parse(readFileSync(join(dir, 'leaked', 'result.json'), 'utf8')) as {
      leak: unknown;
      rivals: { name: string }[];
    };
    expect(result.leak).not.toBeNull();
    expect(result.rivals.map(({ name }) => name)).toEqual(expect.arrayContaining(['chance', 'untrained']));
  }, 180_000);

  it('reports the run in one page and inspects each folder', async () => {
    const page = join(dir, 'report.html');
    expect((await runCli(['report', join(dir, 'run'), join(dir, 'mined'), corpus, '--out', page])).status).toBe(0);
    expect(existsSync(page)).toBe(true);
    expect(readFileSync(page, 'utf8')).not.toMatch(/(src|href)="https?:/);
    for (const folder of [corpus, join(dir, 'mined'), join(dir, 'run')]) {
      const seen = await runCli(['inspect', folder]);
      expect(seen.status, seen.stderr).toBe(0);
      expect(seen.stdout.length).toBeGreaterThan(40);
    }
  }, 120_000);
});
