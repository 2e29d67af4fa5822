import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot, runProcess } from '../../src/core/index.js';

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const result = await runProcess(command, args, { cwd, timeoutMs: 600_000 });
  expect(result.status, `${command} ${args.join(' ')}\n${result.stdout}\n${result.stderr}`).toBe(0);
  return result.stdout;
}

describe('the packed package', () => {
  it.each([
    ['off', '--ignore-scripts'],
    ['on', '--no-ignore-scripts'],
  ])('works in an empty project with install scripts %s', async (_name, flag) => {
    const dir = mkdtempSync(join(tmpdir(), 'reelmine-pack-'));
    const tarball = (await run('npm', ['pack', '--silent', '--pack-destination', dir], packageRoot())).trim();
    const project = join(dir, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{"name":"empty","version":"1.0.0","private":true}');
    await run('npm', ['install', flag, '--no-audit', '--no-fund', join(dir, tarball)], project);
    const reelmine = join(project, 'node_modules', '.bin', 'reelmine');
    const doctor = JSON.parse(await run(reelmine, ['doctor', '--json'], project)) as {
      ok: boolean;
      parts: { name: string; ok: boolean }[];
    };
    expect(doctor.parts.filter(({ ok }) => ok).map(({ name }) => name)).toContain('decoder libav');
    await run(reelmine, ['ingest', 'synthetic:1', '--limit', '4', '--corpus', 'corpus', '--quiet'], project);
    await run(reelmine, ['mine', 'temporal-order', '--corpus', 'corpus', '--out', 'mined', '--quiet'], project);
    await run(
      reelmine,
      ['train', 'shuffle-and-learn', '--data', 'mined', '--out', 'run', '--set', 'preset=tiny', '--quiet'],
      project,
    );
    await run(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        "import { openDataset } from 'reelmine'; const d = await openDataset('mined'); if (d.keys.length === 0) process.exit(9); await d.close();",
      ],
      project,
    );
  });
});
