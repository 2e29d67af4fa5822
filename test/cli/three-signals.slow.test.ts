import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkMarkup } from '../report/balanced.js';
import { runCli } from './run-cli.js';

// The whole way of masks, stereo pairs and sounds as a user goes it: every command, tiny networks.
const dir = mkdtempSync(join(tmpdir(), 'reelmine-three-'));
const at = (...parts: string[]) => join(dir, ...parts);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(...args: string[]) {
  const result = await runCli([...args, '--quiet']);
  expect(result.status, `${args.join(' ')}: ${result.stderr}`).toBe(0);
  return result;
}

const ways = [
  { signal: 'motion-masks', task: 'motion-segmentation', source: 'synthetic:movers@77', limit: 12, settings: [] },
  { signal: 'stereo-pairs', task: 'deep3d', source: 'synthetic:stereo@77', limit: 10, settings: [] },
  {
    signal: 'audio-clusters',
    task: 'ambient-sound',
    source: 'synthetic:sounds@77',
    limit: 12,
    settings: ['clusters=4'],
  },
] as const;

beforeAll(async () => {
  await run('ingest', 'synthetic:1', '--corpus', at('actions'), '--limit', '24');
}, 1_800_000);

describe.each(ways)('$signal, then $task', ({ signal, task, source, limit, settings }) => {
  const own = (name: string) => at(`${signal}-${name}`);

  it('is mined, shown, learned, asked and drawn', async () => {
    await run('ingest', source, '--corpus', own('corpus'), '--limit', String(limit));
    const set = settings.flatMap((value) => ['--set', value]);
    const mined = await run('mine', signal, '--corpus', own('corpus'), '--out', own('data'), '--json', ...set);
    const { counts } = mined.json<{ counts: Record<string, number> }>();
    expect(counts['samples']).toBeGreaterThanOrEqual(4);

    await run('inspect', own('data'), '--html', own('page.html'));
    const page = readFileSync(own('page.html'), 'utf8');
    expect(checkMarkup(page).faults).toEqual([]);
    expect(page.match(/data:image\//g)!.length).toBeGreaterThanOrEqual(2 * Math.min(8, counts['samples']!));
    if (signal === 'audio-clusters') {
      expect(page.match(/<audio/g)!.length).toBeGreaterThanOrEqual(4);
      expect(page).toMatch(/cluster 0/);
    }
    if (signal === 'motion-masks') expect(page).toMatch(/no-motion/); // films without a mover are refused

    await run('train', task, '--data', own('data'), '--out', own('run'), '--set', 'preset=tiny', '--set', 'steps=4');
    const probe = await run(
      ...[
        'eval',
        'action-recognition',
        '--run',
        own('run'),
        '--data',
        at('actions'),
        '--partial',
        '--allow-leak',
        '--json',
      ],
    );
    const { metrics, rivals } = probe.json<{ metrics: { name: string }[]; rivals: { name: string }[] }>();
    expect(metrics.map(({ name }) => name)).toContain('top1');
    expect(rivals.map(({ name }) => name)).toEqual(expect.arrayContaining(['chance', 'untrained']));

    if (task === 'ambient-sound') return; // it draws nothing
    const film = readFileSync(join(own('corpus'), 'manifest.jsonl'), 'utf8').split('\n')[0]!;
    const { paths } = JSON.parse(film) as { paths: string[] };
    const input = join(own('corpus'), paths[0]!);
    await run('predict', '--run', own('run'), '--input', input, '--out', own('drawn'), '--steps', '6');
    const stem = paths[0]!.replace(/^.*\//, '').replace(/\.\w+$/, '');
    expect(existsSync(own(`drawn/${stem}.mp4`))).toBe(true);
    if (task === 'deep3d') expect(existsSync(own(`drawn/${stem}-anaglyph.mp4`))).toBe(true);
  });
});
