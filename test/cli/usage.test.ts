import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolVersion } from '../../src/core/index.js';
import { evaluators } from '../../src/eval/index.js';
import { miners } from '../../src/mining/index.js';
import { tasks } from '../../src/models/index.js';
import { runCli } from './run-cli.js';

const folder = () => mkdtempSync(join(tmpdir(), 'reelmine-cli-'));

interface Failure {
  readonly ok: boolean;
  readonly command: string;
  readonly version: string;
  readonly counts: { readonly done: number; readonly skipped: number; readonly failed: number };
  readonly error: { readonly code: string; readonly message: string; readonly context: unknown };
}

describe('reelmine', () => {
  it('names the nearest command for an unknown one and exits with 1', async () => {
    const { status, stderr, stdout } = await runCli(['ingets']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/unknown command "ingets"; did you mean "ingest"\?/);
    expect(stdout).toBe('');
  });

  it('names the nearest setting, as one JSON object too', async () => {
    const dir = folder();
    const result = await runCli(['ingest', dir, '--corpus', join(dir, 'c'), '--set', 'maxFailureShar=0.5', '--json']);
    const failure = result.json<Failure>();
    expect(result.status).toBe(1);
    expect(failure).toMatchObject({ ok: false, command: 'ingest', version: toolVersion(), counts: { done: 0 } });
    expect(failure.error.code).toBe('config');
    expect(failure.error.message).toMatch(/did you mean "maxFailureShare"\?/);
  });

  it.each([
    [['mine', 'temporal-ordr', '--corpus', 'x', '--out', 'y'], /x/],
    [['train', 'shuffle-and-lern', '--data', 'x', '--out', 'y'], /did you mean "shuffle-and-learn"\?/],
    [['mine', 'temporal-order', '--corpus', '/nowhere', '--out', 'y'], /nowhere/],
    [['mine', 'temporal-order', '--out', 'y'], /--corpus/],
    [['ingest', 'a', '--corpus', 'c', '--part', '3/2'], /--part takes I\/N/],
    [['eval', 'retrieval', '--run', 'r', '--data', 'd', '--limit', '3'], /eval has no --limit: figures on a part/],
    [['eval', 'mining', '--signal', 's', '--truth', 't', '--part', '1/2'], /eval has no --part/],
    [
      ['eval', 'retrieval', '--run', 'random:wang-gupta', '--data', 'ucf101:d', '--plan'],
      /comes first, and has a --plan/,
    ],
    [['verify', '/nowhere'], /neither a corpus nor a dataset/],
  ])('exits with 1 and says what is wrong: %j', async (args, message) => {
    const { status, stderr } = await runCli(args);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });

  it.each([
    ['mine', miners.names],
    ['train', tasks.names],
    ['eval', [...evaluators.names, 'mining']],
  ] as const)('lists in the help of %s what there is', async (command, names) => {
    const { status, stdout } = await runCli(command === 'mine' ? ['help', command] : [command, '--help']);
    expect(status).toBe(0);
    for (const name of names) expect(stdout.replace(/\s+/g, ' ')).toContain(name);
  });

  it('prints the schema of every setting with default and description', async () => {
    for (const args of [
      ['ingest'],
      ['mine', 'temporal-order'],
      ['train', 'shuffle-and-learn'],
      ['eval', 'action-recognition'],
    ]) {
      const { status, stdout } = await runCli(['schema', ...args]);
      expect(status).toBe(0);
      const schema = JSON.parse(stdout) as { properties: Record<string, { default?: unknown; description?: string }> };
      for (const [key, property] of Object.entries(schema.properties)) {
        expect(property.description, `${args.join(' ')}: ${key}`).toBeTruthy();
        expect(property, `${args.join(' ')}: ${key}`).toHaveProperty('default');
      }
    }
  });
});
