import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { cacheFolder, runProcess } from '../../src/core/index.js';

const packages = ['lmdb', 'msgpack', 'numpy', 'msgpack-numpy', 'safetensors'];

/** A Python with what the reader needs, kept for the next run; skips the test where there is none. */
export async function preparePython(context: TestContext): Promise<string> {
  const folder = join(cacheFolder(), 'python-test');
  const python = join(folder, 'bin', 'python');
  const modules = packages.map((name) => name.replace('-', '_')).join(', ');
  const works = async () => existsSync(python) && (await runProcess(python, ['-c', `import ${modules}`])).status === 0;
  if (await works()) return python;
  try {
    const made = existsSync(python) ? null : await runProcess('python3', ['-m', 'venv', folder]);
    if (made && made.status !== 0)
      context.skip(`python3 cannot make a virtual environment: ${made.stderr.slice(-200)}`);
    const got = await runProcess(python, ['-m', 'pip', 'install', '--quiet', ...packages]);
    if (got.status !== 0) context.skip(`pip cannot install ${packages.join(', ')}: ${got.stderr.slice(-200)}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') context.skip('there is no python3');
    throw error;
  }
  return python;
}
