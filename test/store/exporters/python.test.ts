import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot, runProcess } from '../../../src/core/index.js';
import { makeTemporaryFolder } from '../fixture.js';
import { preparePython } from '../python.js';
import { exportDataset, writeMixed } from './fixture.js';

describe('exports read by others', () => {
  it('hold what the dataset holds, for tarfile, NumPy, and pyarrow where it is installed', async (context) => {
    const python = await preparePython(context);
    const [dir, tars, arrays, tables] = Array.from({ length: 4 }, makeTemporaryFolder) as [
      string,
      string,
      string,
      string,
    ];
    await writeMixed(dir);
    await exportDataset('webdataset', dir, tars, { set: { shardBytes: 40_000 } });
    await exportDataset('npy', dir, arrays);
    await exportDataset('parquet', dir, tables, { set: { pictures: true, arrays: 'all', shardBytes: 2000 } });
    const script = join(packageRoot(), 'python', 'test_exports.py');
    const env = { PYTHONDONTWRITEBYTECODE: '1' };
    const { status, stdout, stderr } = await runProcess(python, [script, dir, tars, arrays, tables], { env });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { parquet, ...report } = JSON.parse(stdout) as { readonly parquet: number | null };
    expect(report).toEqual({ webdataset: 12, npy: 8 * 12 + 4 }); // 8 fields that all samples have, one that 4 have
    expect([12, null]).toContain(parquet);
  }, 60_000);
});
