import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot, runProcess } from '../../src/core/index.js';

it('damages records and shards for some seconds: no crash, and no wrong sample in place of a right one', async () => {
  const script = join(packageRoot(), 'bench', 'fuzz-store.mjs');
  const { status, signal, stdout, stderr } = await runProcess(process.execPath, [
    script,
    '--seed',
    '5',
    '--seconds',
    '3',
  ]);
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  const counts = JSON.parse(stdout) as Readonly<Record<string, number>>;
  for (const name of ['records', 'refused', 'shards', 'refusedReads', 'soundReads', 'soundLabels', 'repairs'])
    expect(counts[name]).toBeGreaterThan(0);
});
