import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot, runProcess } from '../../src/core/index.js';
import { testData } from '../fixtures/test-data.js';

const script = join(packageRoot(), 'bench', 'mutate.mjs');
const data = testData();
const built = existsSync(join(packageRoot(), 'dist', 'ingest', 'probe-process.js'));

it.skipIf(data === null || !built)(
  'makes each of some damaged files usable or a line of the ledger (needs the shared test data and npm run build)',
  async () => {
    const args = [script, '--data', data!, '--files', '80', '--batch', '80', '--seed', '2', '--check-every', '20'];
    const { status, stdout, stderr } = await runProcess(process.execPath, args);
    const found = JSON.parse(stdout) as {
      files: number;
      usable: number;
      wrong: string[];
      codes: Record<string, number>;
    };
    expect(found.wrong, stderr).toEqual([]);
    expect(status).toBe(0);
    expect(found.files).toBe(80);
    const refused = Object.values(found.codes).reduce((sum, count) => sum + count, 0);
    expect(found.usable + refused).toBe(80);
    expect(found.usable).toBeGreaterThan(40);
    expect(refused).toBeGreaterThan(4);
  },
  180_000,
);
